"""Listing a table's records: what was asked for, which records those are, and the pages; for the server.

The first page takes a snapshot of which records there are and in which order. Later pages show those records
as they are then, without the ones deleted meanwhile. https://airtable.com/developers/web/api/list-records
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from twilio_bridge_local.vendors.airtable.errors import (
    invalid_request,
    iterator_not_available,
    unknown_field,
    view_not_found,
)
from twilio_bridge_local.vendors.airtable.formula import compile_filter
from twilio_bridge_local.vendors.airtable.store import Base, Column, Record, Table

PAGE = 100
SORT = re.compile(r"sort\[(\d+)\]\[(field|direction)\]")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The parameters of a listing, checked against the table."""

    page_size: int = PAGE
    max_records: int | None = None
    offset: str = ""
    formula: str = ""
    view: str = ""
    fields: tuple[Column, ...] | None = None
    sort: tuple[tuple[Column, bool], ...] = ()
    """Columns, each with whether it goes downwards."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ids of one listing, in its order, and when it began."""

    table: str
    ids: tuple[str, ...]
    taken_at: float


def from_query(arguments: MultiDict[str, str]) -> dict[str, object]:
    """The parameters of a GET in the shape that listRecords takes as JSON."""
    sort: dict[int, dict[str, str]] = {}
    for name, value in arguments.items():
        if found := SORT.fullmatch(name):
            sort.setdefault(int(found[1]), {})[found[2]] = value
    plain: dict[str, object] = {name: value for name, value in arguments.items() if "[" not in name}
    for name in ("pageSize", "maxRecords"):
        if isinstance(text := plain.get(name), str) and text.isdecimal():
            plain[name] = int(text)
    if fields := arguments.getlist("fields[]") or arguments.getlist("fields"):
        plain["fields"] = fields
    return {**plain, "sort": [sort[index] for index in sorted(sort)]}


def list_query(asked: Mapping[str, object], table: Table) -> ListQuery:
    """The parameters, or the error that Airtable answers."""
    _check_view(asked.get("view"), table)
    fields = asked.get("fields")
    return ListQuery(
        page_size=_between(asked.get("pageSize"), 1, PAGE) or PAGE,
        max_records=_between(asked.get("maxRecords"), 1, 10**9),
        offset=_text(asked.get("offset")),
        formula=_text(asked.get("filterByFormula")),
        view=_text(asked.get("view")),
        fields=None if fields is None else tuple(_column(name, table) for name in _list(fields)),
        sort=tuple(_sorting(item, table) for item in _list(asked.get("sort") or [])),
    )


def select(base: Base, table: Table, query: ListQuery) -> list[Record]:
    """The records that match, in order."""
    found = table.in_view(query.view, base.listed(table))
    if query.formula.strip():
        found = list(filter(compile_filter(query.formula, table), found))
    for column, downwards in reversed(query.sort):
        found.sort(key=_sort_key(table, column), reverse=downwards)
    return found[: query.max_records]


class Listings:
    """The snapshots that offsets lead back to; forgotten after `expire_s` or when there are too many."""

    def __init__(self, base: Base, clock: Callable[[], float], expire_s: float, most: int = 100) -> None:
        self._base = base
        self._clock = clock
        self._expire_s = expire_s
        self._most = most
        self._lock = threading.Lock()
        self._snapshots: dict[str, Snapshot] = {}

    def page(self, table: Table, query: ListQuery) -> tuple[list[Record], str | None]:
        """The records of one page, and the offset of the next page if there is one."""
        if query.offset:
            iterator, ids, position = self._find(table, query.offset)
        else:
            iterator, position = self._base.new_id("itr"), 0
            ids = tuple(record.id for record in select(self._base, table, query))
            if len(ids) > query.page_size:
                self._keep(iterator, Snapshot(table.id, ids, self._clock()))
        end = position + query.page_size
        records = table.records
        found = [record for id_ in ids[position:end] if (record := records.get(id_))]
        return found, f"{iterator}/{ids[end]}" if end < len(ids) else None

    def expire(self) -> None:
        """Make every offset unknown, as Airtable does now and then."""
        with self._lock:
            self._snapshots.clear()

    def _find(self, table: Table, offset: str) -> tuple[str, tuple[str, ...], int]:
        iterator, _, record_id = offset.partition("/")
        with self._lock:
            snapshot = self._snapshots.get(iterator)
        if snapshot is None or snapshot.table != table.id or self._is_old(snapshot):
            raise iterator_not_available()
        if record_id not in snapshot.ids:
            raise iterator_not_available()
        return iterator, snapshot.ids, snapshot.ids.index(record_id)

    def _keep(self, iterator: str, snapshot: Snapshot) -> None:
        with self._lock:
            kept = {name: old for name, old in self._snapshots.items() if not self._is_old(old)}
            for name in list(kept)[: max(0, len(kept) + 1 - self._most)]:
                del kept[name]
            self._snapshots = {**kept, iterator: snapshot}

    def _is_old(self, snapshot: Snapshot) -> bool:
        return self._clock() - snapshot.taken_at > self._expire_s


def _sort_key(table: Table, column: Column) -> Callable[[Record], tuple[int, float, str]]:
    """Empty cells first, then numbers, then text whatever its case."""

    def key(record: Record) -> tuple[int, float, str]:
        value = table.value(record, column)
        if value is None:
            return (0, 0, "")
        if isinstance(value, int | float):
            return (1, value, "")
        return (2, 0, str(value).casefold())

    return key


def _check_view(view: object, table: Table) -> None:
    if view and view not in table.views and view not in table.views.values():
        raise view_not_found(str(view))


def _column(name: object, table: Table) -> Column:
    column = table.column(name) if isinstance(name, str) else None
    if column is None:
        raise unknown_field(str(name))
    return column


def _sorting(item: object, table: Table) -> tuple[Column, bool]:
    if not isinstance(item, dict) or item.get("direction", "asc") not in ("asc", "desc"):
        raise invalid_request()
    return _column(item.get("field"), table), item.get("direction") == "desc"


def _between(value: object, least: int, most: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise invalid_request()
    return value


def _text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise invalid_request()


def _list(value: object) -> Sequence[object]:
    if isinstance(value, list):
        return value
    raise invalid_request()
