"""Facts: what single events show of a task or a conversation, kept so that neither order nor repetition matters.

Each event makes one fact, and the same event always the same one. A subject's facts are only ever added to, so all
that is derived from them depends on which facts there are and on nothing else.

The REST API shows the same events as the stream, or only what came of them. A fact that was read there gives way to the
one that the stream brought of the same thing, and of two facts that differ in nothing but their ids one counts.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Of facts at the same moment: TaskRouter stamps several events with one millisecond.
LIFECYCLE = (
    "task.created",
    "task-queue.moved",  # out of one queue, and in the same moment into another
    "task-queue.timeout",
    "task-queue.entered",
    "reservation.created",
    "reservation.rejected",
    "reservation.timeout",
    "reservation.rescinded",
    "reservation.canceled",
    "reservation.accepted",
    "task.updated",
    "task.transfer-initiated",
    "reservation.wrapup",
    "task.wrapup",
    "reservation.completed",
    "task.completed",
    "task.canceled",
    "task.system-deleted",
    "task.deleted",
)
# A summary of earlier facts, see `folding`, and what is never part of one.
FOLDED = "folded"
LASTING = frozenset(
    (
        *("task.created", "task.completed", "task.canceled", "task.system-deleted", "task.deleted", "plugin.completed"),
        *("conversation.closed", "conversation.removed"),
    )
)
RANKS = {kind: rank for rank, kind in enumerate(LIFECYCLE)}
# What the ids of facts begin with that were concluded from a resource, for which Twilio has no event.
CONCLUDED = "REST-"


@dataclass(frozen=True, slots=True)
class Fact:
    """What one event shows: its id, its kind (TaskRouter's own name where it has one), and when (epoch ms).

    `values` holds what the kind needs, nothing unknown in it; `attributes` is the digest of the task attributes that
    held then, empty where the event has none.
    """

    id: str
    kind: str
    at: int
    values: Mapping[str, Any] = field(default_factory=dict)
    attributes: str = ""

    @property
    def order(self) -> tuple[int, int, str]:
        """Return what facts are sorted by: the moment, then the place in a task's life."""
        return self.at, RANKS.get(self.kind, len(RANKS)), self.id


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """All that is known of one subject (`task#WT…`, `conversation#CH…`).

    `attributes` has the task attributes by their digest. A later state has more facts than an earlier one.
    `is_repeated` means that of the facts that were just added some stood there already. `doubles` are those that other
    facts stand for.
    """

    subject: str
    facts: tuple[Fact, ...]
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    is_repeated: bool = field(default=False, compare=False)
    doubles: tuple[Fact, ...] = field(default=(), compare=False)

    @property
    def sid(self) -> str:
        """Return the subject's SID."""
        return self.subject.partition("#")[2]

    @property
    def kind(self) -> str:
        """Return `task` or `conversation`."""
        return self.subject.partition("#")[0]

    @property
    def version(self) -> int:
        """Return a number that is higher the more is known; summed up facts and doubles count as well."""
        return len(self.doubles) + sum(fact.values["count"] if fact.kind == FOLDED else 1 for fact in self.facts)

    def without_facts(self, ids: Iterable[str]) -> "KnownFacts":
        """Return what was known before these facts."""
        gone = frozenset(ids)
        left = (fact for fact in (*self.facts, *self.doubles) if fact.id not in gone)
        return sort_facts(self.subject, left, self.attributes)

    def latest_attributes(self) -> Mapping[str, Any]:
        """Return the task attributes, each as the latest event has it."""
        overlaid: dict[str, Any] = {}
        for name in dict.fromkeys(fact.attributes for fact in reversed(self.facts) if fact.attributes):
            overlaid = {**self.attributes[name], **overlaid}
        return overlaid


@dataclass(slots=True)
class NewFacts:
    """What a batch adds to one subject, not yet written."""

    facts: dict[str, Fact] = field(default_factory=dict)
    attributes: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def sort_facts(subject: str, facts: Iterable[Fact], attributes: Mapping[str, Mapping[str, Any]]) -> KnownFacts:
    """Put facts in order; of those from before a summary only those count that it left."""
    every = sorted(facts, key=lambda fact: fact.order)
    summary = next((fact for fact in every if fact.kind == FOLDED), None)
    if summary:
        kept = {*summary.values["kept"], summary.id}
        every = [fact for fact in every if fact.at > summary.at or fact.id in kept or fact.kind in LASTING]
    doubles = _find_doubles(every)
    facts = tuple(fact for fact in every if fact.id not in doubles)
    return KnownFacts(subject, facts, attributes, doubles=tuple(doubles.values()))


def _find_doubles(facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return, by id, the facts that other ones stand for: whichever came first, the same ones are left."""
    every = list(facts)
    streamed = {_thing_of(fact) for fact in every if not fact.id.startswith(CONCLUDED)}
    doubles: dict[str, Fact] = {}
    seen: set[tuple[object, ...]] = set()
    for fact in every:  # those of one moment and kind stand in the order of their ids
        if fact.kind == FOLDED:
            continue
        same = (fact.kind, fact.at, fact.attributes, frozenset(fact.values.items()))
        if same in seen or (fact.id.startswith(CONCLUDED) and _thing_of(fact) in streamed):
            doubles[fact.id] = fact
        seen.add(same)
    return doubles


def _thing_of(fact: Fact) -> tuple[str, object]:
    """Return what happened, and to whom: a conversation is closed once, and each address joins it once."""
    return fact.kind, fact.values.get("address", "")


def compute_digest(attributes: Mapping[str, Any]) -> str:
    """Return a short name for these attributes, the same for the same content."""
    text = json.dumps(attributes, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
