"""A task's history as its facts tell it: its stays in queues, its reservations, its end.

Times are subtracted on whole seconds, as Flex Insights does. Twilio's definitions:
https://www.twilio.com/docs/flex/end-user-guide/insights/data-dictionary
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

from twilio_bridge.support.facts import Fact, KnownFacts

ENTERED = frozenset(("task-queue.entered", "task.transfer-initiated"))
ENDS = ("task.completed", "task.canceled", "task.deleted", "task.system-deleted")
LEFT = {"task-queue.moved": "moved", "task-queue.timeout": "timeout", "task.transfer-failed": "abandoned"}
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
    def _accepted_at(self) -> int | None:
        return self.answered_at if self.outcome == "accepted" else None


@dataclass(frozen=True, slots=True)
class Leg:
    """One stay in a queue: `outcome` is waiting, accepted, moved, timeout, ended or abandoned (epoch ms).

    `id` is that of the event that began it, empty where nobody told of the beginning.
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
    """What became of a task; `end` is the fact that ended it, or None."""

    created: Fact | None
    end: Fact | None
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
        return sum(known) if known else None

    def latest(self, name: str) -> Any:  # noqa: ANN401  a fact's value
        """Return what the latest fact that knows it says."""
        return next((fact.values[name] for fact in reversed(self.facts) if name in fact.values), "")

    @property
    def created_at(self) -> int:
        """Return when the task was created, as well as it is known."""
        if self.created:
            return self.created.at
        return self.latest("created_at") or self.facts[0].at


def count_seconds(start: int | None, end: int | None) -> int | None:
    """Return the whole seconds between two moments (epoch ms), None where one is unknown."""
    return None if start is None or end is None else max(end // 1000 - start // 1000, 0)


def build_history(known: KnownFacts) -> History:
    """Tell a task's history."""
    facts = known.facts
    created = next((fact for fact in facts if fact.kind == "task.created"), None)
    accepted = [fact for fact in facts if fact.kind == "reservation.accepted"]
    wait_s = _wait_s(accepted[0], facts) if accepted else None
    return History(created, _end(facts), tuple(_legs(facts)), tuple(_reservations(facts)), wait_s, facts)


def _end(facts: Sequence[Fact]) -> Fact | None:
    """Return what ended the task: TaskRouter's word goes before the plugin's, an end before a clean-up."""
    for kinds in (ENDS[:2], ENDS[2:], ("plugin.completed",)):
        if found := next((fact for fact in facts if fact.kind in kinds), None):
            return found
    return None


def _wait_s(fact: Fact, facts: Sequence[Fact]) -> int | None:
    """Return the wait before this fact: since the last entry into a queue, or what the fact itself tells."""
    entered = [earlier.at for earlier in facts if earlier.kind in ENTERED and earlier.order < fact.order]
    if entered:
        return count_seconds(max(entered), fact.at)
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
    """Tell the stay from its end where nobody told of its beginning."""
    ends = (fact for fact in facts if fact.kind in {"reservation.accepted", "task.canceled"} and "queue" in fact.values)
    for fact in islice(ends, 1):
        wait_s = _wait_s(fact, facts)
        queue_sid, entered_at = fact.values.get("queue_sid", ""), fact.at - (wait_s or 0) * 1000
        yield Leg("", queue_sid, fact.values["queue"], entered_at, fact.at, _outcome(fact), wait_s)


def _begins(place: int, facts: Sequence[Fact]) -> bool:
    """Return whether a stay begins here: a transfer does so only where no entry into its queue follows."""
    fact = facts[place]
    if fact.kind == "task.transfer-initiated":
        following = (later.kind for later in facts[place + 1 :])
        return (
            next((kind for kind in following if kind in ENTERED or kind == "reservation.accepted"), "") not in ENTERED
        )
    return fact.kind == "task-queue.entered"


def _leg(entry: Fact, during: Sequence[Fact], following: Sequence[Fact]) -> Leg:
    """Tell one stay; where nothing says how it ended, the next entry does."""
    ends = [(fact, how) for fact in during if (how := _outcome(fact))]
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
    said = {name: value for fact in group for name, value in fact.values.items()}
    refusal = next((kind for kind in REFUSALS if kind in at), "")
    outcome, answer = REFUSALS.get(refusal, "open"), refusal
    if "reservation.accepted" in at:
        outcome, answer = "accepted", "reservation.accepted"
    return Reservation(
        sid,
        said.get("worker_sid", ""),
        said.get("worker", ""),
        said.get("queue", ""),
        at.get("reservation.created"),
        outcome,
        at.get(answer),
        at.get("reservation.wrapup"),
        at.get("reservation.completed"),
    )
