"""The vendors' stand-ins over real HTTP: one server and one fault model for all."""
