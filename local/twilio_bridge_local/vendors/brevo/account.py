"""A Brevo account in memory: contacts, lists, attributes and timelines; for the server and for tests that look in.

Contacts and entries are frozen and replaced as a whole, so whoever holds one may read it without a lock.
Everything else happens under the account's lock, which the server holds for the length of a request.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from twilio_bridge_local.vendors.brevo.attributes import BUILT_IN, Attribute

Unresolved = Literal["keep", "refuse", "create"]
# How a clash of identifiers is worded: with its metadata, without it, as older accounts saw it, or naming no field.
DuplicateStyle = Literal["metadata", "sentence", "older", "unnamed"]


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact; SMS, WHATSAPP and LANDLINE_NUMBER stand among the attributes, as digits."""

    id: int
    created_at: datetime
    modified_at: datetime
    email: str | None = None
    ext_id: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)
    list_ids: tuple[int, ...] = ()
    email_blacklisted: bool = False
    sms_blacklisted: bool = False

    def identifier(self, name: str) -> object:
        """The value of an identifier by the name that `duplicate_identifiers` has for it; None without one."""
        own = name in {"id", "email", "ext_id"}
        return getattr(self, name) if own else self.attributes.get(name)


@dataclass(frozen=True, slots=True)
class ContactList:
    """A list that contacts can be on; who is on it stands with the contacts."""

    id: int
    name: str
    created_at: datetime
    folder_id: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it was accepted; `contact_id` is None where its identifiers were nobody's."""

    number: int
    contact_id: int | None
    event_name: str
    event_date: datetime
    received_at: datetime
    identifiers: Mapping[str, object]
    event_properties: Mapping[str, object]
    contact_properties: Mapping[str, object]
    object_type: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A value that was dropped silently; only the stand-in shows it."""

    attribute: str
    value: object
    reason: Literal["unknown", "type", "computed"]


@dataclass
class Account:
    """The account's content and how it behaves where Brevo's documentation is silent or changed.

    Attributes:
        now: The calendar, which tests may move.
        duplicate_code: The code of a clash: duplicate_parameter, or invalid_parameter as in May 2026.
        duplicate_style: How a clash is worded.
        unresolved_events: What happens to an event that is nobody's: kept with 204, refused with 400, or a
            contact is created for it.
        events_visible_after_s: How long an accepted event is missing from GET /events.
        ignored: Values that were dropped because of their attribute.
        unresolved: Events that were accepted but are nobody's.
    """

    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    duplicate_code: str = "duplicate_parameter"
    duplicate_style: DuplicateStyle = "metadata"
    unresolved_events: Unresolved = "keep"
    events_visible_after_s: float = 0.0
    contacts: dict[int, Contact] = field(default_factory=dict)
    lists: dict[int, ContactList] = field(default_factory=dict)
    attributes: dict[str, Attribute] = field(default_factory=lambda: {a.name: a for a in BUILT_IN})
    entries: list[Entry] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self._last_id = 0
        self._last_list_id = 0

    def clear(self) -> None:
        """Forget all that the account holds, its own attributes and lists too."""
        with self.lock:
            for kept in (self.contacts, self.lists, self.attributes, self.entries, self.ignored):
                kept.clear()
            self.add_attributes(BUILT_IN)
            self._last_list_id = 0

    @property
    def unresolved(self) -> list[Entry]:
        """Events that were accepted but are on no timeline."""
        return [entry for entry in self.entries if entry.contact_id is None]

    def timeline(self, contact_id: int) -> list[Entry]:
        """The events of a contact, in the order in which they were accepted."""
        return [entry for entry in self.entries if entry.contact_id == contact_id]

    def contact(self, name: str, value: object) -> Contact | None:
        """The contact with this identifier: id, email, ext_id, SMS, WHATSAPP or LANDLINE_NUMBER."""
        if name == "id":
            return self.contacts.get(value) if isinstance(value, int) else None
        with self.lock:
            return next((c for c in self.contacts.values() if value and c.identifier(name) == value), None)

    def add_list(self, name: str) -> ContactList:
        """A new list, empty."""
        self._last_list_id = max(self._last_list_id, *self.lists, 0) + 1
        made = ContactList(self._last_list_id, name, self.now())
        self.lists[made.id] = made
        return made

    def add_attributes(self, attributes: Iterable[Attribute]) -> None:
        """More attributes, in place of those of the same name."""
        self.attributes.update({attribute.name: attribute for attribute in attributes})

    def new_contact(self) -> Contact:
        """A contact with a number of its own that is not kept yet."""
        self._last_id += 1
        return Contact(self._last_id, self.now(), self.now())

    def keep(self, contact: Contact) -> Contact:
        """Put the contact in the place of the one with its id, as modified now."""
        self.contacts[contact.id] = kept = replace(contact, modified_at=self.now())
        return kept

    def merge(self, merged: Iterable[Contact]) -> Contact:
        """The contact that was modified last; it takes over the others' timelines, and they are gone.

        Whose values win is documented only so far as this one stays; it has the others' lists here, not
        their attributes. https://developers.brevo.com/reference/create-contact
        """
        survivor, *others = sorted(merged, key=lambda contact: (contact.modified_at, contact.id), reverse=True)
        gone = {other.id for other in others}
        for contact_id in gone:
            del self.contacts[contact_id]
        self.entries[:] = [replace(e, contact_id=survivor.id) if e.contact_id in gone else e for e in self.entries]
        on = dict.fromkeys(number for one in (survivor, *others) for number in one.list_ids)
        return replace(survivor, list_ids=tuple(on))

    def visible(self) -> list[Entry]:
        """The events that GET /events shows by now."""
        latest = self.now() - timedelta(seconds=self.events_visible_after_s)
        return [e for e in self.entries if e.contact_id is not None and e.received_at <= latest]


def iso(moment: datetime) -> str:
    """The way Brevo writes a time: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
