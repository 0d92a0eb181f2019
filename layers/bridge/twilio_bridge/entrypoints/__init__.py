"""What Lambda hands in: HTTP, SQS, and who signed it."""
