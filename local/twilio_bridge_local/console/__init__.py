"""What the terminal shows of the local stack."""
