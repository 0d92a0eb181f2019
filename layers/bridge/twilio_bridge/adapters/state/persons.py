"""Dossiers in SyncState: a partition a person, with the profile, a row an interaction, and a row an event for Brevo.

Who was joined keeps their rows, so a dossier is the sum of its halves. An event may stand in two of them, written
before and after the join: the one that Brevo was told of counts, else the later version, and the other one is withdrawn
before anybody is given the first.

Events that are due stand in the index, spread over sixteen partitions: one takes 1,000 writes a second.
"""

import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, replace

from twilio_bridge.adapters.aws.dynamodb import Item, Key, Table, pack, unpack
from twilio_bridge.adapters.state.identities import person_from, profile_of
from twilio_bridge.support.person import BEFORE, UNHEARD, WAITING, Dossier, Interaction, Person, Status, TimelineEvent

INDEX = "gsi1"
KEEP_S = 60 * 86_400
PARTITIONS = 16
INTERACTION, EVENT = "interaction#", "event#"
LATER = "attribute_not_exists(version) OR version < :version OR expires_at <= :now"
STILL_UNHEARD = (
    "attribute_not_exists(version) OR (version < :version AND phase IN (:pending, :parked, :withdrawn))"
    " OR expires_at <= :now"
)
AS_READ = "version = :version"
# What was parked is due again.
AGAIN_DUE = (
    ", tries = tries + :tries, gsi1pk = if_not_exists(gsi1pk, :gsi1pk), gsi1sk = if_not_exists(gsi1sk, :gsi1sk)"
    " REMOVE expires_at"
)
Place = tuple[str, TimelineEvent]


class DynamoDossiers:
    """The port Dossiers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def open(self, person_id: str) -> Dossier | None:
        """Read a partition a half, each as of now."""
        rows = self._rows(person_id)
        if not rows:
            return None
        person = _person(person_id, rows)
        halves = {half: self._rows(half) for half in person.halves}
        events = self._settled(_events({person_id: rows, **halves}))
        if events is None:
            return self.open(person_id)
        every = [row for own in (rows, *halves.values()) for row in own]
        return Dossier(_with_contact(person, halves), tuple(_interactions(every)), tuple(events))

    def _rows(self, person_id: str) -> list[Item]:
        return list(self._table.query(profile_of(person_id)[0], consistent=True))

    def _settled(self, events: Iterable[Place]) -> list[TimelineEvent] | None:
        """Return each event once and withdraw what stands beside it; None where that has just changed."""
        best: dict[str, TimelineEvent] = {}
        for half, event in sorted(events, key=lambda place: place[1].weight, reverse=True):
            is_double = best.setdefault(event.key, event) is not event and event.status in BEFORE["withdrawn"]
            if is_double and not self._mark(half, event.key, "withdrawn", event.version):
                return None
        return [best[key] for key in sorted(best)]

    def put_interaction(self, person_id: str, interaction: Interaction) -> bool:
        """Write a row unless a later one stands there."""
        pk, sk = _place(person_id, INTERACTION + interaction.sid)
        told = {name: value for name, value in asdict(interaction).items() if value not in (None, "")}
        item = {"pk": pk, "sk": sk, "version": interaction.version, "told": pack(told)}
        return self._table.put(item, when=LATER, values={":version": interaction.version, ":now": int(time.time())})

    def put_event(self, person_id: str, event: TimelineEvent) -> bool:
        """Write a row unless a later one stands there, or Brevo has heard of it."""
        pk, sk = _place(person_id, EVENT + event.key)
        told = pack({"name": event.name, "at": event.at, "properties": event.properties})
        item: Item = {"pk": pk, "sk": sk, "version": event.version, "phase": event.status, "tries": event.tries}
        item |= {"due_at": event.due_at, "told": told}
        item |= _due(person_id, event.due_at) if event.status in WAITING else {"expires_at": _ends_at()}
        values = {":version": event.version, ":now": int(time.time()), **{f":{status}": status for status in UNHEARD}}
        return self._table.put(item, when=STILL_UNHEARD, values=values)

    def mark(self, person_id: str, key: str, status: Status, version: int | None = None) -> bool:
        """Change a row in the person's own partition, or where that fails in a half's."""
        if self._mark(person_id, key, status, version):
            return True
        profile = self._table.get(*profile_of(person_id), consistent=True) or {}
        return any(self._mark(half, key, status, version) for half in sorted(profile.get("halves", ())))

    def _mark(self, person_id: str, key: str, status: Status, version: int | None) -> bool:
        before = {f":from{number}": phase for number, phase in enumerate(BEFORE[status])}
        when = f"phase IN ({', '.join(before)})"
        values: Item = {":to": status, **before}
        change = "SET phase = :to"
        if status in WAITING:
            change, values = change + AGAIN_DUE, values | {":tries": int(status == "sending")}
            values |= {f":{name}": value for name, value in _due(person_id, int(time.time() * 1000)).items()}
        else:
            change, values = f"{change}, expires_at = :ends REMOVE gsi1pk, gsi1sk", values | {":ends": _ends_at()}
        if version is not None:
            when, values = f"{when} AND version = :version", values | {":version": version}
        return self._table.update(*_place(person_id, EVENT + key), change, values, when=when) is not None

    def delivered(self, person_id: str, digest: str, contact_id: int | None) -> None:
        """Note in the profile what Brevo accepted."""
        values: Item = {":digest": digest}
        change = "SET delivered = :digest"
        if contact_id is not None:
            change, values = f"{change}, contact_id = :contact", values | {":contact": contact_id}
        self._table.update(*profile_of(person_id), change, values)

    def overdue(self, now: int) -> Iterator[str]:
        """Return persons as the index has them, each once."""
        found: set[str] = set()
        for number in range(PARTITIONS):
            for item in self._table.query_index(INDEX, f"due#{number:x}", _sortable(now)):
                person_id = item["pk"].removeprefix("person#")
                if person_id not in found:
                    found.add(person_id)
                    yield person_id

    def move_rows(self, from_id: str, to_id: str, sids: Collection[str] | None = None) -> None:
        """Write each row anew where it belongs, then let it expire where it stood; a row that just changed stays."""
        for row in self._rows(from_id):
            if row["sk"].startswith((INTERACTION, EVENT)) and (sids is None or row["sk"].split("#")[1] in sids):
                self._move(row, from_id, to_id, is_another=sids is not None)

    def _move(self, row: Item, from_id: str, to_id: str, *, is_another: bool) -> None:
        """Move a row; to another person's contact nothing has been delivered yet."""
        if row["sk"].startswith(INTERACTION):
            self.put_interaction(to_id, Interaction(**unpack(row["told"])))
        else:
            event = _event(row)
            is_anew = event.status == "parked" or (is_another and event.status != "withdrawn")
            self.put_event(to_id, replace(event, status="pending", tries=0) if is_anew else event)
        change = "SET expires_at = :past REMOVE gsi1pk, gsi1sk"
        values: Item = {":past": int(time.time()) - 1, ":version": row["version"]}
        self._table.update(*_place(from_id, row["sk"]), change, values, when=AS_READ)


def _place(person_id: str, sk: str) -> Key:
    return profile_of(person_id)[0], sk


def _due(person_id: str, due_at: int) -> Item:
    return {"gsi1pk": f"due#{zlib.crc32(person_id.encode()) % PARTITIONS:x}", "gsi1sk": _sortable(due_at)}


def _sortable(at: int) -> str:
    return f"{at:015}"


def _ends_at() -> int:
    return int(time.time()) + KEEP_S


def _person(person_id: str, rows: Iterable[Item]) -> Person:
    profile = next((row for row in rows if row["sk"] == profile_of(person_id)[1]), None)
    return person_from(person_id, profile)


def _with_contact(person: Person, halves: Mapping[str, Iterable[Item]]) -> Person:
    """Return a person whom Brevo does not know yet the contact of the first half that it does."""
    known = (_person(half, rows).contact_id for half, rows in halves.items())
    ids = (person.contact_id, *known)
    return replace(person, contact_id=next((contact_id for contact_id in ids if contact_id is not None), None))


def _interactions(rows: Iterable[Item]) -> list[Interaction]:
    """Return the latest version of each."""
    every = (Interaction(**unpack(row["told"])) for row in rows if row["sk"].startswith(INTERACTION))
    latest_last = sorted(every, key=lambda each: (each.sid, each.version))
    return list({each.sid: each for each in latest_last}.values())


def _events(halves: Mapping[str, Iterable[Item]]) -> Iterator[Place]:
    return ((half, _event(row)) for half, rows in halves.items() for row in rows if row["sk"].startswith(EVENT))


def _event(row: Item) -> TimelineEvent:
    return TimelineEvent(
        key=row["sk"].removeprefix(EVENT),
        version=row["version"],
        due_at=row["due_at"],
        status=row["phase"],
        tries=row["tries"],
        **unpack(row["told"]),
    )
