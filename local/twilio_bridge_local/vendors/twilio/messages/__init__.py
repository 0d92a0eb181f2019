"""Twilio's Message resource: made, queued by sender, handed to carriers, and called back about."""
