"""A made-up day of a contact centre in batches, as Lambda hands them on, and the same day with other tasks."""

import json
import re
from collections.abc import Iterator, Sequence

from twilio_bridge.support.reducer import Record
from twilio_bridge_local.samples import support_day
from twilio_bridge_local.samples.envelopes import CloudEvent

SEED, TASKS = 1, 500
# What is one task's, conversation's, message's or event's alone; queues and workers are others' as well.
OWN = re.compile(r"\b(WT|WR|TT|CH|MB|SM|EV|EZ)([0-9a-f])(?=[0-9a-f]{31}\b)")


def day() -> list[CloudEvent]:
    """Return the day's events in order of time."""
    return support_day.generate(SEED, TASKS)


def again(events: Sequence[CloudEvent]) -> list[CloudEvent]:
    """Return the same events of the same customers, about other tasks."""
    text = OWN.sub(lambda found: f"{found[1]}{int(found[2], 16) ^ 8:x}", json.dumps(events))
    other: list[CloudEvent] = json.loads(text)
    return other


def batches(events: Sequence[CloudEvent], size: int) -> Iterator[list[Record]]:
    """Return the events as records, so many at a time."""
    for start in range(0, len(events), size):
        yield [_record(number, event) for number, event in enumerate(events[start : start + size], start)]


def _record(number: int, event: CloudEvent) -> Record:
    return Record(str(number), json.dumps(event).encode(), support_day.DAY)
