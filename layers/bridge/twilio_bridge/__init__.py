"""Twilio Bridge: what the Lambda functions share."""
