"""Rows sent once, looked up where an answer was lost, and followed to their end."""
