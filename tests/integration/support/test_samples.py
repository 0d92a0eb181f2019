"""The sample events under events/ do what their names say: the very files that `sam local invoke -e` takes."""

import json
from collections import Counter
from datetime import datetime
from typing import Any
from unittest.mock import ANY

import pytest

from tests.integration.callbacks.conftest import ROOT
from tests.integration.support.conftest import Deploy, Deployment
from tests.integration.waiting import patiently, retry_messages
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.support import daily_figures
from twilio_bridge_local.samples.sample_day import make_day

DONE: dict[str, Any] = {"batchItemFailures": []}
FUNCTIONS = {
    "event_streams": "EventStreamsFunction",
    "event_streams_webhook": "EventStreamsWebhookFunction",
    "task_complete": "TaskCompleteFunction",
    "deliver_to_brevo": "DeliverToBrevoFunction",
    "sync": "SyncFunction",
}
ANSWERS: dict[str, Any] = {
    "event_streams/answered_task": DONE,
    "event_streams/one_poison_record": DONE,
    "event_streams/test_event": DONE,
    "event_streams_webhook/batch_of_three": 200,
    "task_complete/from_a_plugin": 200,
    "deliver_to_brevo/person": DONE,
    "deliver_to_brevo/word": DONE,
    "sync/test_event": DONE,
    "sync/regular": ANY,  # counts of who is overdue by then
    "sync/slice": DONE,  # of a run that this deployment does not know
    "sync/incremental": {"run": ANY, "phase": "open", "request": ANY, "notes": [], "ended_at": None, "streams": [ANY]},
}


@pytest.fixture(scope="module")
def fresh(deploy: Deploy) -> object:
    with deploy() as running:
        yield running


def test_every_sample_has_its_answer() -> None:
    """No file is forgotten here."""
    files = {f"{folder}/{file.stem}" for folder in FUNCTIONS for file in (ROOT / "events" / folder).glob("*.json")}
    assert ANSWERS.keys() == files


@pytest.mark.parametrize("name", ANSWERS)
def test_a_sample_is_answered(fresh: Deployment, name: str) -> None:
    """Invoked as it stands, the function gets it done."""
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    outcome = fresh.stack.invoke(FUNCTIONS[name.partition("/")[0]], event)
    assert outcome.ok, outcome.payload
    assert ANSWERS[name] == outcome.payload.get("statusCode", outcome.payload)


def test_the_sample_of_a_sync_begins_what_it_names(fresh: Deployment) -> None:
    """Its resource, channels and day; where a sync is open already, that one goes on. Then it is cancelled."""
    event = json.loads((ROOT / "events/sync/incremental.json").read_text())
    begun = fresh.stack.invoke("SyncFunction", event).payload
    assert event["resources"] == [each["stream"] for each in begun["streams"]]
    asked = {name: begun["request"][name] for name in ("type", "resources", "channels")}
    assert asked == {name: event[name] for name in asked}
    assert begun["request"]["since"] == datetime.fromisoformat(f"{event['since']}T00:00Z").timestamp() * 1000

    ended = fresh.stack.invoke("SyncFunction", {"action": "cancel"}).payload
    assert "open" != ended["phase"], ended


def test_the_poison_of_the_samples_is_kept(fresh: Deployment) -> None:
    """What follows from it: one record in the quarantine, with its reason."""
    event = json.loads((ROOT / "events/event_streams/one_poison_record.json").read_text())
    assert fresh.stack.invoke("EventStreamsFunction", event).ok
    s3 = fresh.stack.client("s3")
    (kept,) = s3.list_objects_v2(Bucket="local-quarantine")["Contents"]
    assert (
        "taskrouter.task.created: it has no task_sid"
        == json.load(s3.get_object(Bucket="local-quarantine", Key=kept["Key"])["Body"])["reason"]
    )


def test_the_sample_day_adds_up(fresh: Deployment) -> None:
    """What `events put` of it leads to can be counted by hand: tickets, ends, figures, customers and the score."""
    day = (ROOT / "events/event_streams/day.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in day] == make_day()

    fresh.put([line.encode() for line in day], key="one lane")
    numbers = ["447900000012", "447700900026", "447700900123"]
    patiently(lambda: [len(timeline(fresh, number)) for number in numbers], [5, 2, 4].__eq__, 30, retry_messages)
    timelines = [timeline(fresh, number) for number in numbers]
    count = Counter(name for names in timelines for name in names)
    assert {"SUPPORT_REQUESTED": 5, "SUPPORT_RESOLVED": 4, "SUPPORT_ABANDONED": 1, "CSAT_SUBMITTED": 1} == count

    fresh.settle()
    contacts = [fresh.account.contact("SMS", number) for number in numbers]
    tickets = [contact.attributes["SUPPORT_TICKET_COUNT"] for contact in contacts if contact]
    assert ([2, 1, 2], 5) == (tickets, contacts[0] and contacts[0].attributes["CSAT_SCORE"])

    rows = DynamoFigures(Table(fresh.stack.client("dynamodb"), "SyncState")).read_day("2026-03-02")
    support = daily_figures.sum_queues(rows)["2026-03-02", "Support"]
    assert (5, 4, 1, 5) == tuple(support[name] for name in ("entered", "accepted", "abandoned", "csat"))


def timeline(deployed: Deployment, number: str) -> list[str]:
    contact = deployed.account.contact("SMS", number)
    return [entry.event_name for entry in deployed.account.timeline(contact.id)] if contact else []
