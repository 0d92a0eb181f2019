"""Commands for the attributes of workers."""
