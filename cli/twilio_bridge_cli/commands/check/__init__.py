"""`twilio-bridge check`: what is wrong, and what mends it."""
