"""`twilio-bridge select`."""
