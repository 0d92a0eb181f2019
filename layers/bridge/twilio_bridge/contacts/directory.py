"""The company's contacts as workers and callbacks see them: the cache answers, the source knows.

A stale cache answers and starts a refresh; an empty one lets the source answer a first page. What a cache that is
not whole and fresh does not know is asked of the source once, and then remembered as unknown for a minute.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from twilio_bridge import deadline, phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact, is_record_id
from twilio_bridge.contacts.paging import Cursor, Page, parse_cursor, unpack_page
from twilio_bridge.contacts.ports import CacheState, ContactCache, ContactSource
from twilio_bridge.contacts.unknown import OWNER, keep_known
from twilio_bridge.errors import (
    BridgeError,
    DuplicateContactError,
    NotFoundError,
    RateLimitedError,
    StaleOffsetError,
    UpstreamError,
)
from twilio_bridge.logs import logger
from twilio_bridge.ports import Leases, Notes, Refresh

REMEMBER_UNKNOWN_S = 60
# As long as Airtable continues a listing, and longer than a worker scrolls.
REMEMBER_ANCHOR_S = 900
REMEMBER_ALIAS_S = 86_400
CREATING_S = 30
# A first page from the source is shared by all who ask for it while the load runs behind it.
ASKING_S = 8
REMEMBER_FIRST_PAGE_S = 60
# In all a little longer than whoever asks waits for its turn at the source.
FIRST_PAGE_WAITS_S = (0.25, 0.5, 1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Directory:
    """Contacts behind one door; `made_of` is the end of the fingerprint of a copy that is made as configured."""

    source: Callable[[], ContactSource]
    cache: ContactCache
    notes: Notes
    leases: Leases
    refresh: Refresh
    settings: schema.Contacts
    made_of: str = ""
    clock: Callable[[], float] = time.time

    def list_page(self, worker: str, size: int, token: str = "", anchor: str = "", query: str = "") -> Page:
        """Return a page of the contacts this worker may see: behind the token, else behind the anchor, else the first.

        An anchor that is not known gives an empty page: starting again would show everybody twice.
        """
        owner = None if self.settings.visibility == "all" else worker
        begin = self._begin(owner, token, anchor)
        if begin is None:
            return Page()
        if begin.offset:
            try:
                return self._from_source(owner, size, begin.offset)
            except StaleOffsetError:
                pass
            except UpstreamError:
                if self.cache.read_state().is_empty:  # else the cache knows how it goes on
                    raise
        page = self._from_cache(owner, size, begin.after, query)
        state = self.keep_fresh()  # the cache read its age along with the page
        if state.loaded_at is not None:
            logger.info("contacts listed", extra={"cache_age_s": round(self.clock() - state.loaded_at)})
            return page
        if query or begin.after:
            raise RateLimitedError("contact cache", 2)
        return self._first_page(owner, size)

    def get_contact(self, contact_id: str) -> Contact:
        """Return a contact by id, or raise NotFoundError."""
        if found := self.cache.get_contact(self.notes.read_note(f"alias {contact_id}") or contact_id):
            return found
        found = self._ask_for_id(contact_id)
        if found is None:
            raise NotFoundError("no such contact")
        if found.id != contact_id:
            self.notes.write_note(f"alias {contact_id}", found.id, REMEMBER_ALIAS_S)
        return found

    def get_visible(self, contact_id: str, worker: str) -> Contact:
        """Return a contact that this worker may see, or raise NotFoundError; one without owner is everybody's."""
        contact = self.get_contact(contact_id)
        if not self.may_see(contact, worker):
            raise NotFoundError("the contact belongs to another worker")
        return contact

    def may_see(self, contact: Contact, worker: str) -> bool:
        """Return whether a worker may open this contact: anybody may without an owner, nobody with an unknown one."""
        if self.settings.visibility == "all":
            return True
        is_nobodys = not contact.owners and OWNER not in contact.unread
        return is_nobodys or contact.is_owned_by(worker)

    def find_by_address(self, address: str) -> Contact | None:
        """Return the contact that is reached at this address, one with an owner first; None for a stranger."""
        everybody = self.find_all_by_address(address)
        return min(everybody, key=lambda contact: (not contact.owner, contact.order), default=None)

    def find_within(self, address: str, seconds: float) -> Contact | None:
        """Find, but take a contact for unknown where the source does not answer within `seconds`."""
        try:
            with deadline.limit(seconds):
                return self.find_by_address(address)
        except BridgeError as error:
            logger.warning("contact not looked up", extra={"reason": str(error)})
            return None

    def has_address(self, contact: Contact, address: str) -> bool:
        """Return whether this address is one of the contact's."""
        return bool(set(phone.list_spellings(phone.strip_channel(address))) & set(contact.addresses))

    def find_all_by_address(self, address: str, *, ask: bool = False) -> list[Contact]:
        """Return every contact that is reached at this address; with `ask` the source is asked about a stranger."""
        bare = phone.strip_channel(address)
        if not bare:
            return []
        found = {c.id: c for spelling in phone.list_spellings(bare) for c in self.cache.find_by_address(spelling)}
        if found:
            return list(found.values())
        if not (ask or self._may_ask(f"address {bare}")):
            return []
        asked_at = self.clock()
        return self._learn(f"address {bare}", self.source().find_by_address(bare), asked_at)

    def create_contact(self, contact: Contact) -> Contact:
        """Add a contact, or raise DuplicateContactError where one of its addresses belongs to somebody."""
        leases = {f"creating {address}": 0 for address in contact.addresses}
        try:
            for name in leases:
                leases[name] = self._lease(name)
            source = self.source()
            if any(source.find_by_address(address) for address in contact.addresses):
                raise DuplicateContactError("one of the addresses belongs to a contact")
            created = source.create_contact(contact)
            self.cache.put_contact(created)
            return created
        finally:
            for name, number in leases.items():
                self.leases.release(name, number)

    def delete_contact(self, contact_id: str) -> None:
        """Remove a contact at the source, then here."""
        self.source().delete_contact(contact_id)
        self.cache.remove_contact(contact_id)

    def set_opt_out(self, contact: Contact, out: bool) -> None:
        """Tick or clear a contact's opt-out at the source, then here."""
        changed = self.source().set_opt_out(contact.id, out)
        if changed is None:
            self.cache.remove_contact(contact.id)
        else:
            self.cache.put_contact(replace(contact, opt_out=changed.opt_out))  # the answer may lack a column

    def list_owners(self) -> list[str]:
        """Return the owners that contacts name."""
        return self.cache.list_owners()

    def keep_fresh(self) -> CacheState:
        """Start a refresh where the cache is stale or empty; give how old it is."""
        state = self.cache.read_state()
        if not self._is_fresh(state):
            with suppress(UpstreamError):  # the next caller asks again
                self.refresh.request_refresh()
        return state

    def _begin(self, owner: str | None, token: str, anchor: str) -> Cursor | None:
        if token:
            return parse_cursor(token)
        if not anchor:
            return Cursor()
        if sealed := self.notes.read_note(_anchor(owner, anchor)):
            return parse_cursor(sealed)
        position = self.cache.find_position(anchor)
        return Cursor(position) if position else None

    def _from_cache(self, owner: str | None, size: int, after: str, query: str) -> Page:
        is_search = bool(query.strip())
        look = self.cache.search_page
        found = look(owner, query, after, size + 1) if is_search else self.cache.list_page(owner, after, size + 1)
        shown = tuple(found[:size])
        return Page(shown, Cursor(shown[-1].order) if len(found) > size else None)

    def _from_source(self, owner: str | None, size: int, offset: str | None) -> Page:
        page = self.source().list_page(owner, size, offset)
        while page.offset and not page.contacts:  # all of that page were deleted meanwhile
            page = self.source().list_page(owner, size, page.offset)
        # An offset comes back from the app, so what it leads to is looked at, not trusted.
        shown = tuple(c for c in page.contacts if owner is None or c.is_owned_by(owner))
        if not (page.offset and shown):
            return Page(shown)
        following = Cursor(shown[-1].order, page.offset)
        self.notes.write_note(_anchor(owner, shown[-1].id), following.token, REMEMBER_ANCHOR_S)
        return Page(shown, following)

    def _first_page(self, owner: str | None, size: int) -> Page:
        """Return the first page of an empty cache: one caller asks the source, all others read what it got."""
        name = f"first page {owner or '*'} {size}"
        if packed := self.notes.read_note(name):
            return unpack_page(packed)
        if self.notes.claim_name(f"asking for {name}", ASKING_S):
            return self._ask_for(name, owner, size)
        for wait_s in FIRST_PAGE_WAITS_S:
            time.sleep(wait_s)
            if packed := self.notes.read_note(name):
                return unpack_page(packed)
        raise RateLimitedError("contact cache", 2)

    def _ask_for(self, name: str, owner: str | None, size: int) -> Page:
        try:
            page = self._from_source(owner, size, None)
        except BridgeError:
            self.notes.write_note(f"asking for {name}", "", 0)  # the next caller may ask
            raise
        with suppress(UpstreamError):  # others then ask themselves
            self.notes.write_note(name, page.packed, REMEMBER_FIRST_PAGE_S)
        return page

    def _may_ask(self, what: str) -> bool:
        return not self._is_fresh(self.keep_fresh()) and self.notes.read_note(f"unknown {what}") is None

    def _is_fresh(self, state: CacheState) -> bool:
        """Return whether the copy is young enough; one whose changes are not announced may grow older than others."""
        stale_after_s = self.settings.fresh_s if state.is_covered else self.settings.stale_after_s
        is_young = state.loaded_at is not None and self.clock() - state.loaded_at <= stale_after_s
        return is_young and state.origin.made_of.endswith(self.made_of)

    def _ask_for_id(self, contact_id: str) -> Contact | None:
        """Ask the source for an id; what is no record's id stands in the id column, which the cache does not hold."""
        what = f"id {contact_id}"
        is_unknown = self.notes.read_note(f"unknown {what}") is not None
        if is_unknown or (is_record_id(contact_id) and not self._may_ask(what)):
            return None
        asked_at = self.clock()
        found = self.source().get_contact(contact_id)
        return next(iter(self._learn(what, [found] if found else [], asked_at)), None)

    def _learn(self, what: str, found: Iterable[Contact], asked_at: float) -> list[Contact]:
        """Keep the source's answer, unless something was written here since it was asked."""
        contacts = keep_known(list(found), self.cache)
        if not contacts:
            self.notes.write_note(f"unknown {what}", "", REMEMBER_UNKNOWN_S)
        for contact in contacts:
            self.cache.put_contact(contact, asked_at)
        return contacts

    def _lease(self, name: str) -> int:
        number = self.leases.acquire(name, CREATING_S)
        if number is None:
            raise DuplicateContactError("a contact with this address is being created")
        return number


def _anchor(owner: str | None, contact_id: str) -> str:
    return f"anchor {owner or '*'} {contact_id}"
