"""The port MarketingContacts over Brevo's API v3, without an SDK: theirs repeats a POST that may have worked.

https://developers.brevo.com/reference/create-contact, update-contact and create-event
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from twilio_bridge.adapters.brevo.attributes import BrevoAttributes
from twilio_bridge.adapters.brevo.client import CONTACTS, EVENTS, NEVER_TWICE, BrevoRequests, Call
from twilio_bridge.adapters.brevo.errors import BREVO, DuplicateError, NotThereError, RefusedFieldsError
from twilio_bridge.adapters.brevo.event_lookup import find_events, to_iso
from twilio_bridge.errors import UnacceptableError, UnavailableError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.ports import MarketingContact, SavedContact

# A contact's fields by Brevo's names, and what else a request holds (`listIds`, `smsBlacklisted` …).
Fields = dict[str, Any]
Options = dict[str, Any]

# Properties may take 50 KB in all; with ours, texts of this length stay far below it.
MAX_TEXT_LENGTH = 500
# What a contact can be found by; of several the first decides whom Brevo takes them for.
IDENTIFIERS = ("email", "ext_id", "SMS")
LISTS = "listIds"
NAMES_OF_IDENTIFIERS = frozenset((*IDENTIFIERS, "WHATSAPP", "LANDLINE_NUMBER"))


class BrevoMarketingContacts:
    """The contacts and timelines of one account."""

    def __init__(self, brevo: BrevoRequests, attributes: BrevoAttributes, *, force_merge: bool = False) -> None:
        self._brevo = brevo
        self._attributes = attributes
        self._force_merge = force_merge

    def create_contact(self, contact: MarketingContact) -> SavedContact:
        """Create the contact, or update the one that has one of the identifiers."""
        return self._create(self._fields_of(contact), _options_of(contact))

    def update_contact(self, contact_id: int, contact: MarketingContact) -> SavedContact | None:
        """Update the contact with this id, except an EMAIL: to change one lifts its blocklisting."""
        fields, options = self._fields_of(contact), _options_of(contact)
        rest = {name: value for name, value in fields.items() if name != "email"}
        try:
            left_out = self._put_fields(contact_id, rest, options, merge=self._force_merge)
        except DuplicateError:
            return self._create(fields, options | {"forceMerge": True})
        except NotThereError:
            if not (LISTS in options and self._exists(f"/contacts/{contact_id}")):
                return None
            options = self._with_existing_lists(options)
            left_out = self._put_fields(contact_id, rest, options)
        return _saved(contact_id, left_out, options)

    def find_contact(self, contact: MarketingContact) -> int | None:
        """Return the id of the contact with the strongest identifier that somebody has."""
        kinds = {"email_id": contact.email, "ext_id": contact.external_id, "phone_id": contact.phone}
        for kind, value in kinds.items():
            try:
                answer = self._get(quote(value, safe=""), kind) if value else None
            except (NotThereError, UnacceptableError):
                continue
            if answer:
                return _id_in(answer)
        return None

    def complete_email(self, contact_id: int, email: str) -> bool:
        """Look first: to change an email that is there would lift its blocklisting."""
        answer = None
        try:
            answer = self._get(str(contact_id), "contact_id")
            if answer and not answer.get("email"):
                self._put(contact_id, {"attributes": {"EMAIL": email}})
        except (NotThereError, UnacceptableError) as error:
            why = {"contact_id": contact_id, **describe_error(error)}
            logger.warning("Brevo's contact stays without email", extra=why)
        return bool(answer and answer.get("smsBlacklisted"))

    def delete_contact(self, contact_id: int) -> bool:
        """Delete the contact with this id."""
        params = {"identifierType": "contact_id"}
        try:
            self._brevo.ask(Call(group=CONTACTS, method="DELETE", path=f"/contacts/{contact_id}", params=params))
        except NotThereError:
            return False
        return True

    def post_event(self, contact_id: int, event: TimelineEvent) -> None:
        """Put an event on the contact's timeline."""
        properties = {name: _shorten(value) for name, value in event.properties.items()}
        body = {
            "event_name": event.name,
            "event_date": to_iso(datetime.fromtimestamp(event.at / 1000, UTC)),
            "identifiers": {"contact_id": contact_id},
            "event_properties": {**properties, "key": event.key},
        }
        self._brevo.ask(Call(group=EVENTS, method="POST", path="/events", body=body, policy=NEVER_TWICE))

    def find_events(self, contact_id: int, events: Sequence[TimelineEvent]) -> dict[str, bool | None]:
        """Look all of them up in one listing."""
        return find_events(self._brevo, contact_id, events)

    def set_opted_out(self, phone: str, out: bool) -> bool:
        """Set or clear smsBlacklisted by number; what Brevo does not take for a number belongs to nobody."""
        params = {"identifierType": "phone_id"}
        path, body = f"/contacts/{quote(phone, safe='')}", {"smsBlacklisted": out}
        try:
            self._brevo.ask(Call(group=CONTACTS, method="PUT", path=path, params=params, body=body))
        except (NotThereError, UnacceptableError):
            return False
        return True

    def _fields_of(self, contact: MarketingContact) -> Fields:
        """Return the fields that are known; a field that is left out stays as it is in Brevo."""
        own = {"email": contact.email, "ext_id": contact.external_id, "SMS": contact.phone}
        plain = {name: _to_json(value) for name, value in self._attributes.fit(contact.attributes).items()}
        return {name: value for name, value in own.items() if value} | plain

    def _create(self, fields: Fields, options: Options) -> SavedContact:
        """Create with all fields, and again without those that an answer names as refused."""
        left_out: set[str] = set()
        while True:
            kept = {name: value for name, value in fields.items() if name not in left_out}
            if not any(name in kept for name in IDENTIFIERS):
                raise UnacceptableError(BREVO, "no identifier is left that Brevo takes", code=400)
            try:
                contact_id = self._post(kept, options)
            except NotThereError:
                if LISTS not in options:
                    raise
                options = self._with_existing_lists(options)
            except RefusedFieldsError as error:
                if self._force_merge and isinstance(error, DuplicateError) and "forceMerge" not in options:
                    options = {**options, "forceMerge": True}
                elif named := error.fields & kept.keys():
                    left_out |= named
                else:
                    contact_id, refused = self._create_piecewise(kept, options)
                    return _saved(contact_id, left_out | refused, options)
            else:
                return _saved(contact_id, left_out, options)

    def _create_piecewise(self, fields: Fields, options: Options) -> tuple[int, set[str]]:
        """Create by the strongest identifier that is taken alone, then add the rest; return what was refused."""
        refused: set[str] = set()
        for name in IDENTIFIERS:
            if name not in fields:
                continue
            try:
                contact_id = self._post({name: fields[name]}, options)
            except RefusedFieldsError:
                refused.add(name)
                continue
            rest = {other: value for other, value in fields.items() if other not in {name, *refused}}
            return contact_id, refused | self._put_fields(contact_id, rest, {})
        raise UnacceptableError(BREVO, "no identifier is left that Brevo takes", code=400)

    def _put_fields(self, contact_id: int, fields: Fields, options: Options, *, merge: bool = False) -> set[str]:
        """Update a contact with the fields that Brevo takes; return the names of those that it refuses.

        Raise DuplicateError where the contact is to `merge` with the one that has its identifiers.
        """
        if not fields and not options:
            return set()
        try:
            self._put(contact_id, _body(fields) | options)
        except RefusedFieldsError as error:
            if not fields or (merge and isinstance(error, DuplicateError)):
                raise
            return self._put_without(contact_id, fields, options, error.fields & fields.keys())
        return set()

    def _put_without(self, contact_id: int, fields: Fields, options: Options, named: frozenset[str]) -> set[str]:
        """Leave out the named fields; where an answer names none, find them by halves."""
        if len(fields) == 1:
            named = frozenset(fields)
        if named:
            rest = {name: value for name, value in fields.items() if name not in named}
            return {*named} | self._put_fields(contact_id, rest, options)

        names = list(fields)
        first = {name: fields[name] for name in names[: len(names) // 2]}
        second = {name: fields[name] for name in names[len(names) // 2 :]}
        return self._put_fields(contact_id, first, options) | self._put_fields(contact_id, second, {})

    def _post(self, fields: Fields, options: Options) -> int:
        body = _body(fields) | options | {"updateEnabled": True, "getId": True}
        answer = self._brevo.ask(Call(group=CONTACTS, method="POST", path="/contacts", body=body))
        if answer is None:  # an update may be answered without the id, whatever getId is
            name = next(name for name in IDENTIFIERS if name in fields)
            kind = {"email": "email_id", "ext_id": "ext_id", "SMS": "phone_id"}[name]
            answer = self._get(quote(str(fields[name]), safe=""), kind)
        return _id_in(answer)

    def _with_existing_lists(self, options: Options) -> Options:
        """Return the options without lists that do not exist: somebody deleted them, or mistyped their number."""
        lists = [number for number in options[LISTS] if self._exists(f"/contacts/lists/{number}")]
        missing = sorted({*options[LISTS]} - {*lists})
        logger.error("a list does not exist in Brevo; check connectors.twilio_flex.lists", extra={"lists": missing})
        rest = {name: value for name, value in options.items() if name != LISTS}
        return rest | ({LISTS: lists} if lists and missing else {})

    def _exists(self, path: str) -> bool:
        try:
            return self._brevo.ask(Call(group=CONTACTS, method="GET", path=path)) is not None
        except NotThereError:
            return False

    def _get(self, identifier: str, kind: str) -> Any:  # noqa: ANN401  JSON
        params = {"identifierType": kind}
        return self._brevo.ask(Call(group=CONTACTS, method="GET", path=f"/contacts/{identifier}", params=params))

    def _put(self, contact_id: int, body: Mapping[str, Any]) -> None:
        params = {"identifierType": "contact_id"}
        path = f"/contacts/{contact_id}"
        self._brevo.ask(Call(group=CONTACTS, method="PUT", path=path, params=params, body=body))


def _saved(contact_id: int, left_out: set[str], options: Options) -> SavedContact:
    """Return what was saved, and log the names of the fields that were refused."""
    if identifiers := sorted(left_out & NAMES_OF_IDENTIFIERS):
        why = {"contact_id": contact_id, "identifiers": identifiers}
        logger.warning("Brevo is told without identifiers that it refuses", extra=why)
    if attributes := sorted(left_out - NAMES_OF_IDENTIFIERS):
        logger.warning("not kept: Brevo refuses it", extra={"contact_id": contact_id, "attributes": attributes})
    return SavedContact(contact_id, frozenset(left_out), frozenset(options.get(LISTS, ())))


def _options_of(contact: MarketingContact) -> Options:
    """Return lists to be added to, and smsBlacklisted: an update sets it and never clears it."""
    lists = {LISTS: list(contact.lists)} if contact.lists else {}
    return lists | ({"smsBlacklisted": True} if contact.opted_out else {})


def _body(fields: Fields) -> dict[str, Any]:
    own = {name: value for name, value in fields.items() if name in {"email", "ext_id"}}
    attributes = {name: value for name, value in fields.items() if name not in own}
    return own | ({"attributes": attributes} if attributes else {})


def _id_in(answer: Any) -> int:  # noqa: ANN401  JSON
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), int):
        raise UnavailableError(BREVO, "an answer holds no contact's id")
    return int(answer["id"])


def _to_json(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _shorten(value: object) -> object:
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) else value
