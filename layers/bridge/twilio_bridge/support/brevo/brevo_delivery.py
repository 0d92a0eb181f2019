"""What is new about one person, sent to Brevo: the contact with its numbers and lists, then each event that is due.

Brevo has no key that would make an event repeatable, so the event's row says how far it came: `sending` is written
before the request, `sent` once Brevo accepted it. A row that a crash, or an answer that got lost, left `sending` is
looked up there before it is sent again. After a request that certainly had no effect the row is `pending` again.

One delivery sends a few events and queues the person again for the rest, so that nobody waits behind a person of many.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from twilio_bridge.config import schema
from twilio_bridge.contacts import opt_outs
from twilio_bridge.errors import (
    NotTakenError,
    RateLimitedError,
    RefusedError,
    UnacceptableError,
    UnavailableError,
    UpstreamError,
)
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.ports import OptOut, OptOuts, Outbox
from twilio_bridge.support.brevo.brevo_contact import WITH_EMAIL, build_contact, compute_contact_digest
from twilio_bridge.support.brevo.brevo_opt_outs import mark_brevo_delivered
from twilio_bridge.support.brevo.contact_lists import written_lists
from twilio_bridge.support.persons.interactions import arrange_events
from twilio_bridge.support.persons.person import MAX_SENDING_MS, UNSENT, Dossier, Person, Status, TimelineEvent
from twilio_bridge.support.ports import MarketingContact, MarketingContacts, Persons, SavedContact

MAX_EVENTS_PER_DELIVERY = 10
MAX_LOST_ANSWERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDeps:
    """What a delivery works with."""

    persons: Persons
    crm: MarketingContacts
    opt_outs: OptOuts
    outbox: Outbox
    settings: schema.Config


@dataclass(slots=True)
class Delivered:
    """What came of it: contacts and events that Brevo accepted, events it had already, may have twice, or refuses.

    `parked` events wait until something changes about a person without an identifier that Brevo takes; `erased` counts
    contacts that were deleted there; `left` events are for the next message. `next_at` is when the next event is due
    (epoch ms), None where none is waiting.
    """

    contacts: int = 0
    sent: int = 0
    found: int = 0
    doubtful: int = 0
    refused: int = 0
    parked: int = 0
    erased: int = 0
    left: int = 0
    next_at: int | None = None


@dataclass(slots=True, kw_only=True)
class Delivery:
    """A delivery under way; `due` are the events to send now, in order, `requests` the opt-outs at the number."""

    deps: DeliveryDeps
    dossier: Dossier
    due: Sequence[TimelineEvent]
    now: int
    contact_id: int = 0
    requests: Sequence[OptOut] = ()
    done: Delivered = field(default_factory=Delivered)

    @property
    def person(self) -> Person:
        """Whose delivery it is."""
        return self.dossier.person


def deliver_person(person_id: str, deps: DeliveryDeps, now: int) -> Delivered:
    """Send Brevo what is new about a person at the moment `now` (epoch ms).

    Raise UpstreamError where it has to be tried again.
    """
    dossier = deps.persons.load_dossier(person_id)
    if dossier is None:
        return Delivered()
    if dossier.person.joined_into:
        if not dossier.person.keys:  # a shell's rows that came after it was absorbed; it is nobody's half
            deps.persons.move_rows(person_id, dossier.person.joined_into, None)
        deps.outbox.enqueue_brevo_delivery([dossier.person.joined_into])
        return Delivered()

    delivery = _prepare(dossier, deps, now)
    if _save_contact(delivery):
        _send_events(delivery)
    if dossier.person.queued_at and not delivery.done.left:
        deps.persons.clear_queued(person_id)
    return delivery.done


def _prepare(dossier: Dossier, deps: DeliveryDeps, now: int) -> Delivery:
    """Choose the events to send now; those of an interaction that goes on, or of its other tasks, are due no more."""
    arranged = arrange_events(dossier, deps.settings.figures.same_interaction_s)
    unsent = [event for event in arranged.events if event.status in UNSENT]
    chosen = [event for event in unsent if event.key not in arranged.held]
    due = sorted((event for event in chosen if event.due_at <= now), key=lambda event: (event.at, event.key))
    later = [event for event in chosen if event.due_at > now]

    delivery = Delivery(deps=deps, dossier=dossier, due=due, now=now)
    delivery.done.next_at = min((event.due_at for event in later), default=None)
    for event in unsent:
        if event.key in arranged.held and event.status == "pending" and event.due_at <= now:
            _mark(event, "parked", delivery)
    rows = {event.key: event for event in dossier.events}
    for event in later:
        if event.status == "parked" or rows[event.key].due_at <= now:
            deps.persons.postpone_event(dossier.person.id, event.key, event.due_at, event.version)
    return delivery


def _save_contact(delivery: Delivery) -> bool:
    """Bring the contact up to date where it has changed or an event is due; return whether Brevo has it."""
    contact = _build_contact(delivery)
    if contact is None:
        return _park(delivery)
    is_changed = compute_contact_digest(contact) != delivery.person.delivered or bool(contact.lists)
    if not is_changed and not delivery.due:
        return False

    if contact.opted_out:  # before the request: should its answer get lost, an opt-in must still lift the opt-out
        mark_brevo_delivered(delivery.requests, delivery.deps.opt_outs)
    try:
        saved = _write_contact(contact, delivery)
    except UnacceptableError:
        return _park(delivery)
    return saved is not None


def _build_contact(delivery: Delivery) -> MarketingContact | None:
    """Return the contact; what was requested at the number that is written to decides whether it is opted out."""
    contact = build_contact(delivery.dossier, delivery.deps.settings)
    delivery.requests = _requests_at(contact.phone, delivery) if contact else []
    latest = opt_outs.find_latest(delivery.requests)
    return replace(contact, opted_out=latest.out) if contact and latest else contact


def _requests_at(number: str, delivery: Delivery) -> list[OptOut]:
    return opt_outs.find_requests([number], delivery.deps.opt_outs) if number else []


def _park(delivery: Delivery) -> bool:
    """Put aside what cannot be sent for want of an identifier; it is due again when something changes."""
    delivery.done.parked = sum(_mark(event, "parked", delivery) for event in delivery.due)
    return False


def _write_contact(contact: MarketingContact, delivery: Delivery) -> SavedContact | None:
    """Create or update the contact and write down what Brevo accepted; None where it was deleted and stays so."""
    person, crm = delivery.person, delivery.deps.crm
    if person.contact_id is None:
        if person.begun_at and not _has_begun_anew(delivery):
            return None
        saved: SavedContact | None = crm.create_contact(contact)
    else:
        saved = crm.update_contact(person.contact_id, contact)
        if saved is None:
            return _replace_contact(contact, delivery)
        if contact.email and not person.delivered.startswith(WITH_EMAIL):
            _complete_email(person.contact_id, contact, delivery)
    if saved:
        _write_down(saved, contact, delivery)
    return saved


def _has_begun_anew(delivery: Delivery) -> bool:
    """Return whether anything happened since the contact was deleted in Brevo."""
    begun_at = delivery.person.begun_at
    is_new = any(event.at >= begun_at for event in delivery.due)
    return is_new or any(each.last_at >= begun_at for each in delivery.dossier.interactions)


def _replace_contact(contact: MarketingContact, delivery: Delivery) -> SavedContact | None:
    """Go on with the contact that theirs was merged into; one that was deleted begins anew with a new event."""
    other_id = delivery.deps.crm.find_contact(contact)
    if other_id is not None:
        delivery.dossier = replace(delivery.dossier, person=replace(delivery.person, contact_id=other_id))
        return _write_contact(contact, delivery)

    delivery.done.erased = 1
    fresh = [event.at for event in delivery.due if event.status != "sending"]
    begun_at = min(fresh, default=delivery.now)
    delivery.deps.persons.forget_contact(delivery.person.id, begun_at)
    logger.info("contact deleted in Brevo", extra={"person": delivery.person.id})
    if not fresh:
        return None

    person = replace(delivery.person, contact_id=None, delivered="", lists=frozenset(), begun_at=begun_at)
    delivery.dossier = replace(delivery.dossier, person=person)
    anew = _build_contact(delivery)
    return _write_contact(anew, delivery) if anew else None


def _complete_email(contact_id: int, contact: MarketingContact, delivery: Delivery) -> None:
    """Write the email of a contact that was created without; obey what the company decided there.

    A contact that is blocklisted in Brevo is written to no more, unless the person has requested something themselves.
    """
    is_blocked = delivery.deps.crm.complete_email(contact_id, contact.email)
    if is_blocked and contact.phone and contact.opted_out is None:
        delivery.deps.opt_outs.record_request(contact.phone, True, delivery.now / 1000)


def _write_down(saved: SavedContact, contact: MarketingContact, delivery: Delivery) -> None:
    """Write what Brevo accepted into the profile, and lift an opt-out where an opt-in came meanwhile."""
    deps, person = delivery.deps, delivery.person
    if contact.opted_out and contact.phone:
        latest = opt_outs.find_latest(_requests_at(contact.phone, delivery))
        if latest and not latest.out:
            deps.crm.set_opted_out(contact.phone, False)

    known = written_lists(delivery.dossier, deps.settings.connectors.twilio_flex.lists)
    deps.persons.save_delivery(person.id, compute_contact_digest(contact), saved.id, {*known, *saved.lists})
    delivery.contact_id = saved.id
    delivery.done.contacts += 1


def _send_events(delivery: Delivery) -> None:
    """Send what is due, a few events at a time.

    An event that cannot be settled yet, and one whose answer gets lost, hold the others up no longer than that; after a
    second lost answer Brevo is taken for down.
    """
    failure = _settle([event for event in delivery.due if event.status == "sending"], delivery)

    waiting = [event for event in delivery.due if event.status != "sending"]
    lost = 0
    for event in waiting[:MAX_EVENTS_PER_DELIVERY]:
        try:
            _send(event, delivery)
        except NotTakenError:
            raise
        except UnavailableError as error:
            failure, lost = error, lost + 1
            if lost == MAX_LOST_ANSWERS:
                raise

    delivery.done.left = len(waiting[MAX_EVENTS_PER_DELIVERY:])
    if failure:
        raise failure
    if delivery.done.left:
        delivery.deps.outbox.enqueue_brevo_delivery([delivery.person.id])


def _send(event: TimelineEvent, delivery: Delivery) -> None:
    """Put one event on the timeline, unless another delivery is doing so."""
    if not _mark(event, "sending", delivery):
        return
    try:
        delivery.deps.crm.post_event(delivery.contact_id, event)
    except UnacceptableError as error:
        _mark(event, "refused", delivery)
        delivery.done.refused += 1
        why = {"key": event.key, "person": delivery.person.id, **describe_error(error)}
        logger.error("Brevo refuses an event for good", extra=why)
    except (RefusedError, RateLimitedError, NotTakenError):
        _mark(event, "pending", delivery)
        raise
    else:
        _mark(event, "sent", delivery)
        delivery.done.sent += 1


def _settle(unknown: Sequence[TimelineEvent], delivery: Delivery) -> UpstreamError | None:
    """Look up, all at once, what earlier deliveries left `sending`, and send again what is not on the timeline.

    Another delivery may be sending it at this moment, for instance of a person who was joined: then it is left alone.
    Return why some of them have to be looked up later, None where all are settled.
    """
    stale = [event for event in unknown if delivery.now - event.sending_at >= MAX_SENDING_MS]
    try:
        there = delivery.deps.crm.find_events(delivery.contact_id, stale) if stale else {}
    except (RateLimitedError, UnavailableError) as error:
        return error

    for event in stale:
        if there[event.key]:
            _mark(event, "sent", delivery)
            delivery.done.found += 1
            continue
        if there[event.key] is None:
            delivery.done.doubtful += 1
            logger.warning("Brevo may have an event twice", extra={"key": event.key, "person": delivery.person.id})
        _send(event, delivery)

    return UnavailableError("brevo", "an event may be under way") if len(stale) < len(unknown) else None


def _mark(event: TimelineEvent, status: Status, delivery: Delivery) -> bool:
    return delivery.deps.persons.mark_event(delivery.person.id, event.key, status, event.version)
