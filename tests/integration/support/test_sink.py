"""A sink at Twilio becomes active by itself: its test event comes over the stream, and is answered."""

import json
import time

import pytest
import requests

from tests.integration.support.conftest import Deploy, Deployment, record, sample
from tests.integration.waiting import patiently
from tests.sizes import IS_PROVING
from twilio_bridge_local.credentials import TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/EventStream"
ROLE = {"role_arn": "arn:aws:iam::123456789012:role/TwilioSinkRole", "external_id": "local"}


def ask(deployed: Deployment, method: str, path: str, **form: str) -> dict[str, str]:
    """Ask Twilio's Event Streams API."""
    url, login = f"{deployed.twilio.url}/events/v1/{path}", (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)
    answer = requests.request(method, url, data=form, auth=login, timeout=10)
    assert answer.ok, answer.text

    found: dict[str, str] = answer.json()
    return found


def sink(deployed: Deployment) -> str:
    """Make a Kinesis sink that leads to the stream."""
    configuration = json.dumps({"arn": STREAM, **ROLE})
    made = ask(deployed, "POST", "Sinks", Description="Ours", SinkType="kinesis", SinkConfiguration=configuration)
    return made["sid"]


def status(deployed: Deployment, sid: str) -> str:
    return ask(deployed, "GET", f"Sinks/{sid}")["status"]


def answered(deployed: Deployment) -> int:
    """Count the test events that SyncFunction looked at."""
    messages = ("sink validated", "no sink waits for this test event")
    return sum(len(deployed.logged("SyncFunction", message)) for message in messages)


# A setting needs a stack of its own: that is for `make prove`. tests/contract/twilio/test_sinks.py holds what it does.
@pytest.fixture(params=["", "TWILIO_SINK_SID"] if IS_PROVING else [""], scope="module")
def another_is_ours(request: pytest.FixtureRequest, deploy: Deploy) -> object:
    """Return a stack; with the setting, a sink that was never made is the one whose tests are answered."""
    more = {request.param: "DG" + "0" * 32} if request.param else {}
    with deploy(**more) as deployed:
        yield bool(request.param), deployed


@pytest.mark.prove
def test_a_tested_sink_becomes_active(another_is_ours: tuple[bool, Deployment]) -> None:
    """Within ten seconds; but not where the setting names another sink, and nothing comes again for it."""
    is_other, deployed = another_is_ours
    tested = sink(deployed)
    assert "initialized" == status(deployed, tested)
    ask(deployed, "POST", f"Sinks/{tested}/Test")
    assert 1 == patiently(lambda: answered(deployed), bool, 10)
    assert ("validating" if is_other else "active") == status(deployed, tested)


@pytest.mark.prove
def test_a_foreign_test_event_activates_nothing(another_is_ours: tuple[bool, Deployment]) -> None:
    """A test id that no sink of ours waits for is looked at once and left."""
    _, deployed = another_is_ours
    waiting, before = sink(deployed), answered(deployed)
    deployed.put([record(sample("test-event-kinesis", 1))])
    assert before + 1 == patiently(lambda: answered(deployed), lambda count: count > before, 10)
    time.sleep(0.5)
    assert ("initialized", before + 1) == (status(deployed, waiting), answered(deployed))
