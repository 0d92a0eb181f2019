"""The ports as plain dictionaries: for the domain's tests, and the measure the real adapters are held against."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.contacts import Clock
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import Bookmark
from twilio_bridge.errors import RefusedError
from twilio_bridge.ports import OptOut, Participant, User


class FakeNotes:
    """The port Notes."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._notes: dict[str, tuple[str, float]] = {}

    def write_note(self, name: str, text: str, seconds: float) -> None:
        """Keep a text."""
        self._notes[name] = (text, self._clock.now() + seconds)

    def read_note(self, name: str) -> str | None:
        """Return what is kept."""
        text, until = self._notes.get(name, ("", 0.0))
        return text if until > self._clock.now() else None

    def claim_name(self, name: str, seconds: float) -> bool:
        """Return whether nobody claimed it before."""
        if self.read_note(name) is not None:
            return False
        self.write_note(name, "", seconds)
        return True


class FakeLeases:
    """The port Leases."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._held: dict[str, tuple[int, float]] = {}

    def acquire(self, name: str, seconds: float, above: int = 0) -> int | None:
        """Take the lease where it is free or has run out."""
        number, until = self._held.get(name, (0, 0.0))
        if until > self._clock.now():
            return None
        number = max(number, above)
        self._held[name] = (number + 1, self._clock.now() + seconds)
        return number + 1

    def release(self, name: str, number: int) -> None:
        """Return what is kept."""
        if self._held.get(name, (0, 0.0))[0] == number:
            self._held[name] = (number, 0.0)


class FakePartialLoads:
    """The port PartialLoads."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._number = 0
        self._kept: tuple[Bookmark, list[Contact]] | None = None

    def append_part(self, read: Sequence[Contact], bookmark: Bookmark, number: int) -> None:
        """Add what was read."""
        if number < self._number:
            return
        same = self._kept and self._kept[0].began_at == bookmark.began_at
        earlier = self._kept[1] if self._kept and same else []
        self._number, self._kept = number, (bookmark, [*earlier, *read])

    def find_load(self, after: float) -> tuple[Bookmark, list[Contact]] | None:
        """Return what is kept."""
        if self._kept is None or not after <= self._kept[0].began_at:
            return None
        return self._kept if self._kept[0].until > self._clock.now() else None


class FakeOptOuts:
    """The port OptOuts."""

    def __init__(self) -> None:
        self._requests: dict[str, OptOut] = {}
        self.postponed: dict[tuple[str, str], float] = {}

    def record_request(self, address: str, out: bool, at: float) -> OptOut | None:
        """Write a request unless a later one is stored."""
        at = int(at * 1000) / 1000
        known = self._requests.get(address)
        if known is None or (known.at, known.out) < (at, out):  # of two at one moment, out is safer
            earlier = known.delivered_to if known else frozenset()
            kept = known.records_set if known else frozenset()
            known = OptOut(address=address, out=out, at=at, opt_out_delivered_to=earlier, set_in=kept)
            self._requests[address] = known
        return known if (known.at, known.out) <= (at, out) else None

    def find_requests(self, addresses: Iterable[str]) -> list[OptOut]:
        """Return the requests at these addresses."""
        return [self._requests[address] for address in dict.fromkeys(addresses) if address in self._requests]

    def mark_delivered(self, request: OptOut, contact_ids: Iterable[str]) -> bool:
        """Write whose records have the request."""
        known = self._requests.get(request.address)
        ids = frozenset(contact_ids)
        if known is None or known.at != request.at:
            return not ids
        self._requests[request.address] = replace(known, delivered_to=known.delivered_to | ids)
        return True

    def mark_set(self, request: OptOut, contact_id: str, is_set: bool) -> bool:
        """Write whether a contact's opt-out is set by requests here."""
        known = self._requests.get(request.address)
        if known is None or known.at != request.at:
            return False
        others = known.records_set - {contact_id}
        self._requests[request.address] = replace(known, set_in=others | ({contact_id} if is_set else set()))
        return True

    def postpone(self, address: str, system: str, due_at: float) -> None:
        """Keep it."""
        self.postponed[address, system] = due_at

    def settle(self, address: str, system: str) -> None:
        """Remove it."""
        self.postponed.pop((address, system), None)

    def find_postponed(self, before: float) -> Iterator[tuple[str, str]]:
        """Return what is due."""
        yield from [each for each, due_at in self.postponed.items() if due_at < before]


class FakeRefresh:
    """The port Refresh: counts how often it was asked for."""

    def __init__(self) -> None:
        self.refreshes = 0
        self.continuations = 0
        self.change_reads = 0

    def request_refresh(self) -> None:
        """Count."""
        self.refreshes += 1

    def request_changes(self) -> None:
        """Count."""
        self.change_reads += 1

    def request_continuation(self) -> None:
        """Count."""
        self.continuations += 1


@dataclass
class FakeOutbox:
    """The port Outbox: a list for each queue's messages."""

    addresses: list[str] = field(default_factory=list)
    for_brevo: list[str] = field(default_factory=list)
    persons: list[str] = field(default_factory=list)
    test_ids: list[str] = field(default_factory=list)
    enrichments: list[tuple[bool, Mapping[str, Any]]] = field(default_factory=list)

    def enqueue_airtable_opt_out(self, address: str) -> None:
        """Keep the address."""
        self.addresses.append(address)

    def enqueue_brevo_opt_out(self, address: str) -> None:
        """Keep the address."""
        self.for_brevo.append(address)

    def enqueue_brevo_delivery(self, person_ids: Iterable[str]) -> None:
        """Keep the persons, each once."""
        self.persons += dict.fromkeys(person_ids)

    def enqueue_enrichment(self, urgent: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> None:
        """Keep the messages, each with whether it is urgent."""
        self.enrichments += [(True, message) for message in urgent]
        self.enrichments += [(False, message) for message in others]

    def enqueue_sink_validation(self, test_id: str) -> None:
        """Keep the test's id."""
        self.test_ids.append(test_id)


class FakeSeenWorkers:
    """The port SeenWorkers: a list."""

    def __init__(self, *identities: str) -> None:
        self.identities = list(identities)

    def record_worker(self, identity: str) -> None:
        """Keep the identity, the latest first."""
        self.identities = [identity, *(other for other in self.identities if other != identity)]

    def list_workers(self) -> list[str]:
        """Return the identities."""
        return list(self.identities)


@dataclass
class FakeMessaging:
    """The port Messaging over dictionaries.

    `failure`, where set, is raised by every call; `services` names the service of the conversations that are not in
    the default one. `available` are active and available users of Frontline, `away` active ones, `left` deactivated.
    """

    conversations: dict[str, list[Participant]] = field(default_factory=dict)
    available: set[str] = field(default_factory=set)
    changes: dict[str, dict[str, str]] = field(default_factory=dict)
    failure: Exception | None = None
    away: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    chat_users: set[str] = field(default_factory=set)
    services: dict[str, str] = field(default_factory=dict)

    def list_participants(self, conversation_sid: str, service_sid: str = "") -> list[Participant]:
        """Return who is in a conversation."""
        self._begin(conversation_sid, service_sid)
        return list(self.conversations[conversation_sid])

    def fetch_participant(self, conversation_sid: str, participant_sid: str, service_sid: str = "") -> Participant:
        """Return one of them."""
        there = self.list_participants(conversation_sid, service_sid)
        found = [p for p in there if p.sid == participant_sid]
        if not found:
            raise RefusedError("memory", "no such participant", code=20404)
        return found[0]

    def add_worker(
        self, conversation_sid: str, worker: str, projected_address: str = "", service_sid: str = ""
    ) -> None:
        """Add a worker who is not there yet."""
        there = self.list_participants(conversation_sid, service_sid)
        if all(participant.identity != worker for participant in there):
            new = Participant(sid=f"MB{len(there):032}", identity=worker, address=projected_address)
            self.conversations[conversation_sid].append(new)

    def update_participant_attributes(
        self, conversation_sid: str, participant_sid: str, attributes: str, service_sid: str = ""
    ) -> None:
        """Replace a participant's attributes."""
        before = self.fetch_participant(conversation_sid, participant_sid, service_sid)
        changed = replace(before, attributes=attributes)
        there = self.conversations[conversation_sid]
        self.conversations[conversation_sid] = [changed if p.sid == participant_sid else p for p in there]

    def update_conversation(self, conversation_sid: str, changes: Mapping[str, str], service_sid: str = "") -> None:
        """Change a conversation."""
        self._begin(conversation_sid, service_sid)
        self.changes.setdefault(conversation_sid, {}).update(changes)

    def fetch_user(self, identity: str) -> User | None:
        """Return the Frontline user of this identity."""
        if self.failure:
            raise self.failure
        if identity not in self.available | self.away | self.left:
            return None
        return User(identity=identity, is_active=identity not in self.left, is_available=identity in self.available)

    def fetch_chat_user(self, identity: str, service_sid: str = "") -> User | None:
        """Return the Conversations user of this identity; every user of Frontline is one in the default service."""
        if self.failure:
            raise self.failure
        known = self.chat_users | (set() if service_sid else self.available | self.away)
        return User(identity=identity) if identity in known else None

    def _begin(self, conversation_sid: str, service_sid: str) -> None:
        if self.failure:
            raise self.failure
        lives_in = self.services.get(conversation_sid, service_sid)
        if conversation_sid not in self.conversations or lives_in != service_sid:
            raise RefusedError("memory", "no such conversation", code=20404)
