"""What the domain asks of the outside; a method is here because a domain function calls it.

Every implementation of a port, the memory ones included, passes the same contract tests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Notes(Protocol):
    """Small things remembered for a while, by a name of our choice."""

    def note(self, name: str, text: str, seconds: float) -> None:
        """Remember a text under a name; an older one is replaced."""

    def recall(self, name: str) -> str | None:
        """Return the text, or None where there is none any more."""

    def claim(self, name: str, seconds: float) -> bool:
        """Return whether the caller is the first to claim this name within the last `seconds`."""


class Leases(Protocol):
    """At most one holder of a name at a time."""

    def acquire(self, name: str, seconds: float) -> int | None:
        """Take the lease and give its number, higher than any before; None while another holds it."""

    def release(self, name: str, number: int) -> None:
        """Return it back, if it is still ours."""


class Refresh(Protocol):
    """The job that loads contacts into the cache."""

    def start(self) -> None:
        """Ask for one to begin, without waiting for it."""

    def hear(self) -> None:
        """Ask for what the base's webhook tells to be taken in, whoever has just asked for that."""

    def go_on(self) -> None:
        """Ask for the rest of a load, whoever has just asked for one."""


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
        """Return what is known of these addresses."""

    def mark_delivered(self, word: OptOut, contact_ids: Iterable[str]) -> bool:
        """Write down which contacts' records now say so; False where a later word came in between."""


class Outbox(Protocol):
    """What a person said about being written to, for those who are to be told later."""

    def enqueue_airtable_delivery(self, address: str) -> None:
        """Queue telling Airtable what was last said at this address."""

    def enqueue_brevo_delivery(self, address: str) -> None:
        """Queue telling Brevo."""


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
        """Return who is in a conversation."""

    def participant(self, conversation_sid: str, participant_sid: str) -> Participant:
        """Return one of them."""

    def add_worker(self, conversation_sid: str, worker: str, projected_address: str = "") -> None:
        """Put a worker into a conversation; one who is there already is fine."""

    def set_participant_attributes(self, conversation_sid: str, participant_sid: str, attributes: str) -> None:
        """Replace a participant's attributes (JSON text)."""

    def set_conversation(self, conversation_sid: str, changes: Mapping[str, str]) -> None:
        """Change `friendly_name` or `attributes` of a conversation."""

    def is_available(self, worker: str) -> bool:
        """Return whether a Frontline user is active and available."""
