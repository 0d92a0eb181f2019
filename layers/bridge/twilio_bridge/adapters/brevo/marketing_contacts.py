"""The port MarketingContacts over Brevo's API v3, without an SDK: theirs repeats a POST that may have worked.

https://developers.brevo.com/reference/create-contact, update-contact, create-event and get-events
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from twilio_bridge.adapters.brevo.attributes import BrevoAttributes
from twilio_bridge.adapters.brevo.client import CONTACTS, EVENTS, NEVER_TWICE, THE_REST, BrevoRequests, Call
from twilio_bridge.adapters.brevo.errors import BREVO, DuplicateError, NotThereError
from twilio_bridge.errors import RefusedError, UnacceptableError, UnavailableError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.support.cloud_events import parse_time
from twilio_bridge.support.person import TimelineEvent
from twilio_bridge.support.ports import MarketingContact

Body = dict[str, Any]

# Properties may take 50 KB in all; with ours, texts of this length stay far below it.
MAX_TEXT_LENGTH = 500
# Whether a listing's dates are the events' own or those of their arrival is not documented: ask for both.
SLACK = timedelta(hours=1)
MAX_EVENTS_COUNT = 1_000
PHONES = frozenset(("SMS", "WHATSAPP", "LANDLINE_NUMBER"))


class BrevoMarketingContacts:
    """The contacts and timelines of one account."""

    def __init__(self, brevo: BrevoRequests, attributes: BrevoAttributes, *, force_merge: bool = False) -> None:
        self._brevo = brevo
        self._attributes = attributes
        self._force_merge = force_merge

    def upsert(self, contact: MarketingContact, contact_id: int | None = None) -> int | None:
        """Make the contact so; an EMAIL that is there is never changed, for that would lift its blocklisting."""
        self._attributes.prepare(contact.attributes)
        body = _body(contact)
        if contact_id is not None and self._update(contact_id, body):
            return contact_id
        email = {"email": contact.email} if contact.email else {}
        try:
            return self._create({**email, **body, "updateEnabled": True, "getId": True})
        except NotThereError as error:
            lists = ", ".join(map(str, contact.lists))
            raise RefusedError(BREVO, f"one of the lists {lists} does not exist; check lists", code=404) from error

    def add_email(self, contact_id: int, email: str) -> bool:
        """Look first: to change an email that is there would lift its blocklisting."""
        path, params = f"/contacts/{contact_id}", {"identifierType": "contact_id"}
        answer = None
        try:
            answer = self._brevo.ask(Call(group=CONTACTS, method="GET", path=path, params=params))
            if answer and not answer.get("email"):
                self._put(path, params, {"attributes": {"EMAIL": email}})
        except (NotThereError, DuplicateError, UnacceptableError) as error:
            logger.warning(
                "Brevo's contact stays without email", extra={"contact_id": contact_id, **describe_error(error)}
            )
        return bool(answer and answer.get("smsBlacklisted"))

    def post(self, contact: MarketingContact, contact_id: int | None, event: TimelineEvent) -> None:
        """Put an event on the contact's timeline."""
        body = {
            "event_name": event.name,
            "event_date": _iso(_happened(event)),
            "identifiers": _identifiers(contact, contact_id),
            "event_properties": {**{name: _cut(value) for name, value in event.properties.items()}, "key": event.key},
        }
        self._brevo.ask(Call(group=EVENTS, method="POST", path="/events", body=body, policy=NEVER_TWICE))

    def has(self, contact_id: int | None, event: TimelineEvent) -> bool | None:
        """Look the event up by its key; None where Brevo refuses to tell, tells too much, or shows no keys."""
        params: dict[str, str | int] = {
            "event_name": event.name,
            "startDate": _iso(_happened(event) - SLACK),
            "endDate": _iso(max(datetime.now(UTC), _happened(event)) + SLACK),
            "limit": MAX_EVENTS_COUNT,
        }
        if contact_id is not None:
            params["contact_id"] = contact_id
        try:
            answer = self._brevo.ask(Call(group=THE_REST, method="GET", path="/events", params=params))
        except RefusedError as error:
            logger.warning("Brevo does not list events", extra=describe_error(error))
            return None
        return _among(answer, event)

    def set_opted_out(self, phone: str, out: bool) -> bool:
        """Set or clear smsBlacklisted by number; what Brevo takes for no number is nobody's."""
        path, params = f"/contacts/{quote(phone, safe='')}", {"identifierType": "phone_id"}
        try:
            self._put(path, params, {"smsBlacklisted": out})
        except (NotThereError, UnacceptableError):
            return False
        return True

    def _update(self, contact_id: int, body: Body) -> bool:
        """Change the contact with this id; False where it is gone, or to be merged with another."""
        path, params = f"/contacts/{contact_id}", {"identifierType": "contact_id"}
        try:
            self._put(path, params, body)
        except NotThereError:
            return False
        except UnacceptableError as error:
            if self._force_merge and isinstance(error, DuplicateError):
                return False
            return self._update(contact_id, _without(body, error, contact_id))
        return True

    def _create(self, body: Body) -> int | None:
        try:
            answer = self._brevo.ask(Call(group=CONTACTS, method="POST", path="/contacts", body=body))
        except UnacceptableError as error:
            if self._force_merge and isinstance(error, DuplicateError) and "forceMerge" not in body:
                return self._create({**body, "forceMerge": True})
            return self._create(_without(body, error))
        if answer is None:
            return None
        if not isinstance(answer.get("id"), int):
            raise UnavailableError(BREVO, "an answer holds no contact's id")
        return int(answer["id"])

    def _put(self, path: str, params: Mapping[str, str], body: Body) -> None:
        self._brevo.ask(Call(group=CONTACTS, method="PUT", path=path, params=params, body=body))


def _body(contact: MarketingContact) -> Body:
    """Return a contact as Brevo reads it, but for its email; what is empty is left out and stays as it is there."""
    attributes = {name: _plain(value) for name, value in contact.attributes.items()}
    if contact.phone:
        attributes["SMS"] = contact.phone
    body = {"attributes": attributes, "listIds": list(contact.lists), "ext_id": contact.external_id}
    blocked: Body = {"smsBlacklisted": True} if contact.opted_out else {}
    return {name: value for name, value in body.items() if value} | blocked


def _without(body: Body, error: UnacceptableError, contact_id: int | None = None) -> Body:
    """Leave out the identifiers that Brevo refuses; raise the error where none is left, or none can be left out.

    They are those that another contact has, else the numbers: callers have some that are nobody's.
    """
    refused = {name.upper() for name in error.identifiers} if isinstance(error, DuplicateError) else PHONES
    attributes = {name: value for name, value in body.get("attributes", {}).items() if name not in refused}
    rest = {name: value for name, value in body.items() if name.upper() not in refused} | {"attributes": attributes}
    is_known = contact_id is not None or "email" in rest or "ext_id" in rest or "SMS" in attributes
    if not is_known or rest == {"attributes": {}, **body}:
        raise error
    why = {"identifiers": sorted(refused), "contact_id": contact_id, "reason": str(error)}
    logger.warning("Brevo is told without identifiers that it refuses", extra=why)
    return rest


def _identifiers(contact: MarketingContact, contact_id: int | None) -> Body:
    """Name the contact by one identifier: two might be those of two contacts."""
    if contact_id is not None:
        return {"contact_id": contact_id}
    names = {"email_id": contact.email, "ext_id": contact.external_id, "phone_id": contact.phone}
    return dict([next((name, value) for name, value in names.items() if value)])


def _among(answer: Any, event: TimelineEvent) -> bool | None:  # noqa: ANN401  JSON
    found = answer.get("events", []) if answer else None
    count = answer.get("count") if answer else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found) or not isinstance(count, int):
        raise UnavailableError(BREVO, "a listing holds no events")
    same = [one for one in found if one.get("event_name") == event.name]
    if event.key in map(_key, same):
        return True
    unclear = any(_key(one) is None and _is_at(one, event.at) for one in same)
    return None if unclear or count > len(found) else False


def _key(entry: Mapping[str, Any]) -> object:
    properties = entry.get("event_properties")
    return properties.get("key") if isinstance(properties, dict) else None


def _is_at(entry: Mapping[str, Any], at: int) -> bool:
    """Return whether an entry may be of this moment (epoch ms)."""
    told = parse_time(entry.get("event_date"))
    return told is None or abs(told - at) <= 1_000  # noqa: PLR2004  to the second


def _happened(event: TimelineEvent) -> datetime:
    return datetime.fromtimestamp(event.at / 1000, UTC)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _cut(value: object) -> object:
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) else value
