"""What is held about one person: who they are, their interactions, and the events for Brevo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# pending: to be sent to Brevo; parked: likewise, but not before something changes about the person; sending: a request
# has begun and its answer is not known; sent: Brevo accepted it; refused: Brevo does not take it; withdrawn: what is
# known since shows that it did not happen; skipped: it was too old for Brevo's automations when a sync read it.
Status = Literal["pending", "parked", "sending", "sent", "refused", "withdrawn", "skipped"]
# In the index of what is due.
WAITING: tuple[Status, ...] = ("pending", "sending")
UNSENT: tuple[Status, ...] = ("pending", "parked", "sending")
# Brevo cannot have received it: a later version may replace it.
REPLACEABLE: tuple[Status, ...] = ("pending", "parked", "withdrawn")
# It was never sent, and is not to be.
UNSENT_FOR_GOOD: tuple[Status, ...] = ("withdrawn", "skipped")
# For as long as a function may run an event that is `sending` is left alone: its request may still be under way.
MAX_SENDING_MS = 90_000
# What the sid of a summary begins with, in place of a task's WT or a conversation's CH.
SUMMARY = "PAST-"
# From which statuses `mark_event` may change an event: who comes second finds it changed. An event that has been
# `sending` for longer than MAX_SENDING_MS may be sent again.
BEFORE: Mapping[Status, tuple[Status, ...]] = {
    "sending": ("pending", "parked"),
    "pending": ("sending", "refused"),
    "parked": ("pending",),
    "sent": ("sending",),
    "refused": WAITING,
    "withdrawn": ("pending", "parked"),
    "skipped": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, by the keys that identify them (`external#…`, `email#…`, `airtable#rec…`, `phone#…`).

    They are found by further keys that only lead to them (`task#WT…`, `conversation#CH…`, `flex#…`).

    `halves` are the ids of persons who turned out to be this one; `joined_into` is whom this one turned out to be.
    `contact_id` is Brevo's, `delivered` the digest of what Brevo last accepted about the contact, `lists` the lists
    that they were added to, None where only an earlier version knew. Where the contact was deleted in Brevo,
    interactions that ended before `begun_at` (epoch ms) do not count. `queued_at` (epoch ms) is when the sweep last
    queued them. What began before `erased_at` (epoch ms) is not theirs: somebody with their keys was erased then.
    """

    id: str
    keys: frozenset[str] = frozenset()
    halves: tuple[str, ...] = ()
    joined_into: str = ""
    contact_id: int | None = None
    delivered: str = ""
    lists: frozenset[int] | None = None
    begun_at: int = 0
    queued_at: int = 0
    erased_at: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose a key is: the person, and by whose id the key has them, which may be that of a half.

    `source` is the subject that brought the key, empty where a former version wrote it. A shared key is several
    people's and identifies nobody; its source are the subjects that show so, empty where they are too many to note.
    """

    person: Person
    holder: str
    source: str = ""
    is_shared: bool = False

    @property
    def witnesses(self) -> list[str]:
        """Return the subjects that show that the key is shared, as far as they are noted."""
        return self.source.split() if self.is_shared else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One task or conversation of a person, as far as their numbers need it; times in epoch ms.

    `counts` is whether it is, alone or with others of its conversation, one of `total_conversations`; `wait_s` is None
    unless a worker accepted it. `ended_at` is 0 while it lasts; of a conversation, until it is closed. `parkings` are a
    conversation's times without a worker, each from and until, 0 for still. `values` are the customer's mapped fields,
    by their dotted path; `keys` those of the customer that it came with. A summary of old ones `stands_for` several,
    and its `wait_s` is the sum of their `waits`. One that `is_old` was too old for Brevo's automations when a sync read
    it, and puts nobody on a list.
    """

    sid: str
    version: int
    channel: str = ""
    counts: bool = False
    created_at: int = 0
    last_at: int = 0
    wait_s: int | None = None
    score: float | None = None
    scored_at: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    conversation_sid: str = ""
    ended_at: int = 0
    talk_s: int | None = None
    parkings: tuple[tuple[int, int], ...] = ()
    keys: tuple[str, ...] = ()
    stands_for: int = 1
    waits: int = 0
    is_old: bool = False

    @property
    def is_summary(self) -> bool:
        """Return whether it stands for others that are no longer kept."""
        return self.sid.startswith(SUMMARY)

    def __post_init__(self) -> None:
        """Take lists, as JSON has them, for tuples."""
        object.__setattr__(self, "keys", tuple(self.keys))
        object.__setattr__(self, "parkings", tuple((begin, end) for begin, end in self.parkings))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """One event for Brevo; its key (`WT…#resolved`) is the same however often it is derived.

    `at` is when it happened, `due_at` from when on it may be sent (epoch ms): what is still incomplete, or has just
    changed, waits a little. `sending_at` is when the latest request for it began (epoch ms).
    """

    key: str
    name: str
    at: int
    version: int
    properties: Mapping[str, Any] = field(default_factory=dict)
    due_at: int = 0
    status: Status = "pending"
    tries: int = 0
    sending_at: int = 0

    @property
    def weight(self) -> tuple[int, int, bool]:
        """Return which of two rows of one event counts: the one Brevo has, or may have, then the later version.

        Of two of one version the withdrawn one is but the other's copy.
        """
        received = {"sending": 1, "sent": 2, "refused": 2}.get(self.status, 0)
        return received, self.version, self.status != "withdrawn"


@dataclass(frozen=True, slots=True)
class Dossier:
    """A person with everything of theirs, that of their other halves included: each sid and each key once."""

    person: Person
    interactions: tuple[Interaction, ...] = ()
    events: tuple[TimelineEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One line of the figures of a UTC day: a task's stay in a queue, a worker's reservation or time in an activity.

    `key` is `queue#WT…#EV…`, `reservation#WK…#WR…` or `activity#WK…#EV…`; `values` what it adds up to.
    """

    day: str
    key: str
    version: int
    values: Mapping[str, Any] = field(default_factory=dict)
