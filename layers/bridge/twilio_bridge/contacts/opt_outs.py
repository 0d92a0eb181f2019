"""People who do not want to be written to.

What a person says is written down first, by address, and obeyed from there at once. Then Airtable is told; from then
on the record's opt-out says what holds for that contact, so that the company can change it there.
"""

from collections.abc import Iterable
from dataclasses import replace

from twilio_bridge import deadline, phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.logs import logger, where
from twilio_bridge.ports import OptOut, OptOuts, Outbox

# How long a webhook tries to tell Airtable itself, and what it keeps for the queue where that fails.
DIRECT_TRY_S = 2.5
TIME_TO_QUEUE_S = 1.0


def word_in(body: str, words: schema.OptOut) -> bool | None:
    """Tell what a message says: out (True), in again (False), or neither (None)."""
    said = _plain(body)
    if not said:
        return None
    if said in map(_plain, words.words):
        return True
    return False if said in map(_plain, words.opt_in_words) else None


def _plain(text: str) -> str:
    return text.strip().strip(".!\"' \t\r\n").casefold()


def hear(address: str, out: bool, at: float, directory: Directory, opt_outs: OptOuts, outbox: Outbox) -> None:
    """Write down what a person said, then tell Airtable, now if it can be, else through its queue; Brevo through its.

    One that cannot be told keeps the other one from nothing.
    """
    number = phone.bare(address)
    if opt_outs.record(number, out, at) is None:
        return
    try:
        with deadline.limit(deadline.seconds_left(DIRECT_TRY_S + TIME_TO_QUEUE_S) - TIME_TO_QUEUE_S):
            deliver(number, directory, opt_outs)
    except Exception as error:  # noqa: BLE001  whatever it was, the word must reach Airtable
        outbox.enqueue_airtable_delivery(number)
        logger.warning("opt-out queued", extra=where(error))
    finally:
        outbox.enqueue_brevo_delivery(number)


def deliver(address: str, directory: Directory, opt_outs: OptOuts) -> int:
    """Tell Airtable what the people at an address last said, at any address of theirs; give how many were told."""
    if not opt_outs.of([address]):
        return 0
    return sum(_tell(contact, address, directory, opt_outs) for contact in directory.find_all(address, ask=True))


def _tell(contact: Contact, address: str, directory: Directory, opt_outs: OptOuts) -> bool:
    """Write a person's latest word into their record; a later one that came meanwhile goes over it."""
    said = _said_by([contact], address, opt_outs)
    latest = latest_of(said)
    if latest is None or all(contact.id in word.told for word in said):
        return False
    if contact.id not in latest.told and (latest.out or contact.opt_out):  # an ordinary "Yes" changes no record
        directory.set_opt_out(contact, latest.out)
    while not all([opt_outs.mark_delivered(word, [contact.id]) for word in said]):  # noqa: C419  all of them are marked
        said = _said_by([contact], address, opt_outs)
        if later := latest_of(said):
            directory.set_opt_out(contact, later.out)
    return True


def is_out(contact: Contact | None, address: str, opt_outs: OptOuts) -> bool:
    """Return whether this person must not be written to, by their latest word or their record."""
    return decide(contact, _said_by([contact] if contact else [], address, opt_outs))


def anybody_is_out(people: Iterable[Contact], address: str, opt_outs: OptOuts) -> bool:
    """Return whether anybody at this address must not be written to; with nobody known, by what was said there."""
    known: list[Contact | None] = [*people]
    return any(is_out(person, address, opt_outs) for person in known or [None])


def decide(contact: Contact | None, said: Iterable[OptOut]) -> bool:
    """Weigh words against the record: the latest word counts until the contact's record says the same.

    An opt-in speaks only against an opt-out that we wrote ourselves: what the company ticked stands until Airtable
    has been told.
    """
    latest = latest_of(said)
    if contact is None:
        return latest is not None and latest.out
    if latest is None or contact.id in latest.told:
        return contact.opt_out
    return latest.out or (contact.opt_out and contact.id not in latest.ticked)


def write_into(contact: Contact, opt_outs: OptOuts) -> Contact:
    """Return a new contact the opt-out of whoever has its addresses."""
    return replace(contact, opt_out=contact.opt_out or decide(None, _said_by([contact], "", opt_outs)))


def is_written_into(contact: Contact, opt_outs: OptOuts) -> None:
    """Write down that a new contact's record says what was said at its addresses."""
    for word in _said_by([contact], "", opt_outs):
        if word.out == contact.opt_out:
            opt_outs.mark_delivered(word, [contact.id])


def latest_of(said: Iterable[OptOut]) -> OptOut | None:
    """Return the word that counts; of two at one moment, out is safer."""
    return max(said, key=lambda word: (word.at, word.out), default=None)


def _said_by(people: Iterable[Contact], address: str, opt_outs: OptOuts) -> list[OptOut]:
    return said_at([phone.bare(address), *(own for person in people for own in person.addresses)], opt_outs)


def said_at(addresses: Iterable[str], opt_outs: OptOuts) -> list[OptOut]:
    """Return what was said at these addresses, whichever number their phones are known under."""
    return opt_outs.of(spelling for address in addresses if address for spelling in phone.spellings(address))
