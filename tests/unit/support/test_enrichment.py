"""Which events ask for a task to be enriched, what is handed on, and in which queue."""

import json
from typing import Any

import pytest

from tests.fakes.base import FakeOutbox
from tests.unit.support.job import World, records
from tests.unit.support.tasks import NINE, TASK, event
from twilio_bridge.config import schema
from twilio_bridge.support.cloud_events import CloudEvent
from twilio_bridge.support.tasks.enrichment import (
    MEDIA_MS,
    EnrichRequest,
    join_requests,
    read_message,
    read_request,
)

ENABLED = schema.parse("insights: {enabled: true}")
CALL, URL = "CA" + "0" * 32, "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"


def ask(kind: str, **data: Any) -> EnrichRequest | None:
    return read_request(CloudEvent("EV1", kind, NINE, {"task_sid": TASK, "workspace_sid": "WS1", **data}))


@pytest.mark.parametrize(
    ("kind", "urgent"),
    [
        ("task.created", False),
        ("task.updated", False),
        ("reservation.created", False),
        ("reservation.accepted", False),
        ("task.wrapup", True),
        ("reservation.wrapup", True),
        ("task.completed", True),
        ("task.canceled", True),
    ],
)
def test_who_ends_goes_first(kind: str, urgent: bool) -> None:
    found = ask(f"taskrouter.{kind}", task_attributes="{}", reason="sold", worker_name="jo")
    assert found
    assert (found.is_urgent, found.attributes, found.facts) == (urgent, "{}", {"worker": "jo", "reason": "sold"})
    assert read_message(json.loads(json.dumps(found.to_message()))) == found


@pytest.mark.parametrize(
    "kind", ["task-queue.entered", "worker.activity.update", "task.deleted", "task.system-deleted"]
)
def test_what_changes_nothing_asks_for_nothing(kind: str) -> None:
    assert ask(f"taskrouter.{kind}") is None
    assert ask("taskrouter.task.created", task_sid="WK1") is None
    assert ask("taskrouter.task.created", task_sid=7) is None


def test_requests_for_one_task_become_one_in_any_order() -> None:
    """Of each fact the later one counts; an end stays an end."""
    first = EnrichRequest(
        task_sid=TASK, kind="task.created", at=1, attributes="{}", facts={"queue": "a", "channel": "voice"}
    )
    ended = EnrichRequest(task_sid=TASK, kind="task.completed", at=3, ended_at=3, facts={"queue": "b"})
    joined = join_requests(first, ended)
    assert joined == join_requests(ended, first)
    assert (joined.kind, joined.ended_at, joined.attributes) == ("task.completed", 3, "{}")
    assert joined.facts == {"queue": "b", "channel": "voice"}
    assert joined.due_at == 3 + MEDIA_MS < first.due_at


@pytest.mark.parametrize(
    "data",
    [
        {"parameters": {"CallSid": CALL, "RecordingUrl": URL, "RecordingStartTime": "2026-03-02T09:00:00Z"}},
        {"callSid": CALL, "recordingUrl": URL, "recording_start_time": "2026-03-02T09:00:00Z"},
    ],
)
def test_a_recording_names_its_call(data: dict[str, Any]) -> None:
    found = read_request(CloudEvent("EZ1", "voice.status-callback.recording.processed", NINE, data))
    assert found
    assert (found.call_sid, found.is_urgent) == (CALL, True)
    assert found.media[0]["url"] == URL
    assert found.media[0]["start_time"] == 1_772_442_000_000


@pytest.mark.parametrize(
    "data", [{}, {"CallSid": CALL}, {"CallSid": CALL, "RecordingUrl": "javascript:1"}, {"parameters": 7}]
)
def test_a_recording_without_call_or_address_is_none(data: dict[str, Any]) -> None:
    assert read_request(CloudEvent("EZ1", "voice.status-callback.recording.processed", NINE, data)) is None


def test_a_batch_queues_each_task_once() -> None:
    """Where Insights is switched on; twice taken in it is queued twice, which costs no request."""
    batch = records([json.dumps(event(kind)).encode() for kind in ("task.created", "reservation.created")])
    off, on = World(), World(settings=ENABLED)
    off.take_in(batch)
    assert queued(off) == []
    on.take_in(batch)
    assert [(is_urgent, message["task_sid"], message["kind"]) for is_urgent, message in queued(on)] == [
        (False, TASK, "reservation.created")
    ]


def queued(world: World) -> list[tuple[bool, Any]]:
    found: FakeOutbox = world.outbox
    return list(found.enrichments)
