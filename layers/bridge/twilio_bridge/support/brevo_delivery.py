"""One person's news, told to Brevo: the contact with its numbers and lists, then each event that is due.

Brevo knows no key that would make an event repeatable, so its row says how far it came: `sending` is written before
Brevo is asked, `sent` once it said yes. A row that a crash, or an answer that got lost, left in between is looked up
there first. Where Brevo has certainly done nothing, the row is `pending` again and needs no look-up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.contacts import opt_outs
from twilio_bridge.errors import NotTakenError, RateLimitedError, RefusedError, UnacceptableError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.ports import OptOut, OptOuts, Outbox
from twilio_bridge.support.brevo_contact import WITH_EMAIL, contact_of, digest_of
from twilio_bridge.support.person import UNTOLD, Dossier, Status, TimelineEvent
from twilio_bridge.support.ports import Dossiers, MarketingContact, MarketingContacts

# Among those whom a word was told.
BREVO = "brevo"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDeps:
    """What a delivery works with."""

    dossiers: Dossiers
    crm: MarketingContacts
    opt_outs: OptOuts
    outbox: Outbox
    settings: schema.Config


@dataclass(slots=True)
class Delivered:
    """What came of it: contacts and events that Brevo took, events it had already, may have twice, or never takes.

    `parked` are those that wait until there is somebody in Brevo to tell them of.

    `next_at` is when the next event is due (epoch ms), None where none is waiting.
    """

    contacts: int = 0
    sent: int = 0
    found: int = 0
    doubtful: int = 0
    refused: int = 0
    parked: int = 0
    next_at: int | None = None


@dataclass(slots=True)
class Telling:
    """A delivery on its way; `is_told` says that Brevo took the contact in the course of it."""

    work: DeliveryDeps
    person_id: str
    contact: MarketingContact
    contact_id: int | None
    said: Sequence[OptOut] = ()
    lacks_email: bool = False
    now: int = 0
    is_told: bool = False
    done: Delivered = field(default_factory=Delivered)


def deliver(person_id: str, work: DeliveryDeps, now: int) -> Delivered:
    """Tell Brevo what is new about a person at the moment `now` (epoch ms).

    Raises UpstreamError where it has to be tried again; an UnacceptableError among them says that Brevo takes nothing
    of this person's as it is.
    """
    dossier = work.dossiers.open(person_id)
    if dossier is None:
        return Delivered()
    if dossier.person.joined_into:
        if not dossier.person.keys:  # a shell's rows that came after it was absorbed; it is nobody's half
            work.dossiers.move_rows(person_id, dossier.person.joined_into, None)
        work.outbox.enqueue_brevo_delivery([dossier.person.joined_into])
        return Delivered()
    due, next_at = _due(dossier.events, now)
    telling = _telling(dossier, work, now)
    if telling is None:
        return Delivered(parked=_park(due, person_id, work), next_at=next_at)
    telling.done.next_at = next_at
    _tell_all(telling, due, is_news=digest_of(telling.contact) != dossier.person.delivered)
    return telling.done


def sweep(dossiers: Dossiers, outbox: Outbox, now: int) -> int:
    """Queue again every person with an event that was due before `now` (epoch ms), and return their number.

    These are events that waited for more facts, and those that a crash kept from being queued.
    """
    persons = list(dict.fromkeys(dossiers.overdue(now)))
    outbox.enqueue_brevo_delivery(persons)
    return len(persons)


def deliver_word(address: str, crm: MarketingContacts, said: OptOuts) -> int:
    """Tell Brevo what the person at an address last said; give how many contacts were told.

    An opt-in lifts, once, only what we told Brevo: an ordinary "Yes" changes nothing that the company decided there.
    """
    number = phone.parse_number(address)
    words = opt_outs.find_requests([number], said) if number else []
    latest = opt_outs.find_latest(words)
    if number is None or latest is None:
        return 0
    was_told = any(BREVO in word.delivered_to | word.opt_out_delivered_to for word in words)
    if not latest.out and (not was_told or BREVO in latest.delivered_to):
        return 0
    _note_told(words, said)
    told = sum(crm.set_opted_out(spelling, latest.out) for spelling in phone.list_spellings(number))
    said.mark_delivered(latest, [BREVO])
    return told


def _due(events: Iterable[TimelineEvent], now: int) -> tuple[list[TimelineEvent], int | None]:
    """Return the events that Brevo is to be told now, in order, and when the next one is due."""
    untold = [event for event in events if event.status in UNTOLD]
    due = [event for event in untold if event.due_at <= now]
    later = [event.due_at for event in untold if event.due_at > now]
    return sorted(due, key=lambda event: (event.at, event.key)), min(later, default=None)


def _telling(dossier: Dossier, work: DeliveryDeps, now: int) -> Telling | None:
    person = dossier.person
    phones = [key.removeprefix("phone#") for key in person.keys if key.startswith("phone#")]
    said = opt_outs.find_requests(sorted(phones), work.opt_outs)
    latest = opt_outs.find_latest(said)
    contact = contact_of(dossier, work.settings, latest.out if latest else None)
    lacks_email = person.contact_id is not None and not person.delivered.startswith(WITH_EMAIL)
    return Telling(work, person.id, contact, person.contact_id, said, lacks_email, now) if contact else None


def _tell_all(telling: Telling, due: Sequence[TimelineEvent], *, is_news: bool) -> None:
    if is_news or (due and telling.contact_id is None):
        try:
            _tell_contact(telling)
        except UnacceptableError:
            _park(due, telling.person_id, telling.work)
            raise
    for event in due:
        _tell(event, telling)


def _tell_contact(telling: Telling) -> None:
    """Make the contact so, and remember that it is."""
    work, contact = telling.work, telling.contact
    if contact.opted_out:
        _note_told(telling.said, work.opt_outs)
    telling.contact_id = work.crm.upsert(contact, telling.contact_id)
    if contact.email and telling.lacks_email and telling.contact_id is not None:
        _add_email(telling.contact_id, telling)
    if contact.opted_out and contact.phone:
        _take_back(contact.phone, work)
    work.dossiers.delivered(telling.person_id, digest_of(contact), telling.contact_id)
    telling.is_told = True
    telling.done.contacts += 1


def _add_email(contact_id: int, telling: Telling) -> None:
    """Complete a contact, for of two halves of one person the other was there first; heed what Brevo says of it.

    Whom the company blocklisted there is written to no more, unless they said something themselves.
    """
    contact = telling.contact
    is_blocked = telling.work.crm.add_email(contact_id, contact.email)
    if is_blocked and contact.phone and contact.opted_out is None:
        telling.work.opt_outs.record_request(contact.phone, True, telling.now / 1000)


def _take_back(number: str, work: DeliveryDeps) -> None:
    """Mind an opt-in that came while Brevo was being told the opt-out."""
    latest = opt_outs.find_latest(opt_outs.find_requests([number], work.opt_outs))
    if latest and not latest.out:
        work.crm.set_opted_out(number, False)


def _note_told(words: Iterable[OptOut], said: OptOuts) -> None:
    """Note opt-outs as told before they are: should the answer get lost, an opt-in must still undo them."""
    for word in words:
        if word.out and BREVO not in word.delivered_to:
            said.mark_delivered(word, [BREVO])


def _tell(event: TimelineEvent, telling: Telling) -> None:
    """Put one event on the timeline, unless it is there."""
    if event.status == "sending":
        if _is_there(event, telling):
            _mark(event, "sent", telling)
            telling.done.found += 1
            return
    elif not _mark(event, "sending", telling):
        return
    try:
        telling.work.crm.post(telling.contact, telling.contact_id, event)
    except UnacceptableError as error:
        _refuse(event, telling, error)
    except (RefusedError, RateLimitedError, NotTakenError):
        _mark(event, "pending", telling)
        raise
    else:
        _mark(event, "sent", telling)
        telling.done.sent += 1


def _is_there(event: TimelineEvent, telling: Telling) -> bool:
    there = telling.work.crm.has(telling.contact_id, event)
    if there is None:
        telling.done.doubtful += 1
        logger.warning("Brevo may have an event twice", extra={"key": event.key, "person": telling.person_id})
    return bool(there)


def _refuse(event: TimelineEvent, telling: Telling, error: UnacceptableError) -> None:
    """Return an event up; but first make sure that its contact is there, for somebody may have deleted it."""
    if not telling.is_told:
        _mark(event, "pending", telling)
        _tell_contact(telling)
        _tell(replace(event, status="pending"), telling)
        return
    _mark(event, "refused", telling)
    telling.done.refused += 1
    logger.error("Brevo refuses an event for good", extra={"key": event.key, **describe_error(error)})


def _mark(event: TimelineEvent, status: Status, telling: Telling) -> bool:
    return telling.work.dossiers.mark(telling.person_id, event.key, status, event.version)


def _park(due: Sequence[TimelineEvent], person_id: str, work: DeliveryDeps) -> int:
    """Put aside what Brevo cannot be told of this person: it is told when something changes about them."""
    return sum(work.dossiers.mark(person_id, event.key, "parked", event.version) for event in due)
