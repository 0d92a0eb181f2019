"""What Flex Insights reads of tasks and workers, as Twilio documents it: attributes, rules, and what breaks them."""
