"""Twilio's REST API: one client, and a module a port."""
