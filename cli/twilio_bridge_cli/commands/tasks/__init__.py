"""Commands that complete and cancel tasks."""
