"""What Brevo gets of a person: contact, events, opt-outs, and their delivery."""
