"""`twilio-bridge status`: how a deployment is."""
