"""A task's history, from its facts: its stays in queues, its reservations, its end.

Times are subtracted on whole seconds, as Flex Insights does. Twilio's definitions:
https://www.twilio.com/docs/flex/end-user-guide/insights/data-dictionary
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from twilio_bridge.support.tasks.facts import FOLDED, Fact, KnownFacts

ENTERED = frozenset(("task-queue.entered", "task.transfer-initiated"))
COMPLETIONS = ("task.completed", "task.canceled")
DELETIONS = ("task.deleted", "task.system-deleted")
ENDS = (*COMPLETIONS, *DELETIONS)
PLUGIN = "plugin.completed"
# A transfer that fails, or that the worker takes back, leaves the customer with the first worker.
LEFT = {
    "task-queue.moved": "moved",
    "task-queue.timeout": "timeout",
    "task.transfer-failed": "returned",
    "task.transfer-canceled": "returned",
}
TRANSFER_ENDS = frozenset(("task.transfer-completed", "task.transfer-failed", "task.transfer-canceled"))
# What shows that a task goes on, though somebody completed it.
GOES_ON = frozenset((*ENTERED, "reservation.created", "reservation.accepted"))
# A worker's completion comes from Flex and from TaskRouter within this time of each other.
SAME_COMPLETION_MS = 60_000
REFUSALS = {
    "reservation.rejected": "rejected",
    "reservation.timeout": "missed",
    "reservation.canceled": "missed",
    "reservation.rescinded": "rescinded",
}


@dataclass(frozen=True, slots=True)
class Reservation:
    """One offer to a worker (times in epoch ms): `outcome` is open, accepted, rejected, missed or rescinded."""

    sid: str
    worker_sid: str
    worker: str
    queue: str
    created_at: int | None
    outcome: str
    answered_at: int | None
    wrapup_at: int | None
    completed_at: int | None

    @property
    def ring_s(self) -> int | None:
        """Return how long it was offered."""
        return count_seconds(self.created_at, self.answered_at)

    @property
    def talk_s(self) -> int | None:
        """Return how long the worker was with the customer."""
        return count_seconds(self._accepted_at, self.completed_at if self.wrapup_at is None else self.wrapup_at)

    @property
    def handle_s(self) -> int | None:
        """Return how long the worker was busy with it, wrapping up included."""
        return count_seconds(self._accepted_at, self.completed_at)

    @property
    def is_open(self) -> bool:
        """Return whether a worker is still with the customer."""
        return self.outcome == "accepted" and self.completed_at is None

    @property
    def _accepted_at(self) -> int | None:
        return self.answered_at if self.outcome == "accepted" else None


@dataclass(frozen=True, slots=True)
class Leg:
    """One stay in a queue: `outcome` is waiting, accepted, moved, timeout, returned or ended (epoch ms).

    `id` is that of the event that began it, empty where no event of the beginning is known.
    """

    id: str
    queue_sid: str
    queue: str
    entered_at: int
    left_at: int | None
    outcome: str
    wait_s: int | None


@dataclass(frozen=True, slots=True)
class History:
    """What became of a task; `end` is the fact that ended it, or None.

    `entered_at` is when the customer began to wait, and `wait_s` how long it was until a worker accepted, over all
    queues; a leg's wait is that of its queue alone.
    """

    created: Fact | None
    end: Fact | None
    entered_at: int | None
    legs: tuple[Leg, ...]
    reservations: tuple[Reservation, ...]
    wait_s: int | None
    facts: tuple[Fact, ...]

    @property
    def accepted(self) -> list[Reservation]:
        """Return the reservations that a worker accepted, in order."""
        return [reservation for reservation in self.reservations if reservation.outcome == "accepted"]

    @property
    def talk_s(self) -> int | None:
        """Return how long workers were with the customer, as far as it is known."""
        known = [reservation.talk_s for reservation in self.accepted if reservation.talk_s is not None]
        known += [fact.values["talk_s"] for fact in self.facts if fact.kind == FOLDED]
        return sum(known) if known else None

    def latest(self, name: str) -> Any:  # noqa: ANN401  a fact's value
        """Return a value of the latest fact that has it, empty where none has."""
        return next((fact.values[name] for fact in reversed(self.facts) if name in fact.values), "")

    @property
    def created_at(self) -> int:
        """Return when the task was created, as well as it is known."""
        if self.created:
            return self.created.at
        return self.latest("created_at") or self.facts[0].at

    @property
    def last_at(self) -> int:
        """Return when the customer's contact was last active: a later deletion only clears the task away."""
        active = [fact.at for fact in self.facts if fact.kind not in DELETIONS]
        return active[-1] if active else self.facts[-1].at


def count_seconds(start: int | None, end: int | None) -> int | None:
    """Return the whole seconds between two moments (epoch ms), None where one is unknown."""
    return None if start is None or end is None else max(end // 1000 - start // 1000, 0)


def build_history(known: KnownFacts) -> History:
    """Return a task's history."""
    facts = known.facts
    created = next((fact for fact in facts if fact.kind == "task.created"), None)
    accepted = next((fact for fact in facts if fact.kind == "reservation.accepted"), None)
    entries = [fact.at for fact in facts if fact.kind in ENTERED and (accepted is None or fact.order < accepted.order)]
    reservations = tuple(_reservations(facts))
    return History(
        created=created,
        end=_find_end(facts, reservations),
        entered_at=min(entries, default=None),
        legs=tuple(_legs(facts)),
        reservations=reservations,
        wait_s=_measure_wait(accepted, entries) if accepted else None,
        facts=facts,
    )


def _find_end(facts: Sequence[Fact], reservations: Sequence[Reservation]) -> Fact | None:
    """Return what ended the task: TaskRouter's completion counts before the plugin's, both before a deletion."""
    for kinds in (COMPLETIONS, (PLUGIN,), DELETIONS):
        found = next((fact for fact in facts if fact.kind in kinds), None)
        if found and not (found.kind == PLUGIN and _goes_on(found, facts, reservations)):
            return found
    return None


def _goes_on(completion: Fact, facts: Sequence[Fact], reservations: Sequence[Reservation]) -> bool:
    """Return whether a task goes on though a worker completed their part: the first one of a warm transfer does so."""
    if any(fact.kind in GOES_ON and fact.at > completion.at for fact in facts):
        return True
    transfers = [fact.kind for fact in facts if fact.kind == "task.transfer-initiated" or fact.kind in TRANSFER_ENDS]
    if transfers and transfers[-1] not in TRANSFER_ENDS:
        return True

    ends = (offer.completed_at for offer in reservations if offer.completed_at is not None)
    is_known = any(abs(end - completion.at) <= SAME_COMPLETION_MS for end in ends)
    return sum(offer.is_open for offer in reservations) > (0 if is_known else 1)


def _measure_wait(accepted: Fact, entries: Sequence[int]) -> int | None:
    """Return the seconds from the first entry to the first accept, or what the accepting event itself has."""
    if entries:
        return count_seconds(min(entries), accepted.at)
    return _stated_wait(accepted)


def _stated_wait(fact: Fact) -> int | None:
    if "age_in_queue" in fact.values:
        return int(fact.values["age_in_queue"])
    if "entered_at" in fact.values:
        return count_seconds(fact.values["entered_at"], fact.at)
    return int(fact.values["age"]) if "age" in fact.values else None


def _legs(facts: Sequence[Fact]) -> Iterator[Leg]:
    entries = [place for place, fact in enumerate(facts) if _begins(place, facts)]
    if not entries:
        yield from _leg_without_entry(facts)
    for place, until in pairwise([*entries, len(facts)]):
        yield _leg(facts[place], facts[place + 1 : until], facts[until : until + 1])


def _leg_without_entry(facts: Sequence[Fact]) -> Iterator[Leg]:
    """Return the stay by its end where no event of its beginning is known."""
    ends = (fact for fact in facts if fact.kind in {"reservation.accepted", "task.canceled"} and "queue" in fact.values)
    for fact in islice(ends, 1):
        wait_s = _stated_wait(fact)
        queue_sid, entered_at = fact.values.get("queue_sid", ""), fact.at - (wait_s or 0) * 1000
        yield Leg("", queue_sid, fact.values["queue"], entered_at, fact.at, _outcome(fact), wait_s)


def _begins(place: int, facts: Sequence[Fact]) -> bool:
    """Return whether a stay begins here; a transfer begins one only where no entry comes with it or later."""
    fact = facts[place]
    if fact.kind != "task.transfer-initiated":
        return fact.kind == "task-queue.entered"
    if any(other.kind == "task-queue.entered" and other.at == fact.at for other in facts):
        return False
    following = (later.kind for later in facts[place + 1 :])
    return next((kind for kind in following if kind in ENTERED or kind == "reservation.accepted"), "") not in ENTERED


def _leg(entry: Fact, during: Sequence[Fact], following: Sequence[Fact]) -> Leg:
    """Return one stay; where nothing shows how it ended, the next entry does."""
    ends = [(fact, outcome) for fact in during if (outcome := _outcome(fact))]
    is_lost = any(fact.kind == "task.canceled" for fact, _ in ends)
    # Whoever hangs up in a transfer makes it fail, too; only where the task goes on it returned.
    ends = [end for end in ends if end[1] != "returned"] if is_lost else ends
    end, outcome = next(iter([*ends, *((fact, "moved") for fact in following)]), (None, "waiting"))

    wait_s = count_seconds(entry.at, end.at) if end else None
    queue_sid, queue = entry.values.get("queue_sid", ""), entry.values.get("queue", "")
    return Leg(entry.id, queue_sid, queue, entry.at, end.at if end else None, outcome, wait_s)


def _outcome(fact: Fact) -> str:
    if fact.kind == "reservation.accepted":
        return "accepted"
    return "ended" if fact.kind in ENDS else LEFT.get(fact.kind, "")


def _reservations(facts: Sequence[Fact]) -> Iterator[Reservation]:
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        if sid := fact.values.get("reservation"):
            groups.setdefault(sid, []).append(fact)
    for sid, group in groups.items():
        yield _reservation(sid, group)


def _reservation(sid: str, group: Sequence[Fact]) -> Reservation:
    at = {fact.kind: fact.at for fact in reversed(group)}  # of two of a kind the first counts
    known = {name: value for fact in group for name, value in fact.values.items()}
    refusal = next((kind for kind in REFUSALS if kind in at), "")
    outcome, answer = REFUSALS.get(refusal, "open"), refusal
    if "reservation.accepted" in at:
        outcome, answer = "accepted", "reservation.accepted"
    return Reservation(
        sid,
        known.get("worker_sid", ""),
        known.get("worker", ""),
        known.get("queue", ""),
        at.get("reservation.created"),
        outcome,
        at.get(answer),
        at.get("reservation.wrapup"),
        at.get("reservation.completed"),
    )
