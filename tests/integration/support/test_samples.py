"""The sample events under events/ do what their names say: the very files that `sam local invoke -e` takes."""

import json
from typing import Any
from unittest.mock import ANY

import pytest

from tests.integration.callbacks.conftest import ROOT
from tests.integration.support.conftest import Deploy, Deployment

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
    "sync/regular": {"persons": ANY},  # who is overdue by then
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
