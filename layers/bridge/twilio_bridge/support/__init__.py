"""Support events: what Twilio's Event Streams bring becomes contacts, events and figures."""
