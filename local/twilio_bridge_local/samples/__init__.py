"""Made-up contacts and contact-centre days."""
