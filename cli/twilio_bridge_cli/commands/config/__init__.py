"""The configuration: check, put, show, remove."""
