"""Event Streams of the stand-in through the real Twilio SDK, and against Twilio's published description."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.contract.local.twilio.test_openapi import described
from tests.contract.local.twilio.test_support import ACCOUNT_SID, AUTH_TOKEN, refused, sdk, stand_in
from twilio_bridge_local.vendors.twilio.event_streams.event_types import TYPES
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/EventStream"
CONFIGURATION = {"arn": STREAM, "role_arn": "arn:aws:iam::123456789012:role/sink", "external_id": "a secret"}
CREATED = {"type": "com.twilio.taskrouter.task.created", "schema_version": 4}
SENT = {"type": "com.twilio.messaging.message.sent", "schema_version": 7}
NAMES = {
    "Sinks": "events.v1.sink",
    "Subscriptions": "events.v1.subscription",
    "Types": "events.v1.event_type",
    "SubscribedEvents": "events.v1.subscription.subscribed_event",
    "Test": "events.v1.sink.sink_test",
    "Validate": "events.v1.sink.sink_validate",
}


class Kinesis:
    """Streams that an account's events are put on."""

    def __init__(self) -> None:
        self.put: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, arn: str, event: Mapping[str, Any]) -> None:
        if arn != STREAM:
            raise LookupError(arn)
        self.put.append((arn, event))

    @property
    def test_id(self) -> str:
        return str(json.loads(self.put[-1][1]["data"])["test_id"])


@pytest.fixture
def kinesis() -> Kinesis:
    return Kinesis()


@pytest.fixture
def twilio(kinesis: Kinesis) -> Iterator[TwilioStandIn]:
    with stand_in() as running:
        running.put_event = kinesis
        yield running


@pytest.fixture
def client(twilio: TwilioStandIn) -> Iterator[Client]:
    with sdk(twilio) as running:
        yield running


def made(client: Client, **changes: str) -> Any:
    configuration = {**CONFIGURATION, **changes}
    return client.events.v1.sinks.create(description="bridge", sink_configuration=configuration, sink_type="kinesis")


def active(client: Client, kinesis: Kinesis) -> Any:
    sink = made(client)
    sink_context = client.events.v1.sinks(sink.sid)
    sink_context.sink_test.create()
    sink_context.sink_validate.create(test_id=kinesis.test_id)
    return sink_context.fetch()


def test_a_sink_is_made_tested_and_validated(client: Client, kinesis: Kinesis) -> None:
    """Initialized, validating once its test event is on the stream, active with what that event says."""
    sink = made(client)
    assert (sink.status, sink.sink_configuration, sink.sink_type) == ("initialized", CONFIGURATION, "kinesis")
    sink_context = client.events.v1.sinks(sink.sid)
    assert sink_context.sink_test.create().result == "submitted"
    assert sink_context.fetch().status == "validating"
    assert sink_context.sink_validate.create(test_id=kinesis.test_id).result == "valid"
    assert sink_context.fetch().status == "active"


def test_the_test_event_is_shaped_as_twilios(client: Client, kinesis: Kinesis) -> None:
    """The account's SID as id, text for data, a new test id each time, on the stream that the sink names."""
    sink_test = client.events.v1.sinks(made(client).sid).sink_test
    sink_test.create()
    first = kinesis.test_id
    sink_test.create()
    arn, event = kinesis.put[-1]
    assert arn == STREAM
    assert kinesis.test_id != first
    assert {name: value for name, value in event.items() if name not in {"time", "data"}} == {
        "specversion": "1.0",
        "type": "com.twilio.eventstreams.test-event",
        "source": "Sink",
        "id": ACCOUNT_SID,
        "dataschema": "https://events-schemas.twilio.com/EventStreams.TestSink/1.json",
        "datacontenttype": "application/json",
    }
    assert isinstance(event["data"], str)


def test_only_the_last_test_id_validates(client: Client, kinesis: Kinesis) -> None:
    """None, a wrong one, and the one before are refused; so is a sink that was never tested."""
    untested = client.events.v1.sinks(made(client).sid)
    assert refused(lambda: untested.sink_validate.create(test_id="")) == (400, 20001)
    sink_context = client.events.v1.sinks(made(client).sid)
    sink_context.sink_test.create()
    before = kinesis.test_id
    sink_context.sink_test.create()
    for wrong in ("", "00000000-1111-4222-8333-444444444444", before):
        assert refused(partial(sink_context.sink_validate.create, test_id=wrong)) == (400, 20001)
    assert sink_context.fetch().status == "validating"


def test_a_stream_out_of_reach_fails_the_sink(client: Client, twilio: TwilioStandIn) -> None:
    """A stream that is not there is seen in the status; without any way to streams nothing is sent."""
    elsewhere = made(client, arn=f"{STREAM}Elsewhere")
    client.events.v1.sinks(elsewhere.sid).sink_test.create()
    assert client.events.v1.sinks(elsewhere.sid).fetch().status == "failed"
    twilio.put_event = None
    here = made(client)
    client.events.v1.sinks(here.sid).sink_test.create()
    assert client.events.v1.sinks(here.sid).fetch().status == "validating"


@pytest.mark.parametrize(
    ("sink_type", "configuration", "refusal"),
    [
        ("kinesis", {**CONFIGURATION, "arn": "arn:aws:sqs:us-east-1:123456789012:x"}, (400, 93104)),
        ("kinesis", {**CONFIGURATION, "role_arn": "role"}, (400, 91000)),
        ("kinesis", {**CONFIGURATION, "external_id": ""}, (400, 91000)),
        ("kinesis", ["arn"], (400, 91000)),
        ("webhook", {"destination": "nowhere"}, (400, 91000)),
        ("segment", CONFIGURATION, (400, 20001)),
    ],
)
def test_a_sink_that_leads_nowhere_is_refused(
    client: Client, sink_type: str, configuration: object, refusal: tuple[int, int]
) -> None:
    """Role, external id, a stream's ARN or a URL: what is missing is refused at once."""
    create = client.events.v1.sinks.create
    assert refusal == refused(lambda: create(description="x", sink_configuration=configuration, sink_type=sink_type))


def test_a_webhook_sink_is_active_at_once(client: Client) -> None:
    """It needs no validation."""
    configuration = {"destination": "https://example.com/events", "method": "POST"}
    sink = client.events.v1.sinks.create(description="x", sink_configuration=configuration, sink_type="webhook")
    assert sink.status == "active"


def test_sinks_are_listed_changed_and_removed(client: Client, kinesis: Kinesis) -> None:
    """By status and by use; only the description changes; one that is used stays."""
    idle, used = made(client), active(client, kinesis)
    client.events.v1.subscriptions.create(description="x", sink_sid=used.sid, types=[CREATED])
    sinks = client.events.v1.sinks
    assert [sink.sid for sink in sinks.list()] == [idle.sid, used.sid]
    assert [sink.sid for sink in sinks.list(status="active")] == [used.sid]
    assert [sink.sid for sink in sinks.list(in_use=False)] == [idle.sid]
    assert sinks(idle.sid).update(description="other").description == "other"
    assert refused(sinks(used.sid).delete) == (400, 20001)
    assert sinks(idle.sid).delete()
    assert refused(sinks(idle.sid).fetch) == (404, 20404)


def test_a_subscription_needs_an_active_sink_of_its_own(client: Client, kinesis: Kinesis) -> None:
    """Neither one that was not validated nor one that another subscription uses; removed, it leaves its sink."""
    create = client.events.v1.subscriptions.create
    idle = made(client)
    assert refused(lambda: create(description="x", sink_sid=idle.sid, types=[CREATED])) == (400, 20001)
    sink = active(client, kinesis)
    subscription = create(description="x", sink_sid=sink.sid, types=[CREATED, SENT])
    assert refused(lambda: create(description="y", sink_sid=sink.sid, types=[SENT])) == (400, 20001)
    assert subscription.update(description="z").description == "z"
    assert [each.sid for each in client.events.v1.subscriptions.list(sink_sid=sink.sid)] == [subscription.sid]
    assert subscription.delete()
    assert client.events.v1.sinks(sink.sid).fetch().status == "active"
    assert create(description="y", sink_sid=sink.sid, types=[SENT]).sid


def test_types_are_added_changed_and_dropped(client: Client, kinesis: Kinesis) -> None:
    """One by one, each with a schema version; without one it is the newest; the last one stays."""
    sink = active(client, kinesis)
    types = [{**CREATED, "schema_version": 3}, {"type": SENT["type"]}]
    subscription = client.events.v1.subscriptions.create(description="x", sink_sid=sink.sid, types=types)
    events = client.events.v1.subscriptions(subscription.sid).subscribed_events
    versions = {event.type: event.schema_version for event in events.list()}
    assert versions == {CREATED["type"]: 3, SENT["type"]: 7}
    assert events(CREATED["type"]).update(schema_version=4).schema_version == 4
    added = events.create(type="com.twilio.taskrouter.task.completed", schema_version=2)
    assert (added.schema_version, added.subscription_sid) == (2, subscription.sid)
    assert events(SENT["type"]).delete()
    assert refused(events(SENT["type"]).fetch) == (404, 20404)
    assert events(added.type).delete()
    assert refused(events(CREATED["type"]).delete) == (400, 20001)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "com.twilio.flex.survey.completed", "schema_version": 1},
        {"type": "com.twilio.conversations.delivery.updated", "schema_version": 1},
        {**CREATED, "schema_version": 99},
        {**CREATED, "schema_version": "new"},
        {"schema_version": 1},
    ],
)
def test_a_type_that_cannot_be_subscribed_to_is_refused(
    client: Client, kinesis: Kinesis, wrong: dict[str, object]
) -> None:
    """Unknown, discontinued, of no such version, or no type at all."""
    sink = active(client, kinesis)
    create = client.events.v1.subscriptions.create
    assert refused(lambda: create(description="x", sink_sid=sink.sid, types=[CREATED, wrong])) == (400, 20001)
    assert client.events.v1.subscriptions.list() == []


def test_types_in_one_array_are_refused(twilio: TwilioStandIn, client: Client, kinesis: Kinesis) -> None:
    """Each type is a field of its own; a form with all of them in one is refused."""
    form = {"Description": "x", "SinkSid": active(client, kinesis).sid, "Types": json.dumps([CREATED])}
    answer = requests.post(
        f"{twilio.url}/events/v1/Subscriptions", data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=2
    )
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_an_account_has_a_hundred_sinks_at_most(client: Client) -> None:
    """The one after is refused."""
    for _ in range(100):
        made(client)
    assert refused(lambda: made(client)) == (400, 20001)
    page = client.events.v1.sinks.page(page_size=60)
    following = page.next_page()
    assert following is not None
    assert len([*page, *following]) == 100


def test_the_types_can_be_asked_for(client: Client) -> None:
    """All of them, those of a schema, or one; 50 a page by default and 1,000 at most."""
    types = client.events.v1.event_types
    assert {each.type for each in types.list()} == set(TYPES)
    assert {each.schema_id for each in types.list(schema_id="Messaging.MessageStatus")} == {"Messaging.MessageStatus"}
    assert types(CREATED["type"]).fetch().status == "available"
    assert refused(types("com.twilio.flex.survey.completed").fetch) == (404, 20404)
    assert types.page()._payload["meta"]["page_size"] == 50
    assert types.page(page_size=5000)._payload["meta"]["page_size"] == 1000


def ask(twilio: TwilioStandIn, method: str, path: str, **form: object) -> Any:
    url = f"{twilio.url}/events/v1/{path}"
    answer = requests.request(method, url, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=2)
    assert answer.ok, answer.text
    return answer.json()


def test_answers_are_as_described(twilio: TwilioStandIn, kinesis: Kinesis) -> None:
    """Every resource, made, fetched and listed, has every field in its published shape."""
    configuration = json.dumps(CONFIGURATION)
    sink = ask(twilio, "POST", "Sinks", Description="x", SinkConfiguration=configuration, SinkType="kinesis")
    inside = f"Sinks/{sink['sid']}"
    tested = ask(twilio, "POST", f"{inside}/Test")
    validated = ask(twilio, "POST", f"{inside}/Validate", TestId=kinesis.test_id)
    types = [json.dumps(CREATED), json.dumps(SENT)]
    subscription = ask(twilio, "POST", "Subscriptions", Description="x", SinkSid=sink["sid"], Types=types)
    events = f"Subscriptions/{subscription['sid']}/SubscribedEvents"
    answers = {
        "Sinks": [sink, ask(twilio, "GET", inside), *ask(twilio, "GET", "Sinks")["sinks"]],
        "Test": [tested],
        "Validate": [validated],
        "Subscriptions": [subscription, *ask(twilio, "GET", "Subscriptions")["subscriptions"]],
        "SubscribedEvents": [
            ask(twilio, "GET", f"{events}/{CREATED['type']}"),
            ask(twilio, "POST", f"{events}/{CREATED['type']}", SchemaVersion="3"),
            *ask(twilio, "GET", events)["types"],
        ],
        "Types": ask(twilio, "GET", "Types?PageSize=1000")["types"],
    }
    for resource, given in answers.items():
        assert given
        for answer in given:
            described(NAMES[resource]).validate(answer)
