"""What a message holds: its text with placeholders filled in, and how many segments that is."""
