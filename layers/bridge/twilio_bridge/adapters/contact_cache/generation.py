"""The cache's generation: one item that holds which loads count, how old the copy is, and what it is made of.

A load writes under its lease's number and nobody sees any of it until the item takes that number in; from then on
everybody sees all of it, in every list and index at once. Whoever finds that another load began and did not end raises
the floor with its own number: what that one left, or still writes when it wakes up late, never counts.

Every change of the item holds only where it is as it was read, so an old holder of the lease changes nothing.
"""

import time
from dataclasses import dataclass

from twilio_bridge.adapters.aws.dynamodb import Item, Table
from twilio_bridge.contacts.columns import unpack_columns
from twilio_bridge.contacts.ports import CacheState, Origin

STATE = ("cache", "state")
# What a load leaves as it was lasts this long at least, and so does the item that vouches for it.
LASTS_S = 7 * 86_400
# How many changes may stand beside the chunks: in one list, and in all, or one for so many contacts.
MAX_CHANGES_IN_A_LIST = 40
MIN_MANY_CHANGES = 500
CONTACTS_A_CHANGE = 25
# A generation is known to every reader after so long, however DynamoDB's replicas lag.
SETTLED_S = 60
ABSENT = "attribute_not_exists(pk) OR expires_at <= :now"
AS_READ = "lease = :lease AND loaded = :loaded"


@dataclass(frozen=True, slots=True)
class Generation:
    """The numbers of the loads that count, and when the latest of them began (epoch milliseconds)."""

    floor: int
    loaded: int
    full_at: int

    def counts(self, number: int) -> bool:
        """Return whether what was written under this number is to be seen."""
        return self.floor <= number <= self.loaded


@dataclass(frozen=True, slots=True)
class Load:
    """A load on its way: its number, when it began (epoch seconds), what it replaces, whether it raises the floor.

    `is_settled` means that every reader knows by now what it replaces: what that one folded in is read by nobody.
    """

    number: int
    began_at: float
    replaces: Generation
    raises_floor: bool
    item: Item
    is_settled: bool = False


def parse_generation(item: Item | None) -> Generation:
    """Return the generation of the item; without one nothing counts."""
    return Generation(item["floor"], item["loaded"], item["full_at"]) if item else Generation(0, 0, 0)


def parse_state(item: Item | None, *, for_everybody: bool) -> CacheState:
    """Return the copy's age; one made for the other visibility has not the lists wanted now."""
    if not item:
        return CacheState(None)
    columns = unpack_columns(item["columns"]) if item.get("columns") else None
    origin = Origin(item.get("made_of", ""), columns)
    if not item["loaded"] or item["for_everybody"] != for_everybody:
        return CacheState(None, origin=origin, lease=item["lease"])

    return CacheState(
        loaded_at=item["began_at"] / 1000,
        full_at=item["full_at"] / 1000,
        newest=item["newest"],
        count=item["count"],
        is_covered=item["is_told"],
        origin=origin,
        lease=item["lease"],
        has_many_changes=_has_many_changes(item),
    )


def are_many_changes(count: int, in_one_list: int, contacts: int) -> bool:
    """Return whether so many changes cost readers more than it costs to write them into the chunks.

    A change beside its chunk costs about 4 write units and each reader of its list its bytes; all chunks of a copy cost
    about 0.16 write units a contact.
    """
    return in_one_list > MAX_CHANGES_IN_A_LIST or count > max(MIN_MANY_CHANGES, contacts // CONTACTS_A_CHANGE)


def _has_many_changes(item: Item) -> bool:
    return are_many_changes(item.get("changes", 0), item.get("hottest", 0), item["count"])


def begin_load(table: Table, number: int, began_at: float) -> Load | None:
    """Note that load `number` begins to write; None where a later refresh has been here."""
    while True:
        seen = table.get(*STATE, consistent=True)
        if seen and seen["lease"] > number:
            return None
        item = (seen or _empty()) | {"lease": number, "begun": number}
        if _write(table, item, seen):
            unended = seen is None or seen["begun"] != seen["loaded"]
            is_settled = seen is not None and time.time() - seen.get("committed_at", 0) > SETTLED_S
            return Load(number, began_at, parse_generation(seen), unended, item, is_settled)


def commit_load(table: Table, load: Load, values: Item) -> bool:
    """Let everybody see what the load wrote; False where a later refresh has begun."""
    item = load.item | {"loaded": load.number, "changes": 0, "hottest": 0} | values
    item |= {"committed_at": int(time.time())}
    item |= {"expires_at": int(time.time()) + LASTS_S}
    return _write(table, item | ({"floor": load.number} if load.raises_floor else {}), load.item)


def count_changes(table: Table, changes: int, hottest: int) -> None:
    """Add to the changes that stand beside the chunks, `hottest` of them in one list."""
    while changes and (seen := table.get(*STATE, consistent=True)):
        counts = {"changes": seen.get("changes", 0) + changes, "hottest": seen.get("hottest", 0) + hottest}
        if _write(table, seen | counts, seen):
            return


def record_update(table: Table, number: int, began_at: float, newest: str) -> bool:
    """Note that the copy was brought up to date; False where a later refresh has been here."""
    while True:
        seen = table.get(*STATE, consistent=True)
        if not seen or seen["lease"] > number:
            return False
        if _write(table, seen | {"lease": number, "began_at": int(began_at * 1000), "newest": newest}, seen):
            return True


def confirm_webhook_read(table: Table, moment: float) -> None:
    """Note that the copy holds all that was reported up to a moment (epoch seconds), whoever holds the lease."""
    moment_ms = int(moment * 1000)
    while (seen := table.get(*STATE, consistent=True)) and seen["loaded"] and seen["began_at"] < moment_ms:
        if _write(table, seen | {"began_at": moment_ms, "is_told": True}, seen):
            return


def _empty() -> Item:
    empty: Item = {"pk": STATE[0], "sk": STATE[1], "floor": 0, "loaded": 0, "began_at": 0, "full_at": 0}
    empty |= {"newest": "", "count": 0, "for_everybody": False, "is_told": False}
    return empty | {"expires_at": int(time.time()) + LASTS_S}


def _write(table: Table, item: Item, seen: Item | None) -> bool:
    if seen is None:
        return table.put(item, when=ABSENT, values={":now": int(time.time())})
    return table.put(item, when=AS_READ, values={":lease": seen["lease"], ":loaded": seen["loaded"]})
