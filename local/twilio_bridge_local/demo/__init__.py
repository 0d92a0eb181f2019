"""The demonstration, played against the running stack."""
