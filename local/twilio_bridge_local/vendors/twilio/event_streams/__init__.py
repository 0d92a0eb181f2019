"""Event Streams: sinks, subscriptions and event types with their REST routes."""
