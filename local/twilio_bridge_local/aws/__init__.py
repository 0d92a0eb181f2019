"""AWS on this machine: moto's server, its patches, the log of calls."""
