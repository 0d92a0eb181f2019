"""`twilio-bridge campaign` and `twilio-bridge send`: messages to many people, each followed to its end."""
