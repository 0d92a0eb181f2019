"""A stand-in for Airtable's Web API over real HTTP: for the local stack, tests and benchmarks."""
