"""`twilio-bridge export`."""
