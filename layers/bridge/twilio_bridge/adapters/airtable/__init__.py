"""Airtable's Web API: one client, and a module a port."""
