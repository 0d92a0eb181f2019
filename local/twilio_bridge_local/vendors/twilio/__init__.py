"""A stand-in for Twilio: its REST protocol over real HTTP, and its side of the callbacks to our gateway."""
