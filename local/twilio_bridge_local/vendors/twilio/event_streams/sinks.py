"""Event Streams' sinks and subscriptions, and what Twilio refuses of them; used by the Event Streams API.

A test of a Kinesis sink puts its event on the stream whose ARN the sink has, through the account's `put_event`;
nothing is sent to webhook sinks, which are active from the start. Twilio's pages name no codes for most of these
refusals: 20001 stands for all that is malformed, and for what they describe without a code.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.event_streams.event_types import TYPES
from twilio_bridge_local.vendors.twilio.records import new_sid
from twilio_bridge_local.vendors.twilio.store import now

PutEvent = Callable[[str, Mapping[str, Any]], object]
"""Puts an event on the Kinesis stream of an ARN."""

MAX_COUNT: Final = 100  # sinks, and subscriptions, of an account
_STREAM: Final = re.compile(r"arn:aws[a-z-]*:kinesis:[a-z0-9-]+:\d{12}:stream/[\w.-]+")
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")


@dataclass(frozen=True)
class Sink:
    """Where events go; `test_id` is what the last test event had. `number` is its place in lists."""

    sid: str
    number: int
    description: str
    sink_type: str
    sink_configuration: Mapping[str, Any]
    date_created: datetime
    date_updated: datetime
    status: str = "initialized"
    test_id: str | None = None


@dataclass(frozen=True)
class Subscription:
    """Which types of events, each with the version of its schema, go to a sink."""

    sid: str
    number: int
    description: str
    sink_sid: str
    types: Mapping[str, int]
    date_created: datetime
    date_updated: datetime


@dataclass
class EventStreams:
    """An account's sinks and subscriptions by SID."""

    sinks: dict[str, Sink] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)

    def sink(self, sid: str) -> Sink:
        """The sink of that SID."""
        if sid not in self.sinks:
            raise refusal(20404, f"/Sinks/{sid}")
        return self.sinks[sid]

    def subscription(self, sid: str) -> Subscription:
        """The subscription of that SID."""
        if sid not in self.subscriptions:
            raise refusal(20404, f"/Subscriptions/{sid}")
        return self.subscriptions[sid]

    def subscribed(self, sid: str, event_type: str) -> int:
        """The schema version in which that subscription gets a type."""
        types = self.subscription(sid).types
        if event_type not in types:
            raise refusal(20404, f"/Subscriptions/{sid}/SubscribedEvents/{event_type}")
        return types[event_type]

    def is_in_use(self, sink: Sink) -> bool:
        """Whether a subscription sends events to that sink."""
        return any(subscription.sink_sid == sink.sid for subscription in self.subscriptions.values())

    def add_sink(self, number: int, description: str, sink_type: str, configuration: object) -> Sink:
        """A new sink."""
        _check_count("sinks", self.sinks)
        checked = _configuration(sink_type, configuration)
        status = "active" if sink_type == "webhook" else "initialized"
        at = now()
        sink = Sink(new_sid("DG"), number, description, sink_type, checked, at, at, status)
        self.sinks[sink.sid] = sink
        return sink

    def remove_sink(self, sid: str) -> None:
        """Forget a sink that no subscription uses."""
        if self.is_in_use(self.sink(sid)):
            raise refusal(20001, f"sink {sid} is in use by a subscription")
        del self.sinks[sid]

    def add_subscription(
        self, number: int, description: str, sink_sid: str, types: Mapping[str, int | None]
    ) -> Subscription:
        """A new subscription: one for each sink, which has to be active."""
        _check_count("subscriptions", self.subscriptions)
        sink = self.sinks.get(sink_sid)
        if sink is None or sink.status != "active":
            raise refusal(20001, f"SinkSid {sink_sid} is not an active sink")
        if self.is_in_use(sink):
            raise refusal(20001, f"sink {sink_sid} is in use")
        versions = {name: version_of(name, version) for name, version in types.items()}
        at = now()
        made = Subscription(new_sid("DF"), number, description, sink_sid, versions, at, at)
        self.subscriptions[made.sid] = made
        return made

    def subscribe(self, sid: str, event_type: str, version: int | None) -> int:
        """Let a subscription get a type (in another version); the version it gets."""
        subscription = self.subscription(sid)
        chosen = version_of(event_type, version)
        types = {**subscription.types, event_type: chosen}
        self.subscriptions[sid] = replace(subscription, types=types, date_updated=now())
        return chosen

    def unsubscribe(self, sid: str, event_type: str) -> None:
        """Let a subscription get a type no more; it keeps at least one."""
        subscription = self.subscription(sid)
        self.subscribed(sid, event_type)
        types = {name: version for name, version in subscription.types.items() if name != event_type}
        if not types:
            raise refusal(20001, "a subscription needs at least one type")
        self.subscriptions[sid] = replace(subscription, types=types, date_updated=now())

    def test(self, sid: str, account_sid: str, put_event: PutEvent | None) -> None:
        """Put one test event on a Kinesis sink's stream, where one can be reached."""
        sink = self.sink(sid)
        if sink.sink_type != "kinesis":
            return
        test_id = str(uuid.uuid4())
        self.sinks[sid] = replace(sink, status="validating", test_id=test_id, date_updated=now())
        if put_event:
            self._deliver(sid, put_event, sink_test_event(account_sid, test_id))

    def validate(self, sid: str, test_id: str | None) -> None:
        """Make a sink active by its last test event's id."""
        sink = self.sink(sid)
        if not test_id or test_id != sink.test_id:
            raise refusal(20001, "TestId is missing or not the one of the last test event")
        self.sinks[sid] = replace(sink, status="active", date_updated=now())

    def publish(self, event: Mapping[str, Any], put_event: PutEvent) -> None:
        """Put an event on the streams whose active sinks have a subscription to its type."""
        kind = str(event["type"])
        for subscription in list(self.subscriptions.values()):
            sink = self.sinks[subscription.sink_sid]
            if kind in subscription.types and (sink.sink_type, sink.status) == ("kinesis", "active"):
                self._deliver(sink.sid, put_event, event)

    def _deliver(self, sid: str, put_event: PutEvent, event: Mapping[str, Any]) -> None:
        try:
            put_event(str(self.sinks[sid].sink_configuration["arn"]), event)
        except Exception:  # noqa: BLE001  whatever goes wrong at AWS, at Twilio it is a sink that failed
            self.sinks[sid] = replace(self.sinks[sid], status="failed")


def sink_test_event(account_sid: str, test_id: str) -> dict[str, Any]:
    """The event of a sink's test; its id is the account's, and its data are text, as Kinesis sinks have them."""
    return {
        "specversion": "1.0",
        "type": "com.twilio.eventstreams.test-event",
        "source": "Sink",
        "id": account_sid,
        "dataschema": "https://events-schemas.twilio.com/EventStreams.TestSink/1.json",
        "datacontenttype": "application/json",
        "time": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": f'{{"test_id":"{test_id}"}}',
    }


def version_of(event_type: str, version: int | None) -> int:
    """The schema version that is meant, the newest where none is; refused where there is no such."""
    known = TYPES.get(event_type)
    if known is None or known.status == "discontinued":
        raise refusal(20001, f"event type {event_type} cannot be subscribed to")
    if version is not None and not 1 <= version <= known.latest:
        raise refusal(20001, f"{event_type} has no schema version {version}")
    return version or known.latest


def _check_count(name: str, there: Mapping[str, object]) -> None:
    if len(there) >= MAX_COUNT:
        raise refusal(20001, f"an account has {MAX_COUNT} {name} at most")


def _configuration(sink_type: str, given: object) -> Mapping[str, Any]:
    """A sink's configuration if it is one: https://www.twilio.com/docs/api/errors/91000."""
    if sink_type not in {"kinesis", "webhook"}:
        raise refusal(20001, "SinkType must be one of kinesis, webhook")
    if not isinstance(given, dict):
        raise refusal(91000, "SinkConfiguration is not a JSON object")
    if sink_type == "webhook":
        if not str(given.get("destination", "")).startswith(("http://", "https://")):
            raise refusal(91000, "destination is not a URL")
        return given
    if not _STREAM.fullmatch(str(given.get("arn"))):
        raise refusal(93104, "arn")
    if not _ROLE.fullmatch(str(given.get("role_arn"))) or not given.get("external_id"):
        raise refusal(91000, "role_arn and external_id are required")
    return given
