"""The whole bundle on one machine: gateway, pollers, vendor stand-ins, sample data."""
