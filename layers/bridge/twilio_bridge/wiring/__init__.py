"""The only place where adapters are built: a module a job."""
