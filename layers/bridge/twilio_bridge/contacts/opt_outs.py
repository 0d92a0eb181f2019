"""Opt-out requests: people who are not to be written to.

A request is written to SyncState by address first, and holds from there at once. Then it is delivered to Airtable;
from then on the record's opt-out decides for that contact, so that the company can change it there.
"""

from collections.abc import Iterable
from dataclasses import replace

from twilio_bridge import deadline, phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.ports import OptOut, OptOuts, Outbox

# How long a webhook tries to write to Airtable itself, and what it keeps for the queue where that fails.
DIRECT_TRY_S = 2.5
TIME_TO_QUEUE_S = 1.0


def parse_request(body: str, keywords: schema.OptOut) -> bool | None:
    """Return what a message asks for: out (True), in again (False), or neither (None)."""
    text = _plain(body)
    if not text:
        return None
    if text in map(_plain, keywords.words):
        return True
    return False if text in map(_plain, keywords.opt_in_words) else None


def _plain(text: str) -> str:
    return text.strip().strip(".!\"' \t\r\n").casefold()


def record_request(address: str, out: bool, at: float, directory: Directory, opt_outs: OptOuts, outbox: Outbox) -> None:
    """Write a person's request, then deliver it: to Airtable now if possible, else by its queue; to Brevo by its queue.

    A failure of one delivery does not prevent the other.
    """
    number = phone.strip_channel(address)
    if opt_outs.record_request(number, out, at) is None:
        return

    try:
        with deadline.limit(deadline.seconds_left(DIRECT_TRY_S + TIME_TO_QUEUE_S) - TIME_TO_QUEUE_S):
            deliver_request(number, directory, opt_outs)
    except Exception as error:  # noqa: BLE001  whatever it was, the request must reach Airtable
        outbox.enqueue_airtable_opt_out(number)
        logger.warning("opt-out queued", extra=describe_error(error))
    finally:
        outbox.enqueue_brevo_opt_out(number)


def deliver_request(address: str, directory: Directory, opt_outs: OptOuts) -> int:
    """Write the latest request of each person at an address into their record; return how many records were written.

    A person's latest request may stand at another address of theirs.
    """
    if not opt_outs.find_requests([address]):
        return 0
    people = directory.find_all_by_address(address, ask=True)
    return sum(_write_to_record(contact, address, directory, opt_outs) for contact in people)


def _write_to_record(contact: Contact, address: str, directory: Directory, opt_outs: OptOuts) -> bool:
    """Write a person's latest request into their record; a later one that came meanwhile is written over it."""
    requests = _requests_of([contact], address, opt_outs)
    latest = find_latest(requests)
    if latest is None or all(contact.id in request.delivered_to for request in requests):
        return False

    is_new = contact.id not in latest.delivered_to
    if is_new and (latest.out or contact.opt_out):  # an ordinary "Yes" changes no record
        directory.set_opt_out(contact, latest.out)

    while not _mark_all_delivered(requests, contact, opt_outs):
        requests = _requests_of([contact], address, opt_outs)
        if later := find_latest(requests):
            directory.set_opt_out(contact, later.out)
    return True


def _mark_all_delivered(requests: Iterable[OptOut], contact: Contact, opt_outs: OptOuts) -> bool:
    """Return whether no later request came in between; every one is marked, also behind one that is outdated."""
    marked = [opt_outs.mark_delivered(request, [contact.id]) for request in requests]
    return all(marked)


def is_opted_out(contact: Contact | None, address: str, opt_outs: OptOuts) -> bool:
    """Return whether this person must not be written to, by their latest request or their record."""
    return decide_opted_out(contact, _requests_of([contact] if contact else [], address, opt_outs))


def is_anybody_opted_out(people: Iterable[Contact], address: str, opt_outs: OptOuts) -> bool:
    """Return whether anybody at this address must not be written to; with nobody known, by the requests there."""
    known: list[Contact | None] = [*people]
    return any(is_opted_out(person, address, opt_outs) for person in known or [None])


def decide_opted_out(contact: Contact | None, requests: Iterable[OptOut]) -> bool:
    """Weigh requests against the record: the latest request counts until the contact's record agrees with it.

    An opt-in lifts only an opt-out that we wrote ourselves: what the company ticked stands until Airtable's record
    has the opt-in.
    """
    latest = find_latest(requests)
    if contact is None:
        return latest is not None and latest.out
    if latest is None or contact.id in latest.delivered_to:
        return contact.opt_out
    return latest.out or (contact.opt_out and contact.id not in latest.opt_out_delivered_to)


def apply_requests(contact: Contact, opt_outs: OptOuts) -> Contact:
    """Return a new contact with the opt-out of whoever has its addresses."""
    requests = _requests_of([contact], "", opt_outs)
    return replace(contact, opt_out=contact.opt_out or decide_opted_out(None, requests))


def mark_applied(contact: Contact, opt_outs: OptOuts) -> None:
    """Mark the requests at a new contact's addresses as delivered, where its record agrees with them."""
    for request in _requests_of([contact], "", opt_outs):
        if request.out == contact.opt_out:
            opt_outs.mark_delivered(request, [contact.id])


def find_latest(requests: Iterable[OptOut]) -> OptOut | None:
    """Return the request that counts; of two at one moment, out is safer."""
    return max(requests, key=lambda request: (request.at, request.out), default=None)


def find_requests(addresses: Iterable[str], opt_outs: OptOuts) -> list[OptOut]:
    """Return the requests at these addresses, under every number that reaches the same phone."""
    known = [address for address in addresses if address]
    return opt_outs.find_requests(spelling for address in known for spelling in phone.list_spellings(address))


def _requests_of(people: Iterable[Contact], address: str, opt_outs: OptOuts) -> list[OptOut]:
    own = [own for person in people for own in person.addresses]
    return find_requests([phone.strip_channel(address), *own], opt_outs)
