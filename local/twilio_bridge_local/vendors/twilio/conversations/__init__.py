"""Conversations and Frontline's users: records, rules, webhooks and REST routes."""
