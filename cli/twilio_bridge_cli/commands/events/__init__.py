"""Twilio's events out of files or the quarantine, onto the stream."""
