"""`twilio-bridge setup`: connects a deployment, once, and again without harm."""
