"""Persons in SyncState: a partition a person, with the profile, a row an interaction, and a row an event for Brevo.

A person who was joined keeps their rows, so a dossier is the sum of its halves. An event may stand in two of them,
written before and after the join: the one that Brevo may have received counts, else the later version, and the other
is withdrawn before anything is done with the first.

Events that are due stand in the index, spread over sixteen partitions: one takes 1,000 writes a second.
"""

import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace

from twilio_bridge.adapters.aws.batches import split_into
from twilio_bridge.adapters.aws.dynamodb import (
    MAX_KEYS_PER_READ,
    Item,
    Key,
    Table,
    Write,
    a_put,
    an_update,
    pack,
    unpack,
)
from twilio_bridge.adapters.state.identities import person_from, profile_of
from twilio_bridge.side_by_side import map_side_by_side
from twilio_bridge.support.persons.person import (
    BEFORE,
    MAX_SENDING_MS,
    REPLACEABLE,
    UNSENT_FOR_GOOD,
    WAITING,
    Dossier,
    Interaction,
    Person,
    Status,
    TimelineEvent,
)
from twilio_bridge.support.ports import OverduePerson

INDEX = "gsi1"
KEEP_S = 60 * 86_400
PARTITIONS = 16
INTERACTION, EVENT = "interaction#", "event#"
# In the index, ended interactions by their last event, beside the events that are due.
KEPT = "keep#"
IS_LATER = "attribute_not_exists(version) OR version < :version OR expires_at <= :now"
IS_REPLACEABLE = (
    "attribute_not_exists(version) OR (version < :version AND phase IN (:pending, :parked, :withdrawn))"
    " OR expires_at <= :now"
)
# One that is to be skipped replaces none that is to be sent.
IS_VACANT = (
    "attribute_not_exists(version) OR (version < :version AND phase IN (:withdrawn, :skipped)) OR expires_at <= :now"
)
AS_READ = "version = :version"
IS_STALE = "(phase = :to AND (attribute_not_exists(sending_at) OR sending_at <= :stale))"
# A parked event is due again.
DUE_AGAIN = ", tries = tries + :tries, gsi1pk = if_not_exists(gsi1pk, :gsi1pk), gsi1sk = if_not_exists(gsi1sk, :gsi1sk)"
# An event with the half that it stands in.
Place = tuple[str, TimelineEvent]


class DynamoPersons:
    """The port Persons."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load_dossier(self, person_id: str) -> Dossier | None:
        """Read a partition a half, each as of now."""
        rows = self._read_rows(person_id)
        if not rows:
            return None
        person = _read_person(person_id, rows)
        halves = dict(zip(person.halves, map_side_by_side(self._read_rows, person.halves), strict=True))

        events = self._choose_events(_events_of({person_id: rows, **halves}))
        if events is None:
            return self.load_dossier(person_id)
        all_rows = [row for own in (rows, *halves.values()) for row in own]
        return Dossier(_complete_person(person, halves), tuple(_interactions_of(all_rows)), tuple(events))

    def _read_rows(self, person_id: str) -> list[Item]:
        return list(self._table.query(profile_of(person_id)[0], consistent=True))

    def _choose_events(self, events: Iterable[Place]) -> list[TimelineEvent] | None:
        """Return each event once and withdraw its doubles; None where one has changed meanwhile."""
        best: dict[str, TimelineEvent] = {}
        for half, event in sorted(events, key=lambda place: place[1].weight, reverse=True):
            is_double = best.setdefault(event.key, event) is not event and event.status in BEFORE["withdrawn"]
            if is_double and not self._mark(half, event.key, "withdrawn", event.version):
                return None
        return [best[key] for key in sorted(best)]

    def put_rows(self, rows: Sequence[tuple[str, Interaction | TimelineEvent]], *, revive: bool = False) -> None:
        """Write rows, many in a request; a row is left out where a later version stands there, or it is sent."""
        puts = [
            _put_event(person_id, row, revive=revive)
            if isinstance(row, TimelineEvent)
            else _put_interaction(person_id, row, revive=revive)
            for person_id, row in rows
        ]
        self._table.put_each(puts)

    def put_interaction(self, person_id: str, interaction: Interaction) -> bool:
        """Write a row unless a later version stands there."""
        return self._table.put_each([_put_interaction(person_id, interaction)]) == [True]

    def put_event(self, person_id: str, event: TimelineEvent, *, revive: bool = False) -> bool:
        """Write a row unless a later version stands there, or Brevo may have received it."""
        return self._table.put_each([_put_event(person_id, event, revive=revive)]) == [True]

    def mark_event(self, person_id: str, key: str, status: Status, version: int | None = None) -> bool:
        """Change a row in the person's own partition, or where that fails in a half's."""
        if self._mark(person_id, key, status, version):
            return True
        profile = self._table.get(*profile_of(person_id), consistent=True) or {}
        return any(self._mark(half, key, status, version) for half in sorted(profile.get("halves", ())))

    def postpone_event(self, person_id: str, key: str, due_at: int, version: int) -> bool:
        """Change a row in the person's own partition, or where that fails in a half's."""
        if self._postpone(person_id, key, due_at, version):
            return True
        profile = self._table.get(*profile_of(person_id), consistent=True) or {}
        return any(self._postpone(half, key, due_at, version) for half in sorted(profile.get("halves", ())))

    def _postpone(self, person_id: str, key: str, due_at: int, version: int) -> bool:
        values = {f":{name}": value for name, value in _index_keys(person_id, due_at).items()}
        values |= {":due": due_at, ":version": version, ":to": "pending", ":from": "parked"}
        change = "SET phase = :to, due_at = :due, gsi1pk = :gsi1pk, gsi1sk = :gsi1sk REMOVE expires_at"
        when = "phase IN (:to, :from) AND version = :version"
        return self._table.update(*_row_key(person_id, EVENT + key), change, values, when=when) is not None

    def _mark(self, person_id: str, key: str, status: Status, version: int | None) -> bool:
        now = int(time.time() * 1000)
        before = {f":from{number}": phase for number, phase in enumerate(BEFORE[status])}
        when = f"phase IN ({', '.join(before)})"
        values: Item = {":to": status, **before}
        if status == "sending":
            when, values = f"({when} OR {IS_STALE})", values | {":stale": now - MAX_SENDING_MS, ":now": now}
        if version is not None:
            when, values = f"{when} AND version = :version", values | {":version": version}

        change, more = _change_to(status, person_id, now)
        return self._table.update(*_row_key(person_id, EVENT + key), change, values | more, when=when) is not None

    def save_delivery(self, person_id: str, digest: str, contact_id: int, lists: Iterable[int]) -> None:
        """Write it into the profile."""
        values: Item = {":digest": digest, ":contact": contact_id, ":lists": " ".join(map(str, sorted(lists)))}
        change = "SET delivered = :digest, contact_id = :contact, lists = :lists"
        self._table.update(*profile_of(person_id), change, values)

    def forget_contact(self, person_id: str, begun_at: int) -> None:
        """Change the profile, and those of the halves that have the contact, too."""
        profile = self._table.get(*profile_of(person_id), consistent=True) or {}
        change = "SET begun_at = :at, lists = :none REMOVE contact_id, delivered"
        for each in (person_id, *sorted(profile.get("halves", ()))):
            self._table.update(*profile_of(each), change, {":at": begun_at, ":none": ""})

    def find_overdue(self, before: int) -> Iterator[OverduePerson]:
        """Read the index, and the profiles a hundred at a time; a half counts as the person it belongs to."""
        found: set[str] = set()
        for batch in split_into(self._overdue_rows(before), MAX_KEYS_PER_READ):
            due = {row["pk"].removeprefix("person#"): int(row["gsi1sk"]) for row in reversed(batch)}
            owners = self._follow(due)
            for person_id, person in owners.items():
                if person.id not in found:
                    found.add(person.id)
                    yield OverduePerson(person.id, due[person_id], person.queued_at)

    def _overdue_rows(self, before: int) -> Iterator[Item]:
        for number in range(PARTITIONS):
            yield from self._table.query_index(INDEX, f"due#{number:x}", _sortable(before))

    def _follow(self, person_ids: Iterable[str]) -> dict[str, Person]:
        """Return each person, or whom they were joined into."""
        persons = self._read_profiles(person_ids)
        joined = {person.joined_into for person in persons.values() if person.joined_into}
        owners = self._read_profiles(joined)
        return {each: owners.get(person.joined_into, person) for each, person in persons.items()}

    def _read_profiles(self, person_ids: Iterable[str]) -> dict[str, Person]:
        places = {person_id: profile_of(person_id) for person_id in person_ids}
        items = self._table.get_many(list(places.values()))
        return {person_id: person_from(person_id, items.get(place)) for person_id, place in places.items()}

    def mark_queued(self, person_ids: Iterable[str], at: int) -> None:
        """Write it into each profile."""
        for person_id in person_ids:
            self._table.update(*profile_of(person_id), "SET queued_at = :at", {":at": at})

    def clear_queued(self, person_id: str) -> None:
        """Remove it from the profile."""
        self._table.update(*profile_of(person_id), "REMOVE queued_at", {})

    def move_rows(self, from_id: str, to_id: str, sids: Collection[str] | None = None) -> None:
        """Write each row anew where it belongs, then let it expire where it stood; a row that just changed stays."""
        for row in self._read_rows(from_id):
            if row["sk"].startswith((INTERACTION, EVENT)) and (sids is None or row["sk"].split("#")[1] in sids):
                self._move(row, from_id, to_id, is_another=sids is not None)

    def _move(self, row: Item, from_id: str, to_id: str, *, is_another: bool) -> None:
        """Move a row; to another person's contact nothing has been delivered yet."""
        if row["sk"].startswith(INTERACTION):
            self.put_interaction(to_id, Interaction(**unpack(row["told"])))
        else:
            event = _read_event(row)
            is_anew = event.status == "parked" or (is_another and event.status not in UNSENT_FOR_GOOD)
            self.put_event(to_id, replace(event, status="pending", tries=0, sending_at=0) if is_anew else event)
        change = "SET expires_at = :past REMOVE gsi1pk, gsi1sk"
        values: Item = {":past": int(time.time()) - 1, ":version": row["version"]}
        self._table.update(*_row_key(from_id, row["sk"]), change, values, when=AS_READ)

    def find_aged(self, before: int) -> Iterator[str]:
        """Read the index."""
        for number in range(PARTITIONS):
            for row in self._table.query_index(INDEX, f"{KEPT}{number:x}", _sortable(before)):
                yield row["pk"].removeprefix("person#")

    def list_ended(self, since: int, before: int) -> Iterator[tuple[str, Interaction]]:
        """Read the index."""
        for number in range(PARTITIONS):
            for row in self._table.query_index(INDEX, f"{KEPT}{number:x}", _sortable(before), _sortable(since)):
                yield row["pk"].removeprefix("person#"), Interaction(**unpack(row["told"]))

    def list_interactions(self, person_id: str) -> list[Interaction]:
        """Read the partition."""
        return _interactions_of(self._read_rows(person_id))

    def replace_interactions(
        self, person_id: str, old: Iterable[Interaction], summaries: Iterable[Interaction]
    ) -> bool:
        """Write in one transaction."""
        writes = [_put_interaction(person_id, each) for each in summaries]
        change, past = "SET expires_at = :past REMOVE gsi1pk, gsi1sk", int(time.time()) - 1
        for each in old:
            key, values = _row_key(person_id, INTERACTION + each.sid), {":past": past, ":version": each.version}
            writes.append(an_update(key, change, values, when=AS_READ))
        return self._table.transact(writes)


def _put_interaction(person_id: str, interaction: Interaction, *, revive: bool = False) -> Write:
    pk, sk = _row_key(person_id, INTERACTION + interaction.sid)
    known = {name: value for name, value in asdict(interaction).items() if value not in (None, "")}
    item: Item = {"pk": pk, "sk": sk, "version": interaction.version, "told": pack(known)}
    if interaction.ended_at and not interaction.is_summary:
        partition = f"{KEPT}{zlib.crc32(person_id.encode()) % PARTITIONS:x}"
        item |= {"gsi1pk": partition, "gsi1sk": _sortable(interaction.last_at)}
    when = f"{IS_LATER} OR version = :version" if revive else IS_LATER
    return a_put(item, when=when, values={":version": interaction.version, ":now": int(time.time())})


def _put_event(person_id: str, event: TimelineEvent, *, revive: bool = False) -> Write:
    pk, sk = _row_key(person_id, EVENT + event.key)
    told = pack({"name": event.name, "at": event.at, "properties": event.properties})
    item: Item = {"pk": pk, "sk": sk, "version": event.version, "phase": event.status, "tries": event.tries}
    item |= {"due_at": event.due_at, "told": told}
    item |= _index_keys(person_id, event.due_at) if event.status in WAITING else {"expires_at": _expires_at()}

    values: Item = {":version": event.version, ":now": int(time.time())}
    if event.status == "skipped":
        return a_put(item, when=IS_VACANT, values=values | {":withdrawn": "withdrawn", ":skipped": "skipped"})
    values |= {f":{status}": status for status in REPLACEABLE}
    if revive and event.status == "pending":
        return a_put(item, when=f"{IS_REPLACEABLE} OR phase = :skipped", values=values | {":skipped": "skipped"})
    return a_put(item, when=IS_REPLACEABLE, values=values)


def _change_to(status: Status, person_id: str, now: int) -> tuple[str, Item]:
    """Return the update that gives an event this status, and its values."""
    if status not in WAITING:
        return "SET phase = :to, expires_at = :ends REMOVE gsi1pk, gsi1sk", {":ends": _expires_at()}
    values = {f":{name}": value for name, value in _index_keys(person_id, now).items()}
    values |= {":tries": int(status == "sending")}
    since = ", sending_at = :now" if status == "sending" else ""
    return f"SET phase = :to{since}{DUE_AGAIN} REMOVE expires_at", values


def _row_key(person_id: str, sk: str) -> Key:
    return profile_of(person_id)[0], sk


def _index_keys(person_id: str, due_at: int) -> Item:
    return {"gsi1pk": f"due#{zlib.crc32(person_id.encode()) % PARTITIONS:x}", "gsi1sk": _sortable(due_at)}


def _sortable(at: int) -> str:
    return f"{at:015}"


def _expires_at() -> int:
    return int(time.time()) + KEEP_S


def _read_person(person_id: str, rows: Iterable[Item]) -> Person:
    profile = next((row for row in rows if row["sk"] == profile_of(person_id)[1]), None)
    return person_from(person_id, profile)


def _complete_person(person: Person, halves: Mapping[str, Iterable[Item]]) -> Person:
    """Return the person with what the halves knew of Brevo: the first contact, and every list."""
    persons = [person, *(_read_person(half, rows) for half, rows in halves.items())]
    contact_ids = (each.contact_id for each in persons if each.contact_id is not None)
    lists = [each.lists for each in persons if each.lists is not None]
    return replace(
        person,
        contact_id=next(contact_ids, None),
        lists=frozenset[int]().union(*lists) if lists else None,
        begun_at=max(each.begun_at for each in persons),
    )


def _interactions_of(rows: Iterable[Item]) -> list[Interaction]:
    """Return the latest version of each."""
    every = (Interaction(**unpack(row["told"])) for row in rows if row["sk"].startswith(INTERACTION))
    latest_last = sorted(every, key=lambda each: (each.sid, each.version))
    return list({each.sid: each for each in latest_last}.values())


def _events_of(halves: Mapping[str, Iterable[Item]]) -> Iterator[Place]:
    return ((half, _read_event(row)) for half, rows in halves.items() for row in rows if row["sk"].startswith(EVENT))


def _read_event(row: Item) -> TimelineEvent:
    return TimelineEvent(
        key=row["sk"].removeprefix(EVENT),
        version=row["version"],
        due_at=row["due_at"],
        status=row["phase"],
        tries=row["tries"],
        sending_at=row.get("sending_at", 0),
        **unpack(row["told"]),
    )
