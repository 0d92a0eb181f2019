"""Contacts' source and cache as plain dictionaries, under a clock that tests move; see `memory`."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.columns import Columns, list_configured
from twilio_bridge.contacts.contact import Contact, matches_query
from twilio_bridge.contacts.ports import CacheState, Origin, SourcePage, TemplateText
from twilio_bridge.errors import ColumnsGoneError, StaleOffsetError

MAX_CHANGES_COUNT = 500
NO_ORIGIN = Origin()


@dataclass
class Clock:
    """A clock that tests move."""

    offset: float = 0

    def now(self) -> float:
        """Return epoch seconds, moved by `offset`."""
        return time.time() + self.offset


class FakeSource:
    """The port ContactSource over a dictionary; `failure`, where set, is raised by every call."""

    def __init__(self, contacts: Iterable[Contact] = (), templates: Iterable[TemplateText] = ()) -> None:
        self.contacts = {contact.id: contact for contact in contacts}
        self.texts = list(templates)
        self.failure: Exception | None = None
        self.calls = 0
        self.absent: set[str] = set()
        self.columns: Columns | None = None
        self.changed_at: dict[str, str] = {}
        self._listings: dict[str, list[str]] = {}

    def find_columns(self, further: Collection[str] = ()) -> Columns:
        """Return all columns of the defaults but the `absent` ones."""
        self._count_call()
        configured = list_configured(schema.Contacts())
        present = (configured | frozenset(further)) - self.absent
        return Columns(present, configured & self.absent, frozenset(further), time.time())

    def use_columns(self, columns: Columns) -> None:
        """Read these columns: a listing fails where one is absent."""
        self.columns = columns

    def list_page(self, owner: str | None, size: int, offset: str | None = None) -> SourcePage:
        """Return one page; the listing's order and members stay as they were at its first page."""
        self._begin()
        number, _, start = (offset or f"{len(self._listings)}/0").partition("/")
        if offset is None:
            self._listings[number] = [contact.id for contact in self._of(owner)]
        if number not in self._listings or not start.isdecimal():
            raise StaleOffsetError("memory", "the listing has expired")
        end = int(start) + size
        listed = [self.contacts[key] for key in self._listings[number][int(start) : end] if key in self.contacts]
        more = end < len(self._listings[number])
        return SourcePage(tuple(listed), f"{number}/{end}" if more else None)

    def forget_listings(self) -> None:
        """Let every offset expire."""
        self._listings.clear()

    def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
        """Return all contacts, a hundred at a time."""
        while True:
            page = self.list_page(None, 100, offset or None)
            yield page
            if not (offset := page.offset or ""):
                return

    def list_changed(self, moment: str) -> Iterator[tuple[Contact, ...]]:
        """Return those whose `changed_at` is later."""
        self._begin()
        yield tuple(c for c in self.contacts.values() if self.changed_at.get(c.id, "") > moment)

    @property
    def latest_change(self) -> str:
        """The latest `changed_at`."""
        return max(self.changed_at.values(), default="")

    def get_contact(self, contact_id: str) -> Contact | None:
        """Return a contact by id."""
        self._begin()
        return self.contacts.get(contact_id)

    def get_contacts(self, contact_ids: Sequence[str]) -> list[Contact]:
        """Return those that are there."""
        self._begin()
        return [self.contacts[contact_id] for contact_id in contact_ids if contact_id in self.contacts]

    def find_by_address(self, number: str) -> list[Contact]:
        """Return the contacts with this address."""
        self._begin()
        same = set(phone.list_spellings(number))
        return [contact for contact in self.contacts.values() if same & set(contact.addresses)]

    def create_contact(self, contact: Contact) -> Contact:
        """Add a contact under a new id."""
        self._begin()
        created = replace(contact, id=f"rec{len(self.contacts):014}")
        self.contacts[created.id] = created
        return created

    def delete_contact(self, contact_id: str) -> None:
        """Remove a contact."""
        self._begin()
        self.contacts.pop(contact_id, None)

    def set_opt_out(self, contact_id: str, opted_out: bool) -> Contact | None:
        """Tick or clear the opt-out."""
        self._begin()
        if contact_id in self.contacts:
            self.contacts[contact_id] = replace(self.contacts[contact_id], opt_out=opted_out)
        return self.contacts.get(contact_id)

    def list_templates(self) -> list[TemplateText]:
        """Return the templates."""
        self._begin()
        return list(self.texts)

    def _begin(self) -> None:
        self._count_call()
        asked = self.columns.present if self.columns else list_configured(schema.Contacts())
        if self.columns and asked & self.absent:
            raise ColumnsGoneError("memory", asked & self.absent)

    def _count_call(self) -> None:
        self.calls += 1
        if self.failure:
            raise self.failure

    def _of(self, owner: str | None) -> list[Contact]:
        mine = (c for c in self.contacts.values() if owner is None or c.is_owned_by(owner))
        return sorted(mine, key=lambda contact: contact.order)


class FakeCache:
    """The port ContactCache over dictionaries."""

    def __init__(self, clock: "Clock | None" = None) -> None:
        self._clock = clock or Clock()
        self._contacts: dict[str, Contact] = {}
        self._keys: dict[str, tuple[str, float]] = {}
        self._written: dict[str, tuple[float, Contact | None]] = {}
        self._lease = 0
        self._state = CacheState(None)
        self._owners: list[str] = []
        self._changes = 0

    def read_state(self) -> CacheState:
        """Tell when the last whole load began."""
        return self._state

    def list_page(self, owner: str | None, after: str, limit: int) -> list[Contact]:
        """Return a part of a list."""
        return [contact for contact in self._everything(owner) if contact.order > after][:limit]

    def search_page(self, owner: str | None, query: str, after: str, limit: int) -> list[Contact]:
        """Return a part of what the query finds in a list."""
        return [
            contact for contact in self.list_page(owner, after, len(self._contacts)) if matches_query(contact, query)
        ][:limit]

    def _everything(self, owner: str | None) -> list[Contact]:
        mine = (c for c in self._contacts.values() if owner is None or _listed_under(c, owner))
        return sorted(mine, key=lambda contact: contact.order)

    def get_contact(self, contact_id: str) -> Contact | None:
        """Return a contact by id."""
        return self._contacts.get(contact_id)

    def get_contacts(self, contact_ids: Collection[str]) -> list[Contact]:
        """Return those that are here."""
        return [self._contacts[contact_id] for contact_id in contact_ids if contact_id in self._contacts]

    def find_by_address(self, number: str) -> list[Contact]:
        """Return the contacts with this address."""
        return sorted((c for c in self._contacts.values() if number in c.addresses), key=lambda c: c.order)

    def find_position(self, contact_id: str) -> str | None:
        """Return a contact's key, for a day also that of a deleted one."""
        if contact := self._contacts.get(contact_id):
            return contact.order
        key, until = self._keys.get(contact_id, ("", 0.0))
        return key if until > self._clock.now() else None

    def list_owners(self) -> list[str]:
        """Return the owners as the last load found them."""
        return self._owners

    def put_contact(self, contact: Contact, read_at: float | None = None) -> None:
        """Take in one contact."""
        if read_at is not None and self._written.get(contact.id, (0.0, None))[0] > read_at:
            return
        self._contacts[contact.id] = contact
        self._written[contact.id] = (self._clock.now() if read_at is None else read_at, contact)

    def remove_contact(self, contact_id: str) -> None:
        """Take out one contact."""
        if contact := self._contacts.pop(contact_id, None):
            self._keys[contact_id] = (contact.order, self._clock.now() + 86_400)
        self._written[contact_id] = (self._clock.now(), None)

    def confirm_webhook_read(self, moment: float, changed: Sequence[Contact] = ()) -> None:
        """Note until when the webhook has been read."""
        self._changes += len(changed)
        if self._state.loaded_at is not None and self._state.loaded_at < moment:
            self._state = replace(self._state, loaded_at=moment, is_covered=True)
        self._state = replace(self._state, has_many_changes=self._changes > MAX_CHANGES_COUNT)

    def apply_changes(self, changed: Sequence[Contact], began_at: float, number: int, newest: str | None = None) -> int:
        """Take in what has changed, unless it was written since."""
        if self._state.is_empty or number < self._lease:
            return 0
        since = {contact_id for contact_id, (at, _) in self._written.items() if at > began_at}
        differing = [c for c in changed if c.id not in since and self._contacts.get(c.id) != c]
        for contact in differing:
            self._contacts[contact.id] = contact
            self._written[contact.id] = (began_at, contact)
        if newest is not None:
            self._lease, self._state = number, replace(self._state, loaded_at=began_at, newest=newest, lease=number)
        return len(differing)

    def fold_changes(self, number: int) -> None:
        """Count none beside the chunks any more."""
        self._changes, self._lease = 0, number
        self._state = replace(self._state, has_many_changes=False, lease=number)

    def holds_value(self, field: str) -> bool:
        """Return whether any contact has a value in this field."""
        return any(getattr(contact, field) for contact in self._contacts.values())

    def replace_all(
        self, contacts: Sequence[Contact], began_at: float, number: int, newest: str = "", origin: Origin = NO_ORIGIN
    ) -> int:
        """Take in a whole load; what was written since it began stays."""
        if number < self._lease:
            return 0
        before, self._lease, self._changes = self._contacts, number, 0
        self._state = CacheState(began_at, began_at, newest, len(contacts), origin=origin, lease=number)
        self._contacts = {contact.id: contact for contact in contacts}
        self._owners = sorted({owner for contact in contacts for owner in contact.owners})
        places = {contact.id: (contact.order, {*contact.owners}) for contact in contacts}
        moved = sum(places.pop(c.id, None) != (c.order, {*c.owners}) for c in before.values()) + len(places)
        for gone in before.keys() - self._contacts.keys():
            self._keys[gone] = (before[gone].order, self._clock.now() + 86_400)
        for contact_id, (at, contact) in self._written.items():
            if at >= began_at and contact:
                self._contacts[contact_id] = contact
            elif at >= began_at:
                self._contacts.pop(contact_id, None)
        return moved


def _listed_under(contact: Contact, owner: str) -> bool:
    return owner.strip().casefold() in {each.strip().casefold() for each in contact.owners or ("",)}
