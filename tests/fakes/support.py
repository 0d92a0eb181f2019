"""The ports of support events as dictionaries; see `memory`."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.fakes.contacts import Clock
from twilio_bridge.support.persons.key_kinds import ASSIGNED_KINDS, select_own_keys
from twilio_bridge.support.persons.person import (
    BEFORE,
    MAX_SENDING_MS,
    REPLACEABLE,
    UNSENT_FOR_GOOD,
    WAITING,
    Claim,
    Dossier,
    FigureRow,
    Interaction,
    Person,
    Status,
    TimelineEvent,
)
from twilio_bridge.support.ports import OverduePerson
from twilio_bridge.support.tasks.facts import KnownFacts, NewFacts, sort_facts
from twilio_bridge.support.tasks.folding import MAX_FACTS_COUNT, fold_facts

DAY_S = 86_400


class FakeFacts:
    """The port Facts."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._heard: dict[str, tuple[NewFacts, float]] = {}

    def add_facts(self, subject: str, heard: NewFacts) -> KnownFacts:
        """Add facts."""
        there, until = self._heard.get(subject, (NewFacts(), 0.0))
        there = there if until > self._clock.now() else NewFacts()
        facts = {**heard.facts, **there.facts}
        told = {**heard.attributes, **there.attributes}
        self._heard[subject] = (NewFacts(facts, told), self._clock.now() + 31 * DAY_S)
        named = (fact if fact.attributes in told else replace(fact, attributes="") for fact in facts.values())
        is_repeated = not there.facts.keys().isdisjoint(heard.facts)
        known = sort_facts(subject, named, told)
        if len(known.facts) > MAX_FACTS_COUNT:
            folded = fold_facts(known)
            left = NewFacts({fact.id: fact for fact in folded.facts}, dict(folded.attributes))
            self._heard[subject] = (left, self._clock.now() + 31 * DAY_S)
        return replace(known, is_repeated=is_repeated)

    def read_facts(self, subject: str) -> KnownFacts:
        """Return what is kept."""
        there, until = self._heard.get(subject, (NewFacts(), 0.0))
        kept = there if until > self._clock.now() else NewFacts()
        return sort_facts(subject, kept.facts.values(), kept.attributes)


class FakeIdentities:
    """The port Identities."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._keys: dict[str, tuple[str, float]] = {}
        self._sources: dict[str, str] = {}
        self._shared: set[str] = set()
        self.profiles: dict[str, Person] = {}
        self.erasures: dict[str, int] = {}

    def find_claims(self, keys: Iterable[str]) -> dict[str, Claim]:
        """Return who has the keys."""
        return {key: self._claim_of(key) for key in keys if not self._are_free([key])}

    def _claim_of(self, key: str) -> Claim:
        holder = self._keys[key][0]
        return Claim(self._end(holder), holder, self._sources.get(key, ""), key in self._shared)

    def find_by_keys(self, keys: Iterable[str]) -> dict[str, Person]:
        """Return the persons."""
        return {key: claim.person for key, claim in self.find_claims(keys).items() if not claim.is_shared}

    def create_person(self, keys: Iterable[str], source: str = "", erased_at: int = 0) -> str | None:
        """Make a person."""
        wanted = list(keys)
        if not self._are_free(wanted):
            return None
        person_id = uuid.uuid4().hex
        self.profiles[person_id] = Person(id=person_id, keys=select_own_keys(wanted), erased_at=erased_at)
        self._claim(person_id, wanted, source)
        return person_id

    def attach_keys(self, person_id: str, keys: Iterable[str], source: str = "") -> bool:
        """Claim keys, all or none."""
        wanted = list(keys)
        person, own = self.person(person_id), select_own_keys(wanted)
        if not self._are_free(wanted) or (own and person.joined_into):
            return False
        if own:
            self.profiles[person_id] = replace(person, keys=person.keys | own)
        self._claim(person_id, wanted, source)
        return True

    def join_persons(self, person_id: str, other_id: str) -> bool:
        """Make one a half of the other."""
        this, other = self.person(person_id), self.person(other_id)
        if person_id == other_id or this.joined_into or other.joined_into:
            return False
        halves = tuple(sorted({*this.halves, other_id, *other.halves}))
        self.profiles[person_id] = replace(this, keys=this.keys | other.keys, halves=halves)
        self.profiles[other_id] = replace(other, joined_into=person_id)
        return True

    def absorb_shell(self, person_id: str, shell_id: str) -> bool:
        """Have the shell's keys lead to the person."""
        shell = self.person(shell_id)
        if person_id == shell_id or shell.joined_into or shell.keys or shell.halves:
            return False
        self.profiles[shell_id] = replace(shell, joined_into=person_id)
        return True

    def share_key(self, key: str, claim: Claim, witnesses: Iterable[str] = ()) -> bool:
        """Mark a key."""
        if not self._is_as_read(key, claim):
            return False
        self._shared.add(key)
        self._sources[key] = " ".join(witnesses)
        self._take(key, claim)
        return True

    def unshare_key(self, key: str, claim: Claim) -> bool:
        """Give a key back."""
        person = self.person(claim.person.id)
        if not self._is_as_read(key, claim) or (person.joined_into and select_own_keys([key])):
            return False
        self._shared.discard(key)
        self._sources[key] = ""
        self.profiles[person.id] = replace(person, keys=person.keys | select_own_keys([key]))
        return True

    def _is_as_read(self, key: str, claim: Claim) -> bool:
        is_held = self._keys.get(key, ("", 0.0))[0] == claim.holder
        is_marked_alike = (key in self._shared) == claim.is_shared
        return is_held and is_marked_alike and (not claim.is_shared or self._sources.get(key, "") == claim.source)

    def move_key(self, key: str, claim: Claim, person_id: str) -> bool:
        """Move a key to another holder."""
        person = self.person(person_id)
        if self._keys.get(key, ("", 0.0))[0] != claim.holder or person.joined_into:
            return False
        self._keys[key] = (person_id, self._keys[key][1])
        if select_own_keys([key]):
            self._take(key, claim)
            self.profiles[person_id] = replace(person, keys=person.keys | {key})
        return True

    def find_erasures(self, keys: Iterable[str]) -> dict[str, int]:
        """Return when keys were erased."""
        return {key: self.erasures[key] for key in keys if key in self.erasures}

    def erase_keys(self, keys: Iterable[str], at: int) -> None:
        """Forget keys but for when."""
        for key in keys:
            self._keys.pop(key, None)
            self.erasures[key] = at

    def _take(self, key: str, claim: Claim) -> None:
        for holder in (claim.holder, claim.person.id):
            person = self.person(holder)
            self.profiles[holder] = replace(person, keys=person.keys - {key})

    def person(self, person_id: str) -> Person:
        """Return a profile, or one that knows nothing."""
        return self.profiles.get(person_id) or Person(id=person_id)

    def _claim(self, person_id: str, keys: Iterable[str], source: str) -> None:
        for key in keys:
            until = self._clock.now() + 60 * DAY_S if key.startswith(ASSIGNED_KINDS) else float("inf")
            self._keys[key] = (person_id, until)
            self._sources[key] = source

    def _are_free(self, keys: Iterable[str]) -> bool:
        return all(self._keys.get(key, ("", 0.0))[1] <= self._clock.now() for key in keys)

    def owner(self, person_id: str) -> Person:
        """Return the person, or whom they were joined into."""
        return self._end(person_id)

    def _end(self, person_id: str) -> Person:
        person = self.person(person_id)
        return self._end(person.joined_into) if person.joined_into else person


class FakePersons:
    """The port Persons; profiles are those of `people`."""

    def __init__(self, people: FakeIdentities, clock: Clock | None = None) -> None:
        self._people = people
        self._clock = clock or Clock()
        self._interactions: defaultdict[str, dict[str, Interaction]] = defaultdict(dict)
        self._events: defaultdict[str, dict[str, tuple[TimelineEvent, float]]] = defaultdict(dict)

    def load_dossier(self, person_id: str) -> Dossier | None:
        """Put the halves together."""
        if person_id not in {*self._people.profiles, *self._interactions, *self._events}:
            return None
        person = self._people.person(person_id)
        own = (person_id, *person.halves)
        profiles = [self._people.person(half) for half in own]
        contact_ids = (each.contact_id for each in profiles if each.contact_id is not None)
        lists = [each.lists for each in profiles if each.lists is not None]
        person = replace(
            person,
            contact_id=next(contact_ids, None),
            lists=frozenset[int]().union(*lists) if lists else None,
            begun_at=max(each.begun_at for each in profiles),
        )
        each = [interaction for half in own for interaction in self._interactions.get(half, {}).values()]
        latest = {one.sid: one for one in sorted(each, key=lambda one: (one.sid, one.version))}
        return Dossier(person, tuple(latest.values()), tuple(self._settled(own)))

    def _settled(self, halves: Iterable[str]) -> list[TimelineEvent]:
        rows = [(half, event) for half in halves for event in self._rows(half)]
        best: dict[str, TimelineEvent] = {}
        for half, event in sorted(rows, key=lambda row: row[1].weight, reverse=True):
            if best.setdefault(event.key, event) is not event:
                self._mark(half, event.key, "withdrawn")
        return [best[key] for key in sorted(best)]

    def put_rows(self, rows: Sequence[tuple[str, Interaction | TimelineEvent]], *, revive: bool = False) -> None:
        """Write them one by one."""
        for person_id, row in rows:
            if isinstance(row, TimelineEvent):
                self.put_event(person_id, row, revive=revive)
            else:
                self.put_interaction(person_id, row, revive=revive)

    def put_interaction(self, person_id: str, interaction: Interaction, *, revive: bool = False) -> bool:
        """Write one."""
        there = self._interactions[person_id].get(interaction.sid)
        if there and there.version >= interaction.version + revive:
            return False
        self._interactions[person_id][interaction.sid] = interaction
        return True

    def put_event(self, person_id: str, event: TimelineEvent, *, revive: bool = False) -> bool:
        """Write one."""
        there = self._event(person_id, event.key)
        is_revived = revive and event.status == "pending" and there is not None and there.status == "skipped"
        replaceable = UNSENT_FOR_GOOD if event.status == "skipped" else REPLACEABLE
        if there and not is_revived and (there.version >= event.version or there.status not in replaceable):
            return False
        self._write(person_id, event)
        return True

    def mark_event(self, person_id: str, key: str, status: Status, version: int | None = None) -> bool:
        """Change a status."""
        halves = (person_id, *self._people.person(person_id).halves)
        return any(self._mark(half, key, status, version) for half in halves)

    def postpone_event(self, person_id: str, key: str, due_at: int, version: int) -> bool:
        """Change the time."""
        for half in (person_id, *self._people.person(person_id).halves):
            event = self._event(half, key)
            if event and event.version == version and event.status in {"pending", "parked"}:
                self._write(half, replace(event, status="pending", due_at=due_at))
                return True
        return False

    def _mark(self, person_id: str, key: str, status: Status, version: int | None = None) -> bool:
        event = self._event(person_id, key)
        if event is None or version not in {None, event.version}:
            return False
        now = int(self._clock.now() * 1000)
        is_stale = status == event.status == "sending" and event.sending_at <= now - MAX_SENDING_MS
        if event.status not in BEFORE[status] and not is_stale:
            return False
        changed = replace(event, status=status)
        if status == "sending":
            changed = replace(changed, tries=event.tries + 1, sending_at=now)
        self._write(person_id, changed)
        return True

    def save_delivery(self, person_id: str, digest: str, contact_id: int, lists: Iterable[int]) -> None:
        """Write it into the profile."""
        person = self._people.person(person_id)
        saved = replace(person, delivered=digest, contact_id=contact_id, lists=frozenset(lists))
        self._people.profiles[person_id] = saved

    def find_aged(self, before: int) -> Iterator[str]:
        """Look through all."""
        for person_id, rows in list(self._interactions.items()):
            if any(row.ended_at and row.last_at < before and not row.is_summary for row in rows.values()):
                yield person_id

    def list_ended(self, since: int, before: int) -> Iterator[tuple[str, Interaction]]:
        """Look through all."""
        for person_id, rows in list(self._interactions.items()):
            for row in rows.values():
                if row.ended_at and not row.is_summary and since <= row.last_at <= before:
                    yield person_id, row

    def list_interactions(self, person_id: str) -> list[Interaction]:
        """Return the rows."""
        return list(self._interactions.get(person_id, {}).values())

    def replace_interactions(
        self, person_id: str, old: Iterable[Interaction], summaries: Iterable[Interaction]
    ) -> bool:
        """Write in one step."""
        rows, gone = self._interactions[person_id], list(old)
        if any(rows.get(each.sid, each).version != each.version or each.sid not in rows for each in gone):
            return False
        for each in gone:
            del rows[each.sid]
        for each in summaries:
            self.put_interaction(person_id, each)
        return True

    def move_rows(self, from_id: str, to_id: str, sids: Collection[str] | None = None) -> None:
        """Move rows."""
        for sid in [sid for sid in self._interactions.get(from_id, {}) if sids is None or sid in sids]:
            self.put_interaction(to_id, self._interactions[from_id].pop(sid))
        for key in [key for key in self._events.get(from_id, {}) if sids is None or key.split("#")[0] in sids]:
            event, _ = self._events[from_id].pop(key)
            is_anew = event.status == "parked" or (sids is not None and event.status not in UNSENT_FOR_GOOD)
            self.put_event(to_id, replace(event, status="pending", tries=0, sending_at=0) if is_anew else event)

    def forget_contact(self, person_id: str, begun_at: int) -> None:
        """Write it into the profile and those of the halves."""
        for each in (person_id, *self._people.person(person_id).halves):
            person = self._people.person(each)
            gone = replace(person, delivered="", contact_id=None, lists=frozenset(), begun_at=begun_at)
            self._people.profiles[each] = gone

    def find_overdue(self, before: int) -> Iterator[OverduePerson]:
        """Return whoever has something due."""
        due: dict[str, int] = {}
        for person_id in self._events:
            waiting = [event.due_at for event in self._rows(person_id) if event.status in WAITING]
            if waiting and min(waiting) < before:
                owner = self._people.owner(person_id).id
                due[owner] = min(due.get(owner, before), *waiting)
        for person_id, due_at in due.items():
            yield OverduePerson(person_id, due_at, self._people.person(person_id).queued_at)

    def mark_queued(self, person_ids: Iterable[str], at: int) -> None:
        """Write it into the profiles."""
        for person_id in person_ids:
            self._people.profiles[person_id] = replace(self._people.person(person_id), queued_at=at)

    def clear_queued(self, person_id: str) -> None:
        """Remove it."""
        self.mark_queued([person_id], 0)

    def _event(self, person_id: str, key: str) -> TimelineEvent | None:
        return next((event for event in self._rows(person_id) if event.key == key), None)

    def _rows(self, person_id: str) -> list[TimelineEvent]:
        return [event for event, until in self._events.get(person_id, {}).values() if until > self._clock.now()]

    def _write(self, person_id: str, event: TimelineEvent) -> None:
        until = float("inf") if event.status in WAITING else self._clock.now() + 60 * DAY_S
        self._events[person_id][event.key] = (event, until)


class FakeFigures:
    """The port Figures."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], FigureRow] = {}

    def put_rows(self, rows: Sequence[FigureRow]) -> list[bool]:
        """Write them one by one."""
        return [self.put_row(row) for row in rows]

    def put_row(self, row: FigureRow) -> bool:
        """Write a row."""
        there = self._rows.get((row.day, row.key))
        if there and there.version >= row.version:
            return False
        self._rows[row.day, row.key] = row
        return True

    def read_day(self, day: str) -> Iterator[FigureRow]:
        """Return a day's rows."""
        return (row for row in self._rows.values() if row.day == day)

    def list_rows(self) -> list[FigureRow]:
        """Return all rows, by their days and keys."""
        return [self._rows[place] for place in sorted(self._rows)]


@dataclass
class FakeQuarantine:
    """The port Quarantine: each record by its name, with the reason."""

    kept: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    def put(self, record: bytes, reason: str) -> str:
        """Keep a record."""
        name = hashlib.sha256(record).hexdigest()
        self.kept[name] = (record, reason)
        return name
