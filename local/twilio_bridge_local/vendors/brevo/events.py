"""Accepting events, one or up to two hundred; for the routes.

Brevo has no idempotency: what is sent twice stands on the timeline twice.
https://developers.brevo.com/reference/create-event and https://developers.brevo.com/reference/create-batch-events
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime

from twilio_bridge_local.vendors.brevo.account import Account, Contact, Entry
from twilio_bridge_local.vendors.brevo.attributes import PHONES
from twilio_bridge_local.vendors.brevo.contacts import create, set_attributes
from twilio_bridge_local.vendors.brevo.errors import BrevoError, bad_request, invalid, missing
from twilio_bridge_local.vendors.brevo.identifiers import IDENTIFIER_TYPES, resolved
from twilio_bridge_local.vendors.brevo.queries import instant

MOST = 200
LARGEST = 50_000  # "50Kb"; the smaller reading of it
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")

Body = Mapping[str, object]


def accept(account: Account, body: Body) -> Entry:
    """Put an event on its contact's timeline, and its contact properties on the contact."""
    name, identifiers = _event_name(body), _object(body, "identifiers", required=True)
    event_date = _event_date(account, body)
    properties, more = _object(body, "event_properties"), _object(body, "contact_properties")
    _check_properties(properties)
    contact = _contact(account, identifiers)
    if contact and more:
        contact = set_attributes(account, contact, more)
    entry = Entry(
        number=len(account.entries) + 1,
        contact_id=contact.id if contact else None,
        event_name=name,
        event_date=event_date,
        received_at=account.now(),
        identifiers=identifiers,
        event_properties=properties,
        contact_properties=more,
        object_type=_object_type(body),
    )
    account.entries.append(entry)
    return entry


def accept_batch(account: Account, body: object) -> tuple[int, dict[str, object]]:
    """The status and the answer for several events; a good one is accepted whatever the others are.

    An object with `events` is what is documented; SDK 4.0.10 posted a bare array, for which a 400 was reported.
    """
    if isinstance(body, list):
        raise bad_request("json: cannot unmarshal array into Go value of type event.BatchRequest")
    if not isinstance(body, dict):
        raise bad_request()
    events = body.get("events")
    if not isinstance(events, list) or not 1 <= len(events) <= MOST:
        raise invalid(f"events should be an array of 1 to {MOST} items")
    wrong = _accept_each(account, events)
    failed = sum(len(places) for places in wrong.values())
    if not failed:
        return 202, {"message": "Events accepted", "count": len(events)}
    return 207, {
        "status": "partial_success",
        "total_events": len(events),
        "successful_events": len(events) - failed,
        "failed_events": failed,
        "errors": [{"eventIndex": places, "message": message} for message, places in wrong.items()],
    }


def _accept_each(account: Account, events: list[object]) -> dict[str, list[int]]:
    """The places of those that were refused, by the reason."""
    wrong: dict[str, list[int]] = {}
    for place, event in enumerate(events):
        try:
            if not isinstance(event, dict):
                raise bad_request("event should be an object")
            accept(account, event)
        except BrevoError as refused:
            wrong.setdefault(refused.message, []).append(place)
    return wrong


def _event_name(body: Body) -> str:
    name = body.get("event_name")
    if not name:
        raise missing("event_name is required")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid("event_name should be at most 255 letters, digits, - and _")
    return name


def _event_date(account: Account, body: Body) -> datetime:
    given = body.get("event_date")
    return account.now() if given is None else instant(given, "event_date")


def _contact(account: Account, identifiers: Body) -> Contact | None:
    if not any(kind in identifiers for kind in IDENTIFIER_TYPES):
        raise missing("At least one identifier is required")
    contact = resolved(account, identifiers)
    if contact or account.unresolved_events == "keep":
        return contact
    if account.unresolved_events == "refuse" or "contact_id" in identifiers:
        raise invalid("Contact does not exist")
    return create(account, _as_contact(identifiers))[0]


def _as_contact(identifiers: Body) -> Body:
    own = {IDENTIFIER_TYPES[kind]: value for kind, value in identifiers.items() if kind in IDENTIFIER_TYPES}
    phones = {name: own.pop(name) for name in PHONES if name in own}
    return {**own, "attributes": phones}


def _object_type(body: Body) -> str | None:
    """Kept whatever it is, though Brevo ignores those that the account does not have."""
    kind = _object(body, "object").get("type")
    return kind if isinstance(kind, str) else None


def _object(body: Body, place: str, *, required: bool = False) -> Body:
    given = body.get(place)
    if given is None:
        if required:
            raise missing(f"{place} is required")
        return {}
    if not isinstance(given, dict):
        raise invalid(f"{place} should be an object")
    return given


def _check_properties(properties: Body) -> None:
    if len(json.dumps(properties, ensure_ascii=False).encode()) > LARGEST:
        raise invalid("event_properties should be at most 50 KB")
    _check(properties)


def _check(value: object) -> None:
    """Keys of 255 letters, digits, - and _ on every level; null is none of the documented types."""
    if isinstance(value, dict):
        if not all(_NAME.fullmatch(key) for key in value):
            raise invalid("keys of event_properties should be at most 255 letters, digits, - and _")
        for item in value.values():
            _check(item)
    elif isinstance(value, list):
        for item in value:
            _check(item)
    elif value is None:
        raise invalid("event_properties should hold texts, numbers, booleans, dates, objects and lists")
