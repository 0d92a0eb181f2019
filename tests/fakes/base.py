"""The ports as plain dictionaries: for the domain's tests, and the measure the real adapters are held against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tests.fakes.contacts import Clock
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import Bookmark
from twilio_bridge.errors import RefusedError
from twilio_bridge.ports import OptOut, Participant


class FakeNotes:
    """The port Notes."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._notes: dict[str, tuple[str, float]] = {}

    def note(self, name: str, text: str, seconds: float) -> None:
        """Remember a text."""
        self._notes[name] = (text, self._clock.now() + seconds)

    def recall(self, name: str) -> str | None:
        """Return it back."""
        text, until = self._notes.get(name, ("", 0.0))
        return text if until > self._clock.now() else None

    def claim(self, name: str, seconds: float) -> bool:
        """Be the first, or not."""
        if self.recall(name) is not None:
            return False
        self.note(name, "", seconds)
        return True


class FakeLeases:
    """The port Leases."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._held: dict[str, tuple[int, float]] = {}

    def acquire(self, name: str, seconds: float) -> int | None:
        """Take the lease where it is free or has run out."""
        number, until = self._held.get(name, (0, 0.0))
        if until > self._clock.now():
            return None
        self._held[name] = (number + 1, self._clock.now() + seconds)
        return number + 1

    def release(self, name: str, number: int) -> None:
        """Return it back."""
        if self._held.get(name, (0, 0.0))[0] == number:
            self._held[name] = (number, 0.0)


class FakeStage:
    """The port Stage."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._number = 0
        self._kept: tuple[Bookmark, list[Contact]] | None = None

    def keep(self, read: Sequence[Contact], bookmark: Bookmark, number: int) -> None:
        """Add what was read."""
        if number < self._number:
            return
        same = self._kept and self._kept[0].began_at == bookmark.began_at
        earlier = self._kept[1] if self._kept and same else []
        self._number, self._kept = number, (bookmark, [*earlier, *read])

    def recall(self, after: float) -> tuple[Bookmark, list[Contact]] | None:
        """Return it back."""
        if self._kept is None or not after <= self._kept[0].began_at:
            return None
        return self._kept if self._kept[0].until > self._clock.now() else None


class FakeOptOuts:
    """The port OptOuts."""

    def __init__(self) -> None:
        self._words: dict[str, OptOut] = {}

    def record(self, address: str, out: bool, at: float) -> OptOut | None:
        """Write a word down unless a later one stands there."""
        at = int(at * 1000) / 1000
        known = self._words.get(address)
        if known is None or (known.at, known.out) < (at, out):  # of two at one moment, out is safer
            ticked = known.told if known else frozenset()
            known = self._words[address] = OptOut(address=address, out=out, at=at, ticked=ticked)
        return known if (known.at, known.out) <= (at, out) else None

    def of(self, addresses: Iterable[str]) -> list[OptOut]:
        """Return what was said at these addresses."""
        return [self._words[address] for address in dict.fromkeys(addresses) if address in self._words]

    def mark_delivered(self, word: OptOut, contact_ids: Iterable[str]) -> bool:
        """Write down whose records say so now."""
        known = self._words.get(word.address)
        ids = frozenset(contact_ids)
        if known is None or known.at != word.at:
            return not ids
        self._words[word.address] = replace(known, told=known.told | ids)
        return True


class FakeRefresh:
    """The port Refresh: counts how often it was asked for."""

    def __init__(self) -> None:
        self.started = 0
        self.went_on = 0
        self.heard = 0

    def start(self) -> None:
        """Count."""
        self.started += 1

    def hear(self) -> None:
        """Count."""
        self.heard += 1

    def go_on(self) -> None:
        """Count."""
        self.went_on += 1


class FakeOutbox:
    """The port Outbox: a list for each."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.for_brevo: list[str] = []

    def enqueue_airtable_delivery(self, address: str) -> None:
        """Keep the address."""
        self.addresses.append(address)

    def enqueue_brevo_delivery(self, address: str) -> None:
        """Keep the address."""
        self.for_brevo.append(address)


@dataclass
class FakeMessaging:
    """The port Messaging over dictionaries; `failure`, where set, is raised by every call."""

    conversations: dict[str, list[Participant]] = field(default_factory=dict)
    available: set[str] = field(default_factory=set)
    changes: dict[str, dict[str, str]] = field(default_factory=dict)
    failure: Exception | None = None

    def participants(self, conversation_sid: str) -> list[Participant]:
        """Return who is in a conversation."""
        self._begin(conversation_sid)
        return list(self.conversations[conversation_sid])

    def participant(self, conversation_sid: str, participant_sid: str) -> Participant:
        """Return one of them."""
        found = [p for p in self.participants(conversation_sid) if p.sid == participant_sid]
        if not found:
            raise RefusedError("memory", "no such participant", code=20404)
        return found[0]

    def add_worker(self, conversation_sid: str, worker: str, projected_address: str = "") -> None:
        """Add a worker who is not there yet."""
        there = self.participants(conversation_sid)
        if all(participant.identity != worker for participant in there):
            new = Participant(sid=f"MB{len(there):032}", identity=worker, address=projected_address)
            self.conversations[conversation_sid].append(new)

    def set_participant_attributes(self, conversation_sid: str, participant_sid: str, attributes: str) -> None:
        """Replace a participant's attributes."""
        changed = replace(self.participant(conversation_sid, participant_sid), attributes=attributes)
        there = self.conversations[conversation_sid]
        self.conversations[conversation_sid] = [changed if p.sid == participant_sid else p for p in there]

    def set_conversation(self, conversation_sid: str, changes: Mapping[str, str]) -> None:
        """Change a conversation."""
        self._begin(conversation_sid)
        self.changes.setdefault(conversation_sid, {}).update(changes)

    def is_available(self, worker: str) -> bool:
        """Return whether a user is available."""
        if self.failure:
            raise self.failure
        return worker in self.available

    def _begin(self, conversation_sid: str) -> None:
        if self.failure:
            raise self.failure
        if conversation_sid not in self.conversations:
            raise RefusedError("memory", "no such conversation", code=20404)
