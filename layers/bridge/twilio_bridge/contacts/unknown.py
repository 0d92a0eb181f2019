"""Cells that could not be read: what was known of them stays.

The base answers an error, or a link without text, in a cell whose value somebody needs. An owner that was known is
kept; where none ever was, nobody may see the contact. An opt-out that cannot be read blocks, see `cells`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import ContactCache

OWNER = "owner"


def keep_known(contacts: Sequence[Contact], cache: ContactCache) -> list[Contact]:
    """Return the contacts, those whose owner could not be read with the owners that the cache has."""
    unread = [contact.id for contact in contacts if OWNER in contact.unread]
    if not unread:
        return list(contacts)
    known = {contact.id: contact for contact in cache.get_contacts(unread)}
    return [_keep_owners(contact, known.get(contact.id)) for contact in contacts]


def _keep_owners(contact: Contact, known: Contact | None) -> Contact:
    if OWNER not in contact.unread or known is None or OWNER in known.unread:
        return contact
    unread = tuple(name for name in contact.unread if name != OWNER)
    return replace(contact, owner=known.owner, co_owners=known.co_owners, unread=unread)


def count_problems(contacts: Iterable[Contact]) -> dict[str, int]:
    """Return how often each problem occurs, such as `owner: error`."""
    counts: dict[str, int] = {}
    for problem in (problem for contact in contacts for problem in contact.problems):
        counts[problem] = counts.get(problem, 0) + 1
    return counts
