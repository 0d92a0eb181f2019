"""A stand-in for Brevo's API v3 over real HTTP: for the local stack, tests and benchmarks."""
