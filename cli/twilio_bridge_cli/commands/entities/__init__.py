"""`twilio-bridge entities`."""
