"""Opt-out requests: people who are not to be written to.

A request is written to SyncState by address first, and holds from there at once. Then it is delivered to Airtable;
from then on the record's opt-out decides for that contact, so that the company can change it there.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from twilio_bridge import deadline, phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact, fold_text
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.errors import BridgeError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.ports import OptOut, OptOuts, Outbox

# How long a webhook tries to write to Airtable itself, and what it keeps for the queue where that fails.
DIRECT_TRY_S = 2.5
TIME_TO_QUEUE_S = 1.0
# The systems that requests are sent to; BREVO stands among those whose record has a request, too.
AIRTABLE, BREVO = "airtable", "brevo"
# A request that a system cannot take yet is sent again after as long as it is old, between these.
MIN_POSTPONED_S, MAX_POSTPONED_S = 3600, 30 * 86_400
OPT_OUT_TYPES = {"STOP": True, "START": False}
# Letters by their category, and yet nothing is seen of them.
FILLERS = "\u115f\u1160\u3164\uffa0"


def read_request(body: str, opt_out_type: str, keywords: schema.OptOut) -> bool | None:
    """Return what a message asks for; Twilio's own `OptOutType` counts before any keyword.

    https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out: `OptOutType` is STOP, START or HELP.
    """
    if kind := opt_out_type.strip().upper():
        return OPT_OUT_TYPES.get(kind)
    return parse_request(body, keywords)


def parse_request(body: str, keywords: schema.OptOut) -> bool | None:
    """Return what a message's text asks for: out (True), in again (False), or neither (None).

    The keyword stands alone, in any case, with or without accents, quotes, punctuation, emoji and invisible characters.
    A keyword for opting out may be written in two parts: 47 CFR 64.1200(a)(10) has "opt out".
    """
    text = _plain(body)
    if not text:
        return None
    words = [part for part in re.split(r"[\s-]+", text) if part]
    joined = "".join(words) if len(words) == 2 else text  # noqa: PLR2004
    if {text, joined} & {_plain(keyword) for keyword in keywords.words}:
        return True
    return False if text in map(_plain, keywords.opt_in_words) else None


def _plain(text: str) -> str:
    """Return a text without what is not to be seen and what stands around its letters; of emoji alone, these."""
    seen = [character for character in text if not _is_invisible(character)]
    folded = fold_text("".join(seen))
    words = re.sub(r"^[\W_]+|[\W_]+$", "", folded)
    return words or "".join(character for character in seen if unicodedata.category(character) == "So")


def _is_invisible(character: str) -> bool:
    is_hidden = unicodedata.category(character) in {"Cf", "Mn", "Me"} and not unicodedata.combining(character)
    return is_hidden or character in FILLERS


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
    if not requests or all(contact.id in request.delivered_to for request in requests):
        return False

    contact = _apply_latest(contact, requests, directory, opt_outs)
    while not _mark_all_delivered(requests, contact, opt_outs):
        requests = _requests_of([contact], address, opt_outs)
        contact = _apply_latest(contact, requests, directory, opt_outs)
    return True


def _apply_latest(contact: Contact, requests: list[OptOut], directory: Directory, opt_outs: OptOuts) -> Contact:
    """Set or lift the record's opt-out where the latest request differs from it; return the contact as it is then.

    An opt-in lifts only what an opt-out here has set, never what the company ticked itself.
    """
    latest = find_latest(_without_shared(requests, directory))
    if latest is None or (contact.id in latest.delivered_to and latest.out == contact.opt_out):
        return contact
    if latest.out:
        return _set(contact, latest, directory, opt_outs)
    if contact.opt_out and _is_ours(contact, requests):
        directory.set_opt_out(contact, out=False)
        for request in requests:
            opt_outs.mark_set(request, contact.id, is_set=False)
        return replace(contact, opt_out=False)
    return contact


def _set(contact: Contact, request: OptOut, directory: Directory, opt_outs: OptOuts) -> Contact:
    """Tick the record; that the tick is ours is written before, for the answer may get lost."""
    if contact.id in request.delivered_to:  # the company has lifted it since
        return contact
    if not contact.opt_out and not opt_outs.mark_set(request, contact.id, is_set=True):
        return contact  # a later request is stored by now
    directory.set_opt_out(contact, out=True)
    return replace(contact, opt_out=True)


def _is_ours(contact: Contact, requests: Iterable[OptOut]) -> bool:
    return any(contact.id in request.records_set for request in requests)


def _mark_all_delivered(requests: Iterable[OptOut], contact: Contact, opt_outs: OptOuts) -> bool:
    """Return whether no later request came in between; every one is marked, also behind one that is outdated."""
    marked = [opt_outs.mark_delivered(request, [contact.id]) for request in requests]
    return all(marked)


def is_opted_out(contact: Contact | None, address: str, opt_outs: OptOuts, directory: Directory) -> bool:
    """Return whether this person must not be written to, by their latest request or their record."""
    requests = _requests_of([contact] if contact else [], address, opt_outs)
    return decide_opted_out(contact, _without_shared(requests, directory))


def is_anybody_opted_out(people: Iterable[Contact], address: str, opt_outs: OptOuts, directory: Directory) -> bool:
    """Return whether anybody at this address must not be written to; with nobody known, by the requests there."""
    known: list[Contact | None] = [*people]
    return any(is_opted_out(person, address, opt_outs, directory) for person in known or [None])


def decide_opted_out(contact: Contact | None, requests: Sequence[OptOut]) -> bool:
    """Weigh requests against the record: the latest request counts until the contact's record agrees with it.

    An opt-in lifts only an opt-out that a request has set: what the company ticked stands until the company lifts it.
    """
    latest = find_latest(requests)
    if contact is None:
        return latest is not None and latest.out
    if "opt_out" in contact.unread:  # the record's own state is not known, so it lifts nothing
        return contact.opt_out or (latest is not None and latest.out)
    if latest is None or contact.id in latest.delivered_to:
        return contact.opt_out
    return latest.out or (contact.opt_out and not _is_ours(contact, requests))


def _without_shared(requests: list[OptOut], directory: Directory) -> list[OptOut]:
    """Leave out opt-ins at an address of several people, where one of a person's other addresses opted out.

    Whoever wrote "Yes" from a shared number, it need not be the one who wrote STOP from a number of their own.
    """
    kept = list(requests)
    while (latest := find_latest(kept)) and not latest.out:
        elsewhere = [request for request in kept if request.out and request.address != latest.address]
        if not elsewhere or not _is_shared(latest.address, directory):
            break
        kept.remove(latest)
    return kept


def _is_shared(address: str, directory: Directory) -> bool:
    try:
        return len(directory.find_all_by_address(address)) > 1
    except BridgeError as error:
        logger.warning("address not looked up", extra={"reason": str(error)})
        return True  # the safe reading: an opt-out stands


def apply_requests(contact: Contact, opt_outs: OptOuts, directory: Directory) -> Contact:
    """Return a new contact with the opt-out of whoever has its addresses."""
    requests = _without_shared(_requests_of([contact], "", opt_outs), directory)
    return replace(contact, opt_out=contact.opt_out or decide_opted_out(None, requests))


def mark_applied(contact: Contact, opt_outs: OptOuts) -> None:
    """Mark the requests at a new contact's addresses as delivered, where its record agrees with them."""
    for request in _requests_of([contact], "", opt_outs):
        if request.out == contact.opt_out:
            opt_outs.mark_delivered(request, [contact.id])
        if request.out and contact.opt_out:
            opt_outs.mark_set(request, contact.id, is_set=True)


def postpone_requests(address: str, system: str, opt_outs: OptOuts, now: float) -> None:
    """Have what was requested at an address sent to a system that is not configured yet (`now` in epoch s)."""
    for request in opt_outs.find_requests([address]):
        postpone_request(request, system, opt_outs, now)


def postpone_request(request: OptOut, system: str, opt_outs: OptOuts, now: float) -> None:
    """Have a request sent to `system` again later: it does not know the number yet, or is not configured yet."""
    wait_s = min(max(now - request.at, MIN_POSTPONED_S), MAX_POSTPONED_S)
    opt_outs.postpone(request.address, system, now + wait_s)


def settle_request(request: OptOut, system: str, opt_outs: OptOuts, now: float) -> None:
    """End the postponement of a request that `system` has; a young one was never postponed."""
    if now - request.at >= MIN_POSTPONED_S:
        opt_outs.settle(request.address, system)


def queue_postponed(opt_outs: OptOuts, outbox: Outbox, now: float) -> int:
    """Queue the postponed requests that are due at `now` (epoch s), and return their number."""
    enqueue = {AIRTABLE: outbox.enqueue_airtable_opt_out, BREVO: outbox.enqueue_brevo_opt_out}
    count = 0
    for address, system in opt_outs.find_postponed(now):
        opt_outs.postpone(address, system, now + MIN_POSTPONED_S)
        enqueue[system](address)
        count += 1
    return count


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
