"""What support events ask of the outside; see `twilio_bridge.ports` for the rules."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from twilio_bridge.support.persons.person import Claim, Dossier, FigureRow, Interaction, Person, Status, TimelineEvent
from twilio_bridge.support.tasks.facts import KnownFacts, NewFacts


class Facts(Protocol):
    """What is known of each task and conversation; kept for a month after the last one."""

    def add_facts(self, subject: str, added: NewFacts) -> KnownFacts:
        """Add facts, those that stand there already unchanged, and return all that is known then: one request."""

    def read_facts(self, subject: str) -> KnownFacts:
        """Return all that is known of a subject now; no facts where nothing is."""


class Identities(Protocol):
    """Who is found by which key.

    Keys of tasks and conversations lead to a person for two months; a person who has no others is forgotten then.
    `source` is the subject that brings a key. Every change is a whole one, and False, or None, where somebody has
    changed the same keys or persons meanwhile.
    """

    def find_claims(self, keys: Iterable[str]) -> dict[str, Claim]:
        """Return whose each key is, many in one request; whoever was joined is found as one."""

    def find_by_keys(self, keys: Iterable[str]) -> dict[str, Person]:
        """Return the person that each key identifies, without those that are nobody's or shared."""

    def create_person(self, keys: Iterable[str], source: str = "", erased_at: int = 0) -> str | None:
        """Make a person with these keys and return the id; None where somebody has one of them."""

    def attach_keys(self, person_id: str, keys: Iterable[str], source: str = "") -> bool:
        """Attach further keys, all or none; False where somebody has one, or has joined the person."""

    def join_persons(self, person_id: str, other_id: str) -> bool:
        """Make another person a half of this one, keys included."""

    def absorb_shell(self, person_id: str, shell_id: str) -> bool:
        """Have whatever leads to a person without own keys lead to this one; the shell is nobody's half."""

    def share_key(self, key: str, claim: Claim, witnesses: Iterable[str] = ()) -> bool:
        """Mark a key as shared, with the subjects that show it, and take it from the person that has it."""

    def unshare_key(self, key: str, claim: Claim) -> bool:
        """Unmark a shared key: it is of the person again that had it."""

    def move_key(self, key: str, claim: Claim, person_id: str) -> bool:
        """Move a key from whoever has it to a person."""

    def find_erasures(self, keys: Iterable[str]) -> dict[str, int]:
        """Return when whoever had these keys was erased (epoch ms), without those of nobody erased."""


@dataclass(frozen=True, slots=True)
class OverduePerson:
    """A person with an event that was due at `due_at`; `queued_at` as in Person (both epoch ms)."""

    id: str
    due_at: int
    queued_at: int


class Erasing(Protocol):
    """What an operator needs to erase somebody."""

    def erase_rows(self, person_ids: Iterable[str]) -> None:
        """Delete the profiles, interactions and events of a person and their halves."""

    def erase_keys(self, keys: Iterable[str], at: int) -> None:
        """Delete keys, and what is known of the tasks and conversations among them; keep a hash of each and when."""


class Persons(Protocol):
    """Each person's profile, interactions and events for Brevo."""

    def load_dossier(self, person_id: str) -> Dossier | None:
        """Return all that is held about a person and their halves, as of now."""

    def put_rows(self, rows: Sequence[tuple[str, Interaction | TimelineEvent]], *, revive: bool = False) -> None:
        """Write interactions and events, each with its person's id, as `put_interaction` and `put_event` do.

        `revive` also replaces an interaction of the same version.
        """

    def put_interaction(self, person_id: str, interaction: Interaction) -> bool:
        """Write one; False where a later version stands there."""

    def put_event(self, person_id: str, event: TimelineEvent, *, revive: bool = False) -> bool:
        """Write one; False where a later version stands there, or where it is pending no more.

        One to be skipped replaces none that is to be sent; `revive` has one be sent that was skipped.
        """

    def mark_event(self, person_id: str, key: str, status: Status, version: int | None = None) -> bool:
        """Change an event's status, in whichever half it stands, counting tries.

        False where it is gone, has another version, or has a status that does not come before this one.
        """

    def postpone_event(self, person_id: str, key: str, due_at: int, version: int) -> bool:
        """Have a pending or parked event due at another time (epoch ms); False as `mark_event` does."""

    def save_delivery(self, person_id: str, digest: str, contact_id: int, lists: Iterable[int]) -> None:
        """Write what Brevo has accepted about the contact, and the lists that they were added to."""

    def move_rows(self, from_id: str, to_id: str, sids: Collection[str] | None = None) -> None:
        """Move what is held about a person to another: all of a shell, or what these tasks and conversations left.

        Moved twice it is there once. What another person's contact got begins anew for the one it belongs to.
        """

    def find_aged(self, before: int) -> Iterator[str]:
        """Return whoever has an interaction that ended before this time (epoch ms), a half under its own id."""

    def list_ended(self, since: int, before: int) -> Iterator[tuple[str, Interaction]]:
        """Return ended interactions, each with its person's id, that were last active in this time (epoch ms)."""

    def list_interactions(self, person_id: str) -> list[Interaction]:
        """Return the interactions that stand under this id alone."""

    def replace_interactions(
        self, person_id: str, old: Iterable[Interaction], summaries: Iterable[Interaction]
    ) -> bool:
        """Write summaries in place of old interactions, all or nothing; False where one has changed meanwhile."""

    def forget_contact(self, person_id: str, begun_at: int) -> None:
        """Write that the contact was deleted in Brevo: it begins anew with what ends at or after `begun_at`."""

    def find_overdue(self, before: int) -> Iterator[OverduePerson]:
        """Return the persons with an unsent event that was due before this time (epoch ms); parked events are not."""

    def mark_queued(self, person_ids: Iterable[str], at: int) -> None:
        """Write when these persons were queued (epoch ms)."""

    def clear_queued(self, person_id: str) -> None:
        """Remove that, for nothing is waiting any more."""


class Figures(Protocol):
    """The figures' rows; kept for 400 days."""

    def put_rows(self, rows: Sequence[FigureRow]) -> list[bool]:
        """Write rows as `put_row` does, and return which were written."""

    def put_row(self, row: FigureRow) -> bool:
        """Write a row; False where the same or a later version stands there."""

    def read_day(self, day: str) -> Iterator[FigureRow]:
        """Return a UTC day's rows (`2026-03-02`)."""


class Metrics(Protocol):
    """What the operator sees of the figures as they come."""

    def count(self, row: FigureRow) -> None:
        """Show a row that was just written; one that still waits for its end shows nothing."""

    def measure_overdue(self, seconds: int) -> None:
        """Show for how long the oldest event for Brevo has been due; 0 where none is."""


class Quarantine(Protocol):
    """Where records go that nobody can read."""

    def put(self, record: bytes, reason: str) -> str:
        """Keep a record with the reason, and return the name it is found by. The same record twice is kept once."""


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


@dataclass(frozen=True, slots=True)
class SavedContact:
    """A contact that Brevo has accepted: its id there, the names of the fields that it refuses, and the new lists."""

    id: int
    left_out: frozenset[str] = frozenset()
    lists: frozenset[int] = frozenset()


class MarketingContacts(Protocol):
    """Brevo.

    UnacceptableError means that it will never take this one contact or event, any other RefusedError that somebody has
    to mend something first; after RefusedError, RateLimitedError and NotTakenError nothing has happened there.

    A contact is saved without the fields that Brevo refuses. What is empty or unknown stays as it is there, and an
    opt-out is never lifted.
    """

    def create_contact(self, contact: MarketingContact) -> SavedContact:
        """Create the contact, or update the one with one of these identifiers.

        Raise UnacceptableError where Brevo takes none of the identifiers.
        """

    def update_contact(self, contact_id: int, contact: MarketingContact) -> SavedContact | None:
        """Update a contact except for its email; None where there is none with this id any more."""

    def find_contact(self, contact: MarketingContact) -> int | None:
        """Return the id of the contact that has one of these identifiers, the strongest first."""

    def complete_email(self, contact_id: int, email: str) -> bool:
        """Write the contact's email unless it has one, or another has this one; return whether it is blocklisted."""

    def delete_contact(self, contact_id: int) -> bool:
        """Delete a contact with its timeline; False where there is none with this id."""

    def post_event(self, contact_id: int, event: TimelineEvent) -> None:
        """Put an event on the contact's timeline; an event that is posted twice stands there twice."""

    def find_events(self, contact_id: int, events: Sequence[TimelineEvent]) -> Mapping[str, bool | None]:
        """Return for each event's key whether it is on the timeline; None where that cannot be found out."""

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


class AccountNumbers(Protocol):
    """The numbers of the Twilio account."""

    def list_numbers(self, limit: int) -> list[str]:
        """Return so many of them at most, in E.164."""


class Sinks(Protocol):
    """Event Streams' sinks."""

    def validate(self, test_id: str, stream_arn: str) -> str | None:
        """Say that a test event arrived; give the sink's SID, or None where no sink that leads to the stream waits."""
