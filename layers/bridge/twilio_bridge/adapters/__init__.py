"""The only modules that speak with AWS and the vendors."""
