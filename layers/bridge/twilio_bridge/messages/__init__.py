"""Personalised messages: campaigns, their rows, each followed to its final status."""
