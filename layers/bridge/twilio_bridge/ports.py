"""What the domain asks of the outside; a method is here because a domain function calls it.

Every implementation of a port, the memory ones included, passes the same contract tests.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from twilio_bridge.contacts.contact import Contact


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page as the source of contacts gave it; `offset` asks for the next one."""

    contacts: tuple[Contact, ...]
    offset: str | None


class ContactSource(Protocol):
    """The truth about contacts and templates: Airtable. Slow, limited and sometimes away."""

    def page(self, owner: str | None, size: int, offset: str | None = None) -> SourcePage:
        """Give one page of a worker's contacts by name (None: everybody's); StaleOffsetError for an old offset."""

    def pages(self) -> Iterator[tuple[Contact, ...]]:
        """Give all contacts, page by page, without hurry: whoever serves a worker goes first."""

    def changed_since(self, moment: str) -> Iterator[tuple[Contact, ...]]:
        """Give the contacts changed after a moment that `newest` gave, page by page, without hurry."""

    @property
    def newest(self) -> str:
        """The latest change among all that was listed so far, in the source's own words; empty where it tells none."""

    def get(self, contact_id: str) -> Contact | None:
        """Give a contact by the record's id, or by what stands in the id column."""

    def find(self, number: str) -> list[Contact]:
        """Give the contacts with this address, however its digits are written in the cell."""

    def create(self, contact: Contact) -> Contact:
        """Add a contact and give it as the source now has it."""

    def delete(self, contact_id: str) -> None:
        """Remove a contact; one that is gone already is fine."""

    def set_opt_out(self, contact_id: str, opted_out: bool) -> Contact | None:
        """Tick or clear the opt-out and give the contact as it is now; None where it is gone."""

    def templates(self) -> list["TemplateText"]:
        """Give every template in the order of the table."""


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A message template as somebody wrote it, its placeholders unfilled."""

    category: str
    text: str
    whatsapp_approved: bool


@dataclass(frozen=True, slots=True)
class CacheState:
    """Whether the cache holds a whole load, and how old it is (epoch seconds).

    `loaded_at` is when it was last brought up to date, `full_at` when its last whole load began; `newest` is the latest
    change it holds, `count` how many contacts the whole load had.
    """

    loaded_at: float | None
    full_at: float = 0
    newest: str = ""
    count: int = 0

    @property
    def is_empty(self) -> bool:
        """Tell whether there never was a whole load, or it has expired."""
        return self.loaded_at is None


class ContactCache(Protocol):
    """The short-lived copy of contacts that answers workers. An owner of None stands for everybody's contacts."""

    def state(self) -> CacheState:
        """Tell how old the copy is."""

    def page(self, owner: str | None, after: str, limit: int) -> list[Contact]:
        """Give up to `limit` contacts of the list, in order, behind the key `after` (empty: from the start)."""

    def search(self, owner: str | None, query: str, after: str, limit: int) -> list[Contact]:
        """Give up to `limit` contacts of the list that `matches` finds, in order, behind the key `after`."""

    def get(self, contact_id: str) -> Contact | None:
        """Give a contact by id."""

    def find(self, number: str) -> list[Contact]:
        """Give the contacts with exactly this bare address."""

    def position(self, contact_id: str) -> str | None:
        """Give the contact's key in the order, for a day also that of a deleted one."""

    def owners(self) -> list[str]:
        """Give the owners named by any contact."""

    def put(self, contact: Contact, read_at: float | None = None) -> None:
        """Take in one contact that was created or changed just now; it survives a load that began before.

        With `read_at` it was only read, at that moment (epoch seconds): what was written since stays.
        """

    def remove(self, contact_id: str) -> None:
        """Take out one contact that was deleted just now; it survives a load that began before."""

    def load(self, contacts: Sequence[Contact], began_at: float, number: int, newest: str = "") -> None:
        """Take in a whole load that began at `began_at` under the lease `number`; an older number is ignored."""

    def update(self, changed: Sequence[Contact], began_at: float, number: int, newest: str = "") -> int:
        """Take in what has changed, as read since `began_at`, and give how many contacts really had."""


class Notes(Protocol):
    """Small things remembered for a while, by a name of our choice."""

    def note(self, name: str, text: str, seconds: float) -> None:
        """Remember a text under a name; an older one is replaced."""

    def recall(self, name: str) -> str | None:
        """Give the text, or None where there is none any more."""

    def claim(self, name: str, seconds: float) -> bool:
        """Say whether the caller is the first to claim this name within the last `seconds`."""


class Leases(Protocol):
    """At most one holder of a name at a time."""

    def acquire(self, name: str, seconds: float) -> int | None:
        """Take the lease and give its number, higher than any before; None while another holds it."""

    def release(self, name: str, number: int) -> None:
        """Give it back, if it is still ours."""


class Refresh(Protocol):
    """The job that loads contacts into the cache."""

    def start(self) -> None:
        """Ask for one to begin, without waiting for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """What a person last told us at one address: out (True) or in (False), and when (epoch seconds).

    `told` holds the ids of the contacts whose record in Airtable says so already, `ticked` those whose record was told
    the opt-out before this opt-in.
    """

    address: str
    out: bool
    at: float
    told: frozenset[str] = frozenset()
    ticked: frozenset[str] = frozenset()


class OptOuts(Protocol):
    """What people told us, by bare address; the latest word counts."""

    def record(self, address: str, out: bool, at: float) -> OptOut | None:
        """Write down a word; None where a later one stands there already."""

    def of(self, addresses: Iterable[str]) -> list[OptOut]:
        """Give what is known of these addresses."""

    def mark_told(self, word: OptOut, contact_ids: Iterable[str]) -> bool:
        """Write down which contacts' records now say so; False where a later word came in between."""


class Outbox(Protocol):
    """What is to be told Airtable later."""

    def tell_airtable(self, address: str) -> None:
        """Queue the delivery of what a person said at this address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody in a conversation: a worker or chat user by `identity`, or a customer by messaging `address`."""

    sid: str
    identity: str = ""
    address: str = ""
    attributes: str = "{}"


class Messaging(Protocol):
    """Twilio Conversations and Frontline's users."""

    def participants(self, conversation_sid: str) -> list[Participant]:
        """Give who is in a conversation."""

    def participant(self, conversation_sid: str, participant_sid: str) -> Participant:
        """Give one of them."""

    def add_worker(self, conversation_sid: str, worker: str, projected_address: str = "") -> None:
        """Put a worker into a conversation; one who is there already is fine."""

    def set_participant_attributes(self, conversation_sid: str, participant_sid: str, attributes: str) -> None:
        """Replace a participant's attributes (JSON text)."""

    def set_conversation(self, conversation_sid: str, changes: Mapping[str, str]) -> None:
        """Change `friendly_name` or `attributes` of a conversation."""

    def is_available(self, worker: str) -> bool:
        """Tell whether a Frontline user is active and available."""
