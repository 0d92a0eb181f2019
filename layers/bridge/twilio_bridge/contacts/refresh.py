"""Loading the whole base into the cache, one load at a time."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from twilio_bridge.contacts import templates
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import StaleOffsetError
from twilio_bridge.ports import ContactCache, ContactSource, Leases, Notes

LEASE = "contacts"
# Longer than the function may run, so that nobody begins while one still writes.
LEASE_S = 960
LISTINGS = 3


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load took in."""

    contacts: int
    templates: int


def load(
    source: ContactSource,
    cache: ContactCache,
    notes: Notes,
    leases: Leases,
    clock: Callable[[], float] = time.time,
) -> Loaded | None:
    """Take in everything; None where another load is running. Nothing is shown before all of it is read."""
    number = leases.acquire(LEASE, LEASE_S)
    if number is None:
        return None
    try:
        began_at = clock()
        texts = templates.read(source, notes)
        wanted = templates.columns(texts)
        contacts = [keep(contact, wanted) for contact in _listing(source)]
        cache.load(contacts, began_at, number)
        return Loaded(len(contacts), len(texts))
    finally:
        leases.release(LEASE, number)


def keep(contact: Contact, columns: Iterable[str]) -> Contact:
    """Give the contact with only those further columns that templates name, whatever their case."""
    wanted = {column.casefold() for column in columns}
    cells = {column: text for column, text in contact.cells.items() if column.casefold() in wanted}
    return replace(contact, cells=cells)


def _listing(source: ContactSource) -> list[Contact]:
    for _ in range(LISTINGS - 1):
        try:
            return [contact for page in source.pages() for contact in page]
        except StaleOffsetError:  # Airtable has forgotten where we were: from the start
            continue
    return [contact for page in source.pages() for contact in page]
