"""A stand-in for the whole of Twilio's REST API, made from its OpenAPI description and from nothing else."""
