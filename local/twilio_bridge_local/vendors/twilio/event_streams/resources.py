"""Twilio's JSON for sinks, subscriptions and event types, every published field present; used by `events_rest`."""

from typing import Final

from twilio_bridge_local.vendors.twilio.conversations.resources import Resource, seconds
from twilio_bridge_local.vendors.twilio.event_streams.event_types import EventType
from twilio_bridge_local.vendors.twilio.event_streams.sinks import Sink, Subscription

BASE: Final = "https://events.twilio.com/v1"
_DAY: Final = "2021-06-01T00:00:00Z"  # of every type: which day it was does not matter here


def sink(record: Sink) -> Resource:
    """A record."""
    url = f"{BASE}/Sinks/{record.sid}"
    return {
        "sid": record.sid,
        "description": record.description,
        "sink_type": record.sink_type,
        "sink_configuration": dict(record.sink_configuration),
        "status": record.status,
        "date_created": seconds(record.date_created),
        "date_updated": seconds(record.date_updated),
        "url": url,
        "links": {"sink_test": f"{url}/Test", "sink_validate": f"{url}/Validate"},
    }


def subscription(account_sid: str, record: Subscription) -> Resource:
    """A record."""
    url = f"{BASE}/Subscriptions/{record.sid}"
    return {
        "account_sid": account_sid,
        "sid": record.sid,
        "description": record.description,
        "sink_sid": record.sink_sid,
        "date_created": seconds(record.date_created),
        "date_updated": seconds(record.date_updated),
        "url": url,
        "links": {"subscribed_events": f"{url}/SubscribedEvents"},
    }


def subscribed_event(account_sid: str, record: Subscription, name: str) -> Resource:
    """A type that a subscription gets."""
    return {
        "account_sid": account_sid,
        "subscription_sid": record.sid,
        "type": name,
        "schema_version": record.types[name],
        "url": f"{BASE}/Subscriptions/{record.sid}/SubscribedEvents/{name}",
    }


def event_type(known: EventType) -> Resource:
    """A type of events."""
    schema = f"{BASE}/Schemas/{known.schema_id}/Versions"
    return {
        "type": known.type,
        "schema_id": known.schema_id,
        "description": f"{known.schema_id} event",
        "status": known.status,
        "documentation_url": "https://www.twilio.com/docs/events/event-types",
        "date_created": _DAY,
        "date_updated": _DAY,
        "url": f"{BASE}/Types/{known.type}",
        "links": {"schema": f"{schema}/{known.latest}"},
    }
