"""Support events: what Twilio's Event Streams tell becomes contacts, events and figures."""
