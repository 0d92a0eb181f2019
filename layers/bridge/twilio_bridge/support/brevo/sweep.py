"""The regular look at what is due and was not delivered: it is queued again, and its age is the operator's alarm."""

from dataclasses import dataclass
from itertools import islice

from twilio_bridge.contacts.opt_outs import queue_postponed
from twilio_bridge.ports import OptOuts, Outbox
from twilio_bridge.support.ports import Metrics, Persons

# What fell due a moment ago is on its way.
GRACE_MS = 60_000
# A message comes again until the delivery succeeds: another one is needed only where it was lost.
QUEUE_AGAIN_MS = 6 * 3_600_000
MAX_PERSONS_PER_REQUEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepDeps:
    """What a sweep works with; without Brevo's secret (`has_brevo`) persons wait as they are."""

    persons: Persons
    opt_outs: OptOuts
    outbox: Outbox
    metrics: Metrics
    has_brevo: bool


@dataclass(slots=True)
class Swept:
    """How many persons and addresses were queued, how many persons are overdue, and the oldest event's age (s)."""

    persons: int = 0
    addresses: int = 0
    overdue: int = 0
    oldest_s: int = 0


def queue_overdue(deps: SweepDeps, now: int) -> Swept:
    """Queue what is overdue at the moment `now` (epoch ms) and whose message may be lost, and measure its age."""
    swept = Swept(addresses=queue_postponed(deps.opt_outs, deps.outbox, now / 1000))
    if deps.has_brevo:
        _queue_persons(swept, deps, now)
        deps.metrics.measure_overdue(swept.oldest_s)
    return swept


def _queue_persons(swept: Swept, deps: SweepDeps, now: int) -> None:
    """Queue persons with events that waited for more facts, or that a crash kept from being queued."""
    overdue = deps.persons.find_overdue(now - GRACE_MS)
    while batch := list(islice(overdue, MAX_PERSONS_PER_REQUEST)):
        swept.overdue += len(batch)
        swept.oldest_s = max(swept.oldest_s, *((now - person.due_at) // 1000 for person in batch))

        unqueued = [person.id for person in batch if person.queued_at <= now - QUEUE_AGAIN_MS]
        deps.outbox.enqueue_brevo_delivery(unqueued)
        deps.persons.mark_queued(unqueued, now)
        swept.persons += len(unqueued)
