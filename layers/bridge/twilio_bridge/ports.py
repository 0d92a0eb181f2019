"""What the domain asks of the outside; a method is here because a domain function calls it.

Every implementation of a port, the fakes of the tests included, passes the same contract tests.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Notes(Protocol):
    """Short texts kept for a while under a name of our choice."""

    def write_note(self, name: str, text: str, seconds: float) -> None:
        """Keep a text under a name for `seconds`; it replaces an older one."""

    def read_note(self, name: str) -> str | None:
        """Return the text, or None where there is none or it has expired."""

    def claim_name(self, name: str, seconds: float) -> bool:
        """Return whether the caller is the first to claim this name within `seconds`."""


class Leases(Protocol):
    """At most one holder of a name at a time."""

    def acquire(self, name: str, seconds: float, above: int = 0) -> int | None:
        """Take the lease and return its number, higher than any before and `above`; None while another holds it."""

    def release(self, name: str, number: int) -> None:
        """End the lease, if its number is still the latest."""


class Refresh(Protocol):
    """The job that brings the contact cache up to date. Every method returns without waiting for it."""

    def request_refresh(self) -> None:
        """Request a refresh, unless one was requested a moment ago."""

    def request_changes(self) -> None:
        """Request that the payloads of the base's webhook are read."""

    def request_continuation(self) -> None:
        """Request the rest of a load that one invocation could not finish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """A person's latest request at one address: out (True) or in (False), and when (epoch seconds).

    `delivered_to` holds the ids of the contacts whose record in Airtable has this request. For an opt-in,
    `opt_out_delivered_to` holds those whose record has the opt-out before it. `set_in` holds those whose opt-out was
    set by a request at this address; None where that was not stored yet.
    """

    address: str
    out: bool
    at: float
    delivered_to: frozenset[str] = frozenset()
    opt_out_delivered_to: frozenset[str] = frozenset()
    set_in: frozenset[str] | None = field(default=None, compare=False)

    @property
    def records_set(self) -> frozenset[str]:
        """Return the ids of the contacts whose opt-out was set by a request here, and not by the company."""
        if self.set_in is not None:
            return self.set_in
        return self.opt_out_delivered_to | (self.delivered_to if self.out else frozenset())


class OptOuts(Protocol):
    """Opt-out and opt-in requests by bare address; the latest request counts."""

    def record_request(self, address: str, out: bool, at: float) -> OptOut | None:
        """Write a request, and return it; None where a later one is stored."""

    def find_requests(self, addresses: Iterable[str]) -> list[OptOut]:
        """Return the requests at these addresses."""

    def mark_delivered(self, request: OptOut, contact_ids: Iterable[str]) -> bool:
        """Write which contacts' records have the request; return False where a later request is stored by now."""

    def mark_set(self, request: OptOut, contact_id: str, is_set: bool) -> bool:
        """Write whether a contact's opt-out is set by requests here; return False as `mark_delivered` does."""

    def postpone(self, address: str, system: str, due_at: float) -> None:
        """Write that the request at an address is to be sent to a system again (epoch s)."""

    def settle(self, address: str, system: str) -> None:
        """Remove that."""

    def find_postponed(self, before: float) -> Iterator[tuple[str, str]]:
        """Return addresses and systems of the requests that were due before this time (epoch s)."""


class Outbox(Protocol):
    """What other functions are to do later, by queue."""

    def enqueue_airtable_opt_out(self, address: str) -> None:
        """Queue writing the latest opt-out or opt-in of this address into Airtable."""

    def enqueue_brevo_opt_out(self, address: str) -> None:
        """Queue sending it to Brevo."""

    def enqueue_brevo_delivery(self, person_ids: Iterable[str]) -> None:
        """Queue sending Brevo what is new about these persons."""

    def enqueue_enrichment(self, urgent: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> None:
        """Queue tasks whose attributes are to be completed; the urgent ones apart, for they go first."""

    def enqueue_sink_validation(self, test_id: str) -> None:
        """Queue the validation of the sink that sent this test event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody in a conversation: a worker or chat user by `identity`, or a customer by messaging `address`."""

    sid: str
    identity: str = ""
    address: str = ""
    attributes: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user of Frontline or Conversations; `identity` is case-sensitive, in Twilio's spelling."""

    identity: str
    is_active: bool = True
    is_available: bool = False


class Messaging(Protocol):
    """Twilio Conversations and Frontline's users.

    A conversation lives in a service, and is found under it only. An empty `service_sid` is the account's default one.
    """

    def list_participants(self, conversation_sid: str, service_sid: str = "") -> list[Participant]:
        """Return the participants of a conversation."""

    def fetch_participant(self, conversation_sid: str, participant_sid: str, service_sid: str = "") -> Participant:
        """Return one participant."""

    def add_worker(
        self, conversation_sid: str, worker: str, projected_address: str = "", service_sid: str = ""
    ) -> None:
        """Add a worker to a conversation; one who is there already is no error."""

    def update_participant_attributes(
        self, conversation_sid: str, participant_sid: str, attributes: str, service_sid: str = ""
    ) -> None:
        """Replace a participant's attributes (JSON text)."""

    def update_conversation(self, conversation_sid: str, changes: Mapping[str, str], service_sid: str = "") -> None:
        """Change `friendly_name` or `attributes` of a conversation."""

    def fetch_user(self, identity: str) -> User | None:
        """Return the Frontline user of this identity; None where Twilio knows none."""

    def fetch_chat_user(self, identity: str, service_sid: str = "") -> User | None:
        """Return the Conversations user of this identity; None where Twilio knows none."""


class SeenWorkers(Protocol):
    """The identities that signed requests named as their worker."""

    def record_worker(self, identity: str) -> None:
        """Write that this worker was seen today, unless that is written already."""

    def list_workers(self) -> list[str]:
        """Return the identities seen within the last weeks, the latest first."""
