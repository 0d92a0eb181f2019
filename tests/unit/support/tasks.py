"""Tasks for the tests of support events: TaskRouter's events, facts and whole lives, a second a step."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from twilio_bridge.config import schema
from twilio_bridge.support.cloud_events import decode_record
from twilio_bridge.support.tasks import task_attributes
from twilio_bridge.support.tasks.event_facts import ExtractedFacts, extract_facts
from twilio_bridge.support.tasks.facts import KnownFacts, sort_facts

TASK, QUEUE, WORKER, RESERVATION = (f"{prefix}{'0' * 31}1" for prefix in ("WT", "WQ", "WK", "WR"))
CONVERSATION = f"CH{'0' * 31}1"
# 2 March 2026, 09:00 UTC.
NINE = 1_772_442_000_000
NOBODY: Mapping[str, Any] = {}
AMARA = {"from": "+447900000012", "direction": "inbound", "customers": {"email": "Amara@example.com"}}

SETTINGS = schema.Config()


def settings(**flex: Any) -> schema.Config:
    """Return a configuration with something else about Flex."""
    return schema.Config.model_validate({"connectors": {"twilio_flex": flex}})


def event(
    kind: str,
    at_s: float = 0,
    told: Mapping[str, Any] = AMARA,
    *,
    sid: str = TASK,
    number: int = 0,
    queue: str = "Support",
    **payload: Any,
) -> dict[str, Any]:
    """Return one of TaskRouter's events, so many seconds after nine."""
    own = "EV" + hashlib.md5(repr((kind, sid, number, payload, at_s)).encode(), usedforsecurity=False).hexdigest()
    data = {"sid": own, "task_sid": sid, "timestamp": stamp(at_s), "task_attributes": json.dumps(told)}
    data |= {"task_channel_unique_name": "voice"}
    if not kind.startswith("task.created"):
        data |= {"task_queue_sid": QUEUE, "task_queue_name": queue}
    if kind.startswith("reservation."):
        data |= {"reservation_sid": RESERVATION, "worker_sid": WORKER, "worker_name": "jo"}
    return {
        "specversion": "1.0",
        "type": f"com.twilio.taskrouter.{kind}",
        "id": own,
        "time": stamp(at_s),
        "data": {"payload": data | payload},
    }


def stamp(at_s: float) -> str:
    """Return the moment so many seconds after nine, as Twilio writes it."""
    return datetime.fromtimestamp(NINE / 1000 + at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answered(told: Mapping[str, Any] = AMARA, *, sid: str = TASK) -> list[dict[str, Any]]:
    """Return a task that waits 40 s, rings for 5, takes 120 s, and 20 s to wrap up."""
    steps = (
        ("task.created", 0),
        ("task-queue.entered", 1),
        ("reservation.created", 36),
        ("reservation.accepted", 41),
        ("reservation.wrapup", 161),
        ("task.wrapup", 161),
        ("reservation.completed", 181),
        ("task.completed", 181),
    )
    return [event(kind, at_s, told, sid=sid) for kind, at_s in steps]


def abandoned(after_s: float = 30, reason: str = "hangup", told: Mapping[str, Any] = AMARA) -> list[dict[str, Any]]:
    """Return a task whose customer leaves the queue."""
    return [
        event("task.created", 0, told),
        event("task-queue.entered", 1, told),
        event("task.canceled", 1 + after_s, told, task_canceled_reason=reason),
    ]


def tell(events: Iterable[object], settled: schema.Config = SETTINGS) -> ExtractedFacts:
    """Hear events."""
    told = ExtractedFacts()
    wanted = task_attributes.list_wanted_paths(settled.field_mapping, settled.surveys.score)
    for each in events:
        for decoded in decode_record(json.dumps(each).encode(), NINE).events:
            extract_facts(decoded, told, settled, wanted)
    return told


def learn(events: Sequence[object], settled: schema.Config = SETTINGS, sid: str = TASK) -> KnownFacts:
    """Return what is known of a task after these events."""
    heard = tell(events, settled).subjects[f"task#{sid}" if sid.startswith("WT") else f"conversation#{sid}"]
    subject = f"task#{sid}" if sid.startswith("WT") else f"conversation#{sid}"
    return sort_facts(subject, heard.facts.values(), heard.attributes)
