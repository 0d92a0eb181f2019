"""The rows of campaigns in SyncState, counted in the same write that changes them.

Rows stand in sixteen partitions a campaign, a hundred after the other in each, and those that somebody has to look at
again stand in as many partitions of the index, by when: one partition takes 1,000 write units a second. Counts stand in
32 items, of which a change takes any: a transaction waits for nobody else's.
"""

import hashlib
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace

from twilio_bridge import phone
from twilio_bridge.adapters.aws.dynamodb import Item, Key, Table, Write, a_put, an_update, pack, unpack
from twilio_bridge.adapters.state.campaigns import AS_READ, INDEX, IS_NEW, KEEP_S, partition_of
from twilio_bridge.messages.ports import PARTITIONS, Counts, DueKind, DueRow
from twilio_bridge.messages.row import Row
from twilio_bridge.side_by_side import map_side_by_side

ROWS_PER_RUN = 100  # that stand in one partition one after the other
COUNT_ITEMS = 32
MAX_TRIES_COUNT = 5
DUE: Mapping[DueKind, str] = {"waiting": "DUE", "lookup": "LOOKUP"}
COUNT, SPENT = "n_", "spent"
IS_OURS = "attribute_not_exists(pk) OR taken_by = :number"
# What stands in attributes of its own, or follows from the key.
APART = frozenset({"campaign", "number", "state", "version", "due_at"})
DEFAULTS = {each.name: each.default for each in fields(Row)}


class DynamoLedger:
    """The port Ledger."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add_rows(self, rows: Sequence[Row]) -> list[Row]:
        """Claim the addresses, then write each row where none stands; of one that does, return that."""
        waiting = [row for row in rows if row.state == "waiting"]
        claims = [_claim(row) for row in waiting]
        taken = {row.number for row, is_ours in zip(waiting, self._table.put_each(claims), strict=True) if not is_ours}

        wanted = [_as_duplicate(row) if row.number in taken else row for row in rows]
        written = self._table.put_each([a_put(_item(row), when=IS_NEW) for row in wanted])
        if all(written):
            return wanted

        there = self._table.get_many([_key(row.campaign, row.number) for row in wanted], consistent=True)
        found = {item["sk"]: _row_from(item) for item in there.values()}
        return [found.get(_sort_key(row.number), row) for row in wanted]

    def find_row(self, campaign_id: str, number: int) -> Row | None:
        """Read the row as of now."""
        item = self._table.get(*_key(campaign_id, number), consistent=True)
        return _row_from(item) if item else None

    def save_row(self, before: Row, after: Row) -> bool:
        """Write the row, and in the same transaction what it is counted under, where that changes."""
        new = replace(after, version=before.version + 1)
        write = a_put(_item(new), when=AS_READ, values={":version": before.version})
        counted = _count_change(before, after)
        if not counted:
            return self._table.put_each([write]) == [True]

        for _ in range(MAX_TRIES_COUNT):
            if self._table.transact([write, _count(before.campaign, counted)]):
                return True
            there = self._table.get(*_key(before.campaign, before.number), consistent=True)
            if there is None or there["version"] != before.version:
                break  # the condition did not hold; else somebody else was counting just then
        return False

    def list_rows(self, campaign_id: str, after: int, limit: int) -> list[Row]:
        """Read one partition a hundred rows."""
        rows: list[Row] = []
        last = after + limit

        while after < last:
            end = min((after // ROWS_PER_RUN + 1) * ROWS_PER_RUN, last)
            pk = _key(campaign_id, after + 1)[0]
            found = list(self._table.query_range(pk, _sort_key(after + 1), _sort_key(end)))
            rows += map(_row_from, found)
            if not found:
                break
            after = end

        return rows

    def list_due(
        self, campaign_id: str, kind: DueKind, partition: int, until: int, after: str, limit: int
    ) -> list[DueRow]:
        """Read a partition of the index behind a place."""
        first, last = f"{after}~" if after else "0", f"{until:015}~"
        if first > last:
            return []
        found = self._table.query_index_range(INDEX, f"{DUE[kind]}#{campaign_id}#{partition:x}", first, last, limit)
        return [_due_row(item) for item in found]

    def read_counts(self, campaign_id: str) -> Counts:
        """Sum up the items of counts."""
        tallies: Counter[str] = Counter()
        spent = 0

        for item in self._table.query(_counts_of(campaign_id), consistent=True):
            spent += item.get(SPENT, 0)
            tallies.update({name.removeprefix(COUNT): n for name, n in item.items() if name.startswith(COUNT)})

        return Counts({name: count for name, count in tallies.items() if count}, spent)

    def tally_rows(self, campaign_id: str) -> Counts:
        """Read every row, the partitions side by side."""
        parts = map_side_by_side(lambda part: self._tally(campaign_id, part), range(PARTITIONS))
        tallies: Counter[str] = Counter()
        for part in parts:
            tallies.update(part.tallies)
        return Counts(dict(tallies), sum(part.spent_micros for part in parts))

    def _tally(self, campaign_id: str, partition: int) -> Counts:
        tallies: Counter[str] = Counter()
        spent = 0
        for item in self._table.query(f"{partition_of(campaign_id)}#{partition:x}", consistent=True):
            row = _row_from(item)
            tallies[row.tally] += 1
            spent += row.cost_micros
        return Counts(tallies, spent)


def _claim(row: Row) -> Write:
    """Return the write that makes an address the row's: every spelling of a number is one person."""
    bare = phone.strip_channel(row.address)
    digest = hashlib.sha256(min(phone.list_spellings(bare)).encode()).hexdigest()[:32]
    item = {"pk": f"{partition_of(row.campaign)}#TO#{digest[0]}", "sk": digest, "taken_by": row.number}
    return a_put(item | {"expires_at": _expires_at()}, when=IS_OURS, values={":number": row.number})


def _as_duplicate(row: Row) -> Row:
    return replace(row, state="skipped", reason="duplicate", due_at=None, closes_at=None)


def _count_change(before: Row, after: Row) -> dict[str, int]:
    """Return what is to be added to the counts: nothing where the row is counted as before."""
    change = Counter({COUNT + after.tally: 1})
    change.subtract({COUNT + before.tally: 1})
    change[SPENT] = after.cost_micros - before.cost_micros
    return {name: number for name, number in change.items() if number}


def _count(campaign_id: str, change: dict[str, int]) -> Write:
    names = {f"#{place}": name for place, name in enumerate(change)}
    values = {f":{place}": number for place, number in enumerate(change.values())}
    added = ", ".join(f"#{place} :{place}" for place in range(len(change)))
    key = _counts_of(campaign_id), f"{random.randrange(COUNT_ITEMS):02}"  # noqa: S311  spreads the writes
    values |= {":expires_at": _expires_at()}
    return an_update(key, f"ADD {added} SET expires_at = :expires_at", values, names=names)


def _counts_of(campaign_id: str) -> str:
    return f"{partition_of(campaign_id)}#COUNTS"


def _key(campaign_id: str, number: int) -> Key:
    return f"{partition_of(campaign_id)}#{_partition(number):x}", _sort_key(number)


def _partition(number: int) -> int:
    return (number - 1) // ROWS_PER_RUN % PARTITIONS


def _sort_key(number: int) -> str:
    return f"ROW#{number:07}"


def _number_of(item: Item) -> int:
    return int(item["sk"].removeprefix("ROW#"))


def _item(row: Row) -> Item:
    pk, sk = _key(row.campaign, row.number)
    known = {name: value for name, value in asdict(row).items() if name not in APART and value != DEFAULTS.get(name)}
    item: Item = {"pk": pk, "sk": sk, "state": row.state, "version": row.version, "row": pack(known)}
    if row.due_at is not None:
        kind: DueKind = "waiting" if row.state == "waiting" else "lookup"
        index = {"gsi1pk": f"{DUE[kind]}#{row.campaign}#{_partition(row.number):x}", "due_at": row.due_at}
        item |= {**index, "gsi1sk": f"{row.due_at:015}#{row.number:07}"}
    return item | {"expires_at": _expires_at()}


def _due_row(item: Item) -> DueRow:
    is_scheduled = bool(unpack(item["row"]).get("send_at"))
    return DueRow(item["gsi1sk"], _number_of(item), item["state"], item["due_at"], is_scheduled)


def _row_from(item: Item) -> Row:
    return Row(
        campaign=item["pk"].split("#")[1],
        number=_number_of(item),
        state=item["state"],
        version=item["version"],
        due_at=item.get("due_at"),
        **unpack(item["row"]),
    )


def _expires_at() -> int:
    return int(time.time()) + KEEP_S
