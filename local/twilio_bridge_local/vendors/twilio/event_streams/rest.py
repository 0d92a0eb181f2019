"""The REST routes of Event Streams: sinks, subscriptions with their types, and the types there are.

Used by `server`, which has already checked who asks. https://www.twilio.com/docs/events/event-streams
"""

import json
from dataclasses import replace
from functools import partial
from typing import Any, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from twilio_bridge_local.vendors.twilio.conversations.resources import Resource
from twilio_bridge_local.vendors.twilio.conversations.rest import account
from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.event_streams import resources
from twilio_bridge_local.vendors.twilio.event_streams.event_types import TYPES
from twilio_bridge_local.vendors.twilio.event_streams.sinks import EventStreams, Subscription
from twilio_bridge_local.vendors.twilio.paging import page
from twilio_bridge_local.vendors.twilio.store import now

MAX_PAGE_SIZE: Final = 1000

events = Blueprint("events", __name__)
_page = partial(page, request, largest=MAX_PAGE_SIZE)


def _streams() -> EventStreams:
    return account().event_streams


@events.get("/Sinks")
def list_sinks() -> ResponseReturnValue:
    """Sinks, by whether a subscription uses them and by status."""
    in_use, status = request.args.get("InUse"), request.args.get("Status")
    chosen = [sink for sink in _streams().sinks.values() if status in (None, sink.status)]
    if in_use is not None:
        chosen = [sink for sink in chosen if _streams().is_in_use(sink) is (in_use.lower() == "true")]
    return _page("sinks", chosen, resources.sink)


@events.post("/Sinks")
def create_sink() -> ResponseReturnValue:
    """A new sink."""
    description = _required("Description")
    configuration, kind = _json("SinkConfiguration", _required("SinkConfiguration")), _required("SinkType")
    with account().store.lock:
        sink = _streams().add_sink(account().store.next_number(), description, kind, configuration)
    return resources.sink(sink), 201


@events.get("/Sinks/<sid>")
def fetch_sink(sid: str) -> ResponseReturnValue:
    """One sink."""
    return resources.sink(_streams().sink(sid))


@events.post("/Sinks/<sid>")
def update_sink(sid: str) -> ResponseReturnValue:
    """Describe a sink otherwise; nothing else of it can be changed."""
    with account().store.lock:
        after = replace(_streams().sink(sid), description=_required("Description"), date_updated=now())
        _streams().sinks[sid] = after
    return resources.sink(after)


@events.delete("/Sinks/<sid>")
def delete_sink(sid: str) -> ResponseReturnValue:
    """Remove a sink that is not in use."""
    with account().store.lock:
        _streams().remove_sink(sid)
    return "", 204


@events.post("/Sinks/<sid>/Test")
def test_sink(sid: str) -> ResponseReturnValue:
    """Send a test event to a sink."""
    _streams().test(sid, account().account_sid, account().put_event)
    return {"result": "submitted"}, 201


@events.post("/Sinks/<sid>/Validate")
def validate_sink(sid: str) -> ResponseReturnValue:
    """Accept the test event's id, which makes the sink active."""
    _streams().validate(sid, request.form.get("TestId"))
    return {"result": "valid"}, 201


@events.get("/Subscriptions")
def list_subscriptions() -> ResponseReturnValue:
    """Subscriptions, by sink."""
    sink_sid = request.args.get("SinkSid")
    every = _streams().subscriptions.values()
    return _page("subscriptions", [each for each in every if sink_sid in (None, each.sink_sid)], _subscription)


@events.post("/Subscriptions")
def create_subscription() -> ResponseReturnValue:
    """A new subscription; `Types` is a JSON object for each type."""
    description, sink_sid, types = _required("Description"), _required("SinkSid"), _types()
    with account().store.lock:
        made = _streams().add_subscription(account().store.next_number(), description, sink_sid, types)
    return _subscription(made), 201


@events.get("/Subscriptions/<sid>")
def fetch_subscription(sid: str) -> ResponseReturnValue:
    """One subscription."""
    return _subscription(_streams().subscription(sid))


@events.post("/Subscriptions/<sid>")
def update_subscription(sid: str) -> ResponseReturnValue:
    """Describe a subscription otherwise."""
    with account().store.lock:
        before = _streams().subscription(sid)
        description = request.form.get("Description", before.description)
        after = replace(before, description=description, date_updated=now())
        _streams().subscriptions[sid] = after
    return _subscription(after)


@events.delete("/Subscriptions/<sid>")
def delete_subscription(sid: str) -> ResponseReturnValue:
    """Remove a subscription; its sink stays."""
    with account().store.lock:
        del _streams().subscriptions[_streams().subscription(sid).sid]
    return "", 204


@events.get("/Subscriptions/<sid>/SubscribedEvents")
def list_subscribed_events(sid: str) -> ResponseReturnValue:
    """What a subscription gets."""
    types = [TYPES[name] for name in _streams().subscription(sid).types]
    return _page("types", types, lambda known: _subscribed(sid, known.type))


@events.post("/Subscriptions/<sid>/SubscribedEvents")
def create_subscribed_event(sid: str) -> ResponseReturnValue:
    """Let a subscription get one more type."""
    name = _required("Type")
    with account().store.lock:
        _streams().subscribe(sid, name, _version(request.form.get("SchemaVersion")))
    return _subscribed(sid, name), 201


@events.get("/Subscriptions/<sid>/SubscribedEvents/<name>")
def fetch_subscribed_event(sid: str, name: str) -> ResponseReturnValue:
    """One type that a subscription gets."""
    return _subscribed(sid, name)


@events.post("/Subscriptions/<sid>/SubscribedEvents/<name>")
def update_subscribed_event(sid: str, name: str) -> ResponseReturnValue:
    """Let a subscription get a type in another version."""
    with account().store.lock:
        _streams().subscribed(sid, name)
        _streams().subscribe(sid, name, _version(request.form.get("SchemaVersion")))
    return _subscribed(sid, name)


@events.delete("/Subscriptions/<sid>/SubscribedEvents/<name>")
def delete_subscribed_event(sid: str, name: str) -> ResponseReturnValue:
    """Let a subscription get a type no more."""
    with account().store.lock:
        _streams().unsubscribe(sid, name)
    return "", 204


@events.get("/Types")
def list_types() -> ResponseReturnValue:
    """The types there are, by schema."""
    schema = request.args.get("SchemaId")
    return _page("types", [each for each in TYPES.values() if schema in (None, each.schema_id)], resources.event_type)


@events.get("/Types/<name>")
def fetch_type(name: str) -> ResponseReturnValue:
    """One type."""
    if name not in TYPES:
        raise refusal(20404, f"/Types/{name}")
    return resources.event_type(TYPES[name])


def _required(name: str) -> str:
    value = request.form.get(name)
    if not value:
        raise refusal(20001, f"{name} is required")
    return value


def _json(name: str, text: str) -> Any:  # noqa: ANN401  any JSON
    try:
        return json.loads(text)
    except ValueError:
        raise refusal(20001, f"{name} is no JSON") from None


def _types() -> dict[str, int | None]:
    given = [_json("Types", text) for text in request.form.getlist("Types")]
    if not given or not all(isinstance(each, dict) and isinstance(each.get("type"), str) for each in given):
        raise refusal(20001, "Types must be one JSON object for each type")
    return {each["type"]: _version(each.get("schema_version")) for each in given}


def _version(given: object) -> int | None:
    if given is None:
        return None
    if not str(given).isdigit():
        raise refusal(20001, "the schema version must be a number")
    return int(str(given))


def _subscription(record: Subscription) -> Resource:
    return resources.subscription(account().account_sid, record)


def _subscribed(sid: str, name: str) -> Resource:
    _streams().subscribed(sid, name)
    return resources.subscribed_event(account().account_sid, _streams().subscription(sid), name)
