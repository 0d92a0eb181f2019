"""A typical value for each attribute that is mapped to, for whoever looks whether Brevo can keep it."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from twilio_bridge.config import schema

# Of each number of ours, and of each type that a mapped task attribute may have.
METRICS: Final[Mapping[str, object]] = {
    "total_conversations": 3,
    "avg_wait_time": 12.5,
    "last_conversation_date": date(2026, 1, 31),
    "preferred_channel": "voice",
    "last_csat_score": 4.5,
}
TYPES: Final[Mapping[str, object]] = {
    "text": "A-17",
    "number": 12.5,
    "boolean": True,
    "date": date(2026, 1, 31),
    "list": ["A-17"],
}


def list_samples(settled: schema.Config) -> dict[str, object]:
    """Return a typical value for each mapped attribute, by Brevo's name."""
    types = settled.brevo.attribute_types
    return {
        target.upper(): METRICS.get(path, TYPES[types.get(target.upper(), "text")])
        for path, target in settled.field_mapping.items()
    }
