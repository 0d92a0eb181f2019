"""What support events ask of the outside; see `twilio_bridge.ports` for the rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from twilio_bridge.support.facts import KnownFacts, NewFacts
from twilio_bridge.support.person import Dossier, FigureRow, Interaction, Person, Status, TimelineEvent


class Facts(Protocol):
    """What is known of each task and conversation; kept for a month after the last word."""

    def add_facts(self, subject: str, heard: NewFacts) -> KnownFacts:
        """Add facts, those that stand there already unchanged, and give all that is known then: one request."""


class Identities(Protocol):
    """Who is found by which key.

    Keys of tasks and conversations lead to a person for two months; a person who has no others is forgotten then.
    """

    def find_by_keys(self, keys: Iterable[str]) -> dict[str, Person]:
        """Return the person for each key that is known, many in one request; who was joined is found as one."""

    def create_person(self, keys: Iterable[str]) -> str | None:
        """Make a new person with these keys and give the id; None where somebody took one of the keys meanwhile."""

    def attach_keys(self, person_id: str, keys: Iterable[str]) -> bool:
        """Return a person further keys, all or none; False where somebody took one, or joined the person, meanwhile."""

    def join_persons(self, person_id: str, other_id: str) -> bool:
        """Make another person a half of this one, keys included; False where either has changed meanwhile."""


class Dossiers(Protocol):
    """What is held about each person."""

    def open(self, person_id: str) -> Dossier | None:
        """Return all that is held about a person and their halves, as of now."""

    def put_interaction(self, person_id: str, interaction: Interaction) -> bool:
        """Write one; False where a later version stands there."""

    def put_event(self, person_id: str, event: TimelineEvent) -> bool:
        """Write one; False where a later version stands there, or where it is pending no more."""

    def mark(self, person_id: str, key: str, status: Status, version: int | None = None) -> bool:
        """Change an event's status, wherever among the halves it stands, counting tries.

        False where it is gone, or stands there in another version than this one.
        """

    def delivered(self, person_id: str, digest: str, contact_id: int | None) -> None:
        """Remember what Brevo accepted about the contact."""

    def overdue(self, now: int) -> Iterator[str]:
        """Return the persons with an event that was due before `now` (epoch ms) and is neither sent nor refused."""


class Figures(Protocol):
    """The figures' rows; kept for 400 days."""

    def put_row(self, row: FigureRow) -> bool:
        """Write a row; False where the same or a later version stands there."""

    def read_day(self, day: str) -> Iterator[FigureRow]:
        """Return a UTC day's rows (`2026-03-02`)."""


class Metrics(Protocol):
    """What the operator sees of the figures as they come."""

    def count(self, row: FigureRow) -> None:
        """Show a row that was just written; one that still waits for its end shows nothing."""


class Quarantine(Protocol):
    """Where records go that nobody can read."""

    def put(self, record: bytes, reason: str) -> str:
        """Keep a record and say why; give the name it is found by. The same record twice is kept once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketingContact:
    """A contact as Brevo is to hold them; `attributes` by Brevo's names, only what is known.

    `opted_out` is None where the person said nothing about it.
    """

    email: str = ""
    phone: str = ""
    external_id: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    lists: Sequence[int] = ()
    opted_out: bool | None = None


class MarketingContacts(Protocol):
    """Brevo.

    UnacceptableError says that it will never take this one contact or event, any other RefusedError that somebody has
    to mend something first; RefusedError, RateLimitedError and NotTakenError say that nothing has happened there.
    """

    def upsert(self, contact: MarketingContact, contact_id: int | None = None) -> int | None:
        """Make the contact so and give Brevo's id where it says one; a word against being written to is never lifted.

        Its email is written only where the contact is new or was found by it, what is empty or unknown stays as it is.
        """

    def add_email(self, contact_id: int, email: str) -> bool:
        """Return the contact its email, unless it has one or somebody else has this one; tell whether it is blocked."""

    def post(self, contact: MarketingContact, contact_id: int | None, event: TimelineEvent) -> None:
        """Put an event on the contact's timeline; once more is twice there."""

    def has(self, contact_id: int | None, event: TimelineEvent) -> bool | None:
        """Return whether the event is on the timeline; None where that cannot be found out, later neither."""

    def set_opted_out(self, phone: str, out: bool) -> bool:
        """Set or clear smsBlacklisted of the contact with this number; False where there is none."""


class Stream(Protocol):
    """The stream of events."""

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        """Put records, each with its partition key; either all are there then, or it raises and some may be."""


class AgentTokens(Protocol):
    """Who issued the tokens that agents' browsers have."""

    def is_valid(self, token: str) -> bool:
        """Return whether somebody of the account's Flex has this token, and it has not expired."""


class Sinks(Protocol):
    """Event Streams' sinks."""

    def validate(self, test_id: str, stream_arn: str) -> str | None:
        """Say that a test event arrived; give the sink's SID, or None where no sink that leads to the stream waits."""
