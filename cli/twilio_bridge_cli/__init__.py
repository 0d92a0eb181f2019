"""The command `twilio-bridge` for operators."""
