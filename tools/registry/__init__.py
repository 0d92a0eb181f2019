"""Makes the registry of entities from Twilio's OpenAPI description."""
