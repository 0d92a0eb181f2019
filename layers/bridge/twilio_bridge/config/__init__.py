"""The configuration, bridge.yaml: its sections and what they may hold."""
