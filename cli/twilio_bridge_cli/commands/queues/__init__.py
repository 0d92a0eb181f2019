"""`twilio-bridge queues`: what was given up comes back."""
