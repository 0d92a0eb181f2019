"""Twilio's resources: the engine in SQLite, and the one funnel of requests."""
