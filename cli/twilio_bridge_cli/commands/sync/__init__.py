"""`twilio-bridge sync`."""
