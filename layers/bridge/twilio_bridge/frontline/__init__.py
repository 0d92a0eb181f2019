"""The answers to Twilio Frontline's callbacks and to the Conversations webhooks."""
