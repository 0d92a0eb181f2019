"""Twilio as a database: registry, filters, operations; no vendor and no AWS in here."""
