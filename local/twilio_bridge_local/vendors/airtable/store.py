"""A base's tables and records in memory, for the stand-in's server and for tests that look behind it.

Records are frozen and replaced as a whole, so whoever holds one may read it without a lock. Writes go through
the base's lock, in transactions, which the base's watchers receive. Record ids come from a seed: the same data
gives the same ids in every run.
"""

import hashlib
import string
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from types import MappingProxyType

ALPHANUMERICS = string.ascii_letters + string.digits
CREATED_TIME, LAST_MODIFIED_TIME = "createdTime", "lastModifiedTime"
CLIENT, PUBLIC_API = "client", "publicApi"
LINKS = "multipleRecordLinks"
# https://airtable.com/developers/web/api/field-model: what the API refuses to write.
COMPUTED_TYPES = frozenset(
    {
        *(CREATED_TIME, LAST_MODIFIED_TIME, "createdBy", "lastModifiedBy", "autoNumber"),
        *("formula", "rollup", "count", "multipleLookupValues", "button", "externalSyncSource", "aiText"),
    }
)

type_of_cell: Mapping[type, str] = MappingProxyType(
    {bool: "checkbox", int: "number", float: "number", list: "multipleSelects"},
)


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a table, in Airtable's names for types."""

    name: str
    type: str = "singleLineText"
    linked_table: str = ""

    @property
    def computed(self) -> bool:
        """Whether nobody can write it."""
        return self.type in COMPUTED_TYPES


@dataclass(frozen=True, slots=True)
class Record:
    """One row; `cells` holds what people wrote, without the empty cells and without computed columns."""

    id: str
    created: datetime
    modified: datetime
    cells: Mapping[str, object]


def stable_id(prefix: str, *parts: str) -> str:
    """An id of Airtable's shape that depends on the parts alone."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()
    return prefix + "".join(ALPHANUMERICS[byte % len(ALPHANUMERICS)] for byte in digest[:14])


def utc_now() -> datetime:
    """The present moment, where no other clock is given."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """The way Airtable writes a time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def is_empty(cell: object) -> bool:
    """Whether Airtable leaves the cell out of its answers; a zero is a value."""
    return cell is None or cell is False or cell in ("", [], {})


def without_empty(cells: Mapping[str, object]) -> dict[str, object]:
    """The cells that have a value."""
    return {name: cell for name, cell in cells.items() if not is_empty(cell)}


class Table:
    """The columns, views and records of one table, in the order the records were made."""

    def __init__(self, name: str, columns: Iterable[Column], views: Sequence[str] = ("Grid view",)) -> None:
        self.name = name
        self.id = stable_id("tbl", name)
        self.columns = {column.name: column for column in columns}
        self.views = {stable_id("viw", name, view): view for view in views}
        self.records: dict[str, Record] = {}
        self.view_orders: dict[str, Sequence[str]] = {}
        self.tables: Mapping[str, Table] = {}

    def in_view(self, view: str, records: Sequence[Record]) -> list[Record]:
        """Return the records in a view's own order, by its name or id; others follow as they were made."""
        order = self.view_orders.get(self.views.get(view, view), ())
        places = {record_id: place for place, record_id in enumerate(order)}
        return sorted(records, key=lambda record: places.get(record.id, len(places)))

    def linked_name(self, column: Column, record_id: object) -> str:
        """Return what stands in the primary field of a record that this column links to."""
        table = self.tables.get(column.linked_table)
        record = table.records.get(str(record_id)) if table else None
        primary = next(iter(table.columns), "") if table else ""
        return str(record.cells.get(primary, "")) if record else ""

    def column_id(self, column: str) -> str:
        """The `fld…` id of a column of this table."""
        return stable_id("fld", self.name, column)

    def column(self, name_or_id: str) -> Column | None:
        """The column of this name or `fld…` id."""
        if name_or_id in self.columns:
            return self.columns[name_or_id]
        return next((c for c in self.columns.values() if self.column_id(c.name) == name_or_id), None)

    def value(self, record: Record, column: Column) -> object:
        """What a cell answers, computed columns included; None for an empty one."""
        if column.type == LAST_MODIFIED_TIME:
            return iso(record.modified)
        if column.type == CREATED_TIME:
            return iso(record.created)
        return record.cells.get(column.name)


@dataclass(frozen=True, slots=True)
class Change:
    """A record before and after; None where it did not or does not exist."""

    table: Table
    before: Record | None
    after: Record | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """What one action changed, each record once; `source` is who acted, by Airtable's names."""

    number: int
    at: datetime
    source: str
    changes: tuple[Change, ...]


class Base:
    """All tables of one base; every write to them goes through here.

    Times have whole seconds, as Airtable's have: two writes of one second cannot be distinguished by their time.
    """

    def __init__(
        self,
        tables: Mapping[str, Iterable[Mapping[str, object]]],
        columns: Mapping[str, Iterable[str | Column]] | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        seed: int = 1,
    ) -> None:
        self.lock = threading.RLock()
        self.now = now
        self.watchers: list[Callable[[Transaction], None]] = []
        self._transactions = 0
        self._open: dict[str, Change] | None = None
        self._random = Random(seed)  # noqa: S311  # made-up ids, no secrets
        rows = {name: [dict(row) for row in table] for name, table in tables.items()}
        declared = columns or {}
        self.tables = {name: Table(name, _columns(declared.get(name), rows[name])) for name in rows}
        for name, table in self.tables.items():
            table.tables = self.tables
            for row in rows[name]:
                self.create(table, row)

    def replace_tables(self, other: "Base") -> None:
        """Hold the other base's tables from now on; nobody is notified of it."""
        with self.lock:
            self.tables, self._random = other.tables, other._random  # noqa: SLF001  another of its kind

    def table(self, name_or_id: str) -> Table | None:
        """The table of this name or `tbl…` id."""
        found = self.tables.get(name_or_id)
        return found or next((t for t in self.tables.values() if t.id == name_or_id), None)

    @contextmanager
    def transaction(self, source: str = CLIENT) -> Iterator[None]:
        """Make the writes inside one action; an action inside another belongs to the outer one."""
        with self.lock:
            if self._open is not None:
                yield
                return
            opened: dict[str, Change] = {}
            self._open = opened
            try:
                yield
            finally:
                self._open = None
                self._announce(source, tuple(opened.values()))

    def create(self, table: Table, cells: Mapping[str, object]) -> Record:
        """Add a record at the table's end."""
        with self.transaction():
            moment = self._second()
            record = Record(self.new_id("rec"), moment, moment, without_empty(cells))
            table.records[record.id] = record
            self._note(record.id, Change(table, None, record))
            return record

    def update(self, table: Table, record_id: str, cells: Mapping[str, object], *, clear: bool) -> Record:
        """Change the cells given; with `clear` all others become empty (Airtable's PUT)."""
        with self.transaction():
            old = table.records[record_id]
            kept = {} if clear else old.cells
            new = without_empty({**kept, **cells})
            # Airtable does not count a write that changes nothing as a modification.
            if new == old.cells:
                return old
            record = replace(old, modified=self._second(), cells=new)
            table.records[record_id] = record
            self._note(record_id, Change(table, old, record))
            return record

    def delete(self, table: Table, record_id: str) -> bool:
        """Remove a record; False if there was none."""
        with self.transaction():
            old = table.records.pop(record_id, None)
            if old is not None:
                self._note(record_id, Change(table, old, None))
            return old is not None

    def listed(self, table: Table) -> list[Record]:
        """All records as they stand now."""
        with self.lock:
            return list(table.records.values())

    def new_id(self, prefix: str) -> str:
        """The next id of the base: `rec…` for a record, `itr…` for a listing, `ach…` for a webhook."""
        with self.lock:
            return prefix + "".join(self._random.choices(ALPHANUMERICS, k=14))

    def _note(self, record_id: str, change: Change) -> None:
        # A base of a hundred thousand records is filled without keeping what nobody watches.
        if self._open is None or not self.watchers:
            return
        first = self._open.pop(record_id, change)
        if first.before is not None or change.after is not None:
            self._open[record_id] = replace(change, before=first.before)

    def _announce(self, source: str, changes: tuple[Change, ...]) -> None:
        if not changes:
            return
        self._transactions += 1
        transaction = Transaction(self._transactions, self.now(), source, changes)
        for watcher in self.watchers:
            watcher(transaction)

    def _second(self) -> datetime:
        return self.now().replace(microsecond=0)


def _columns(declared: Iterable[str | Column] | None, rows: list[dict[str, object]]) -> list[Column]:
    seen: dict[str, str] = {}
    for row in rows:
        for name, cell in row.items():
            seen.setdefault(name, type_of_cell.get(type(cell), "singleLineText"))
    if declared is None:
        return [Column(name, kind) for name, kind in seen.items()]
    return [c if isinstance(c, Column) else Column(c, seen.get(c, "singleLineText")) for c in declared]
