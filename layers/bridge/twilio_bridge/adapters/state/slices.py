"""Runs and slices of syncs in SyncState: a partition a run with an item a slice, and one for how far streams were read.

Items of a slice change under its holder's number alone, so that whoever wakes up late changes nothing.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from twilio_bridge.adapters.aws.dynamodb import Item, Table, a_put, pack, unpack
from twilio_bridge.adapters.state.status_memory import DynamoStatusMemory
from twilio_bridge.sync.planning import OpenRow, Place
from twilio_bridge.sync.ports import Run
from twilio_bridge.sync.slices import Slice

KEEP_S = 90 * 86_400
PLACE, RUN, SLICE, OPEN, LEFT = "place#", "run", "slice#", "open#", "left"
IS_FREE = "phase = :open AND due_at <= :now AND held_until <= :now"
IS_HELD = "holder = :holder AND phase = :open"
# What is no attribute of its own stands in the packed rest.
APART = ("phase", "due_at", "held_until", "holder")


class DynamoSlices:
    """The port Slices."""

    def __init__(self, table: Table, account: str) -> None:
        self._table = table
        self._pk = f"sync#{account}"

    def read_run(self) -> Run | None:
        """Read the run's item."""
        item = self._table.get(self._pk, RUN, consistent=True)
        told = unpack(item["told"]) if item else {}
        return Run(**{**told, "notes": tuple(told["notes"])}) if told else None

    def begin_run(self, run: Run, slices: Iterable[Slice]) -> bool:
        """Write the slices, which nobody sees before the run's item names them, then that item."""
        left = self._table.put_many(self._item_of(each) for each in slices)
        self.count_left(run.id, left)
        when = "attribute_not_exists(phase) OR phase <> :open"
        return self._table.put(self._run_item(run), when=when, values={":open": "open"})

    def end_run(self, run: Run) -> None:
        """Write it where the item is still this run's, and for the status when one ended well."""
        values = {":run": run.id, ":open": "open"}
        is_written = self._table.put(self._run_item(run), when="run = :run AND phase = :open", values=values)
        if is_written and run.phase == "done":
            DynamoStatusMemory(self._table).write_last_sync(run.ended_at / 1000)

    def _run_item(self, run: Run) -> Item:
        return {"pk": self._pk, "sk": RUN, "run": run.id, "phase": run.phase, "told": pack(asdict(run))}

    def list_slices(self, run: str) -> list[Slice]:
        """Read the run's partition."""
        return [_read_slice(item) for item in self._table.query(f"{self._pk}#{run}", consistent=True)]

    def count_left(self, run: str, more: int) -> int:
        """Add to the count."""
        values: Item = {":more": more, ":ends": int(time.time()) + KEEP_S}
        item = self._table.update(
            f"{self._pk}#{run}#left", LEFT, "SET expires_at = :ends ADD slices_left :more", values
        )
        return int(item["slices_left"]) if item else 0

    def claim(self, run: str, name: str, now: int, seconds: int) -> Slice | None:
        """Take a slice where it is free."""
        values: Item = {":now": now, ":open": "open", ":until": now + seconds * 1000, ":one": 1}
        change = "SET held_until = :until ADD holder :one"
        item = self._table.update(f"{self._pk}#{run}", SLICE + name, change, values, when=IS_FREE)
        return _read_slice(item) if item else None

    def save(self, each: Slice, more: Iterable[Slice] = ()) -> bool:
        """Put the slice where its holder still has it, and new ones with it."""
        put = a_put(self._item_of(each), when=IS_HELD, values={":holder": each.holder, ":open": "open"})
        fresh = [a_put(self._item_of(other)) for other in more]
        if not fresh:
            return self._table.put_each([put]) == [True]
        return self._table.transact([put, *fresh])

    def release(self, each: Slice) -> Slice:
        """Let others have it at once."""
        key = (f"{self._pk}#{each.run}", SLICE + each.name)
        values: Item = {":free": 0, ":holder": each.holder, ":open": "open"}
        item = self._table.update(*key, "SET held_until = :free", values, when=IS_HELD)
        found = item or self._table.get(*key, consistent=True)
        return _read_slice(found) if found else each

    def cancel(self, each: Slice) -> None:
        """End it as failed, so that no watermark passes it."""
        values: Item = {":open": "open", ":failed": "failed", ":told": pack({**_rest_of(each), "problem": "cancelled"})}
        key = (f"{self._pk}#{each.run}", SLICE + each.name)
        self._table.update(*key, "SET phase = :failed, told = :told", values, when="phase = :open")

    def read_place(self, stream: str, account: str) -> Place:
        """Read the place's item."""
        item = self._table.get(self._pk, f"{PLACE}{stream}#{account}", consistent=True)
        if item is None:
            return Place()
        days = {int(day): rows for day, rows in unpack(item["days"]).items()}
        return Place(item.get("watermark"), (), days)

    def write_place(self, stream: str, account: str, place: Place) -> None:
        """Put it unless a later one stands there."""
        item: Item = {"pk": self._pk, "sk": f"{PLACE}{stream}#{account}", "days": pack(_latest_days(place.day_rows))}
        if place.watermark is None:
            self._table.put(item, when="attribute_not_exists(watermark)")
            return
        when = "attribute_not_exists(watermark) OR watermark <= :watermark"
        self._table.put(item | {"watermark": place.watermark}, when=when, values={":watermark": place.watermark})

    def _item_of(self, each: Slice) -> Item:
        apart = {name: getattr(each, name) for name in APART}
        keys = {"pk": f"{self._pk}#{each.run}", "sk": SLICE + each.name, "expires_at": int(time.time()) + KEEP_S}
        return {**keys, **apart, "told": pack(_rest_of(each))}


def _rest_of(each: Slice) -> dict[str, Any]:
    return {name: value for name, value in asdict(each).items() if name not in APART}


def _read_slice(item: Mapping[str, Any]) -> Slice:
    return Slice(**unpack(item["told"]), **{name: item[name] for name in APART})


def _latest_days(rows: Mapping[int, int]) -> dict[str, int]:
    """Return the counts of as many days as Twilio keeps."""
    return {str(day): rows[day] for day in sorted(rows)[-400:]}


class DynamoOpenRows:
    """The port OpenRows: a partition a stream, an item a row."""

    def __init__(self, table: Table, account: str) -> None:
        self._table = table
        self._pk = f"sync#{account}#{OPEN}"

    def list_rows(self, stream: str, account: str) -> list[OpenRow]:
        """Read the partition."""
        return list(self._read(stream, account))

    def _read(self, stream: str, account: str) -> Iterator[OpenRow]:
        for item in self._table.query(self._key(stream, account), consistent=True):
            yield OpenRow(item["sk"], *unpack(item["told"]))

    def put_rows(self, stream: str, account: str, rows: Iterable[OpenRow]) -> None:
        """Put items."""
        pk = self._key(stream, account)
        self._table.put_many(
            {"pk": pk, "sk": row.sid, "told": pack([row.at, row.seen_at, row.looked_at, row.created])} for row in rows
        )

    def remove_rows(self, stream: str, account: str, sids: Iterable[str]) -> None:
        """Delete items."""
        pk = self._key(stream, account)
        self._table.delete_many((pk, sid) for sid in sids)

    def _key(self, stream: str, account: str) -> str:
        return f"{self._pk}{stream}#{account}"


def hide_key(table: Table, account: str, fresh: bytes) -> bytes:
    """Return the key that the export hides persons with: `fresh` where there is none yet."""
    pk = f"sync#{account}"
    table.put({"pk": pk, "sk": "hide", "key": fresh}, when="attribute_not_exists(pk)")
    item = table.get(pk, "hide", consistent=True) or {}
    return bytes(item["key"])
