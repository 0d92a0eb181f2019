"""Brevo's API v3: one client, and a module a port."""
