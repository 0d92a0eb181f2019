"""What Twilio's events mean: facts, a task's history and its outcome."""
