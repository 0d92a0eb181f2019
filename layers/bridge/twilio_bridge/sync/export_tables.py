"""The tables of the export: their columns and types, from the entities' registry and from the support job's rows.

A value stands in a file as its column's type wants it in JSON: a moment as `2026-11-29 10:00:00` (UTC), a day as
`2026-11-29`, an object as its JSON text. Athena's JSON SerDe and duckdb read both.
https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from twilio_bridge.entities.registry import Entity, load_registry
from twilio_bridge.sync.streams import STREAMS

# By the registry's type.
GLUE_TYPES: Final[Mapping[str, str]] = {
    "text": "string",
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "datetime": "timestamp",
    "date": "date",
    "json": "string",
}
# Links into Twilio's API, which nobody evaluates.
LEFT_OUT: Final = frozenset({"Uri", "Url", "Links", "SubresourceUris", "MediaUrl", "ApiVersion", "EncryptionDetails"})
# Whom a row is about: a number, a name. A hash of one is the same in every table.
ADDRESSES: Final = frozenset(
    {"From", "To", "FromFormatted", "ToFormatted", "CallerName", "ForwardedFrom", "FriendlyName", "worker"}
)
# What somebody wrote; of it there is no hash.
TEXTS: Final = frozenset({"Body"})
INTERACTIONS: Final = "interactions"
FIGURES: Final = "figures"


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: its name in the files, its type in the registry's words, and where its value stands in a row.

    `personal` is `address`, `text` or "".
    """

    name: str
    type: str
    key: str
    personal: str = ""

    @property
    def glue_type(self) -> str:
        """Return its type in Glue."""
        return GLUE_TYPES[self.type]


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table: `rows` holds a row a reading, `view` shows the latest of each `key`."""

    name: str
    columns: tuple[ExportColumn, ...]
    key: tuple[str, ...]

    @property
    def view(self) -> str:
        """Return the name of the view."""
        return self.name

    @property
    def rows(self) -> str:
        """Return the name of the table below it."""
        return f"{self.name}_rows"

    def write_view(self, rows: str = "") -> str:
        """Return the SELECT of the view, which Trino and duckdb understand alike."""
        names = ", ".join(f'"{column.name}"' for column in self.columns)
        keys = ", ".join(("day", *(f'"{name}"' for name in self.key)))
        ranked = f"row_number() OVER (PARTITION BY {keys} ORDER BY read_at DESC, {self._order}) AS reading"
        latest = f"(SELECT *, {ranked} FROM {rows or self.rows}) AS readings"  # noqa: S608  names of ours
        return f"SELECT {names}, day, read_at FROM {latest} WHERE reading = 1 AND NOT deleted"  # noqa: S608

    @property
    def _order(self) -> str:
        """Return what decides between two readings of one run."""
        names = {column.name for column in self.columns}
        return next((name for name in ("version", "date_updated") if name in names), "deleted") + " DESC"


# Beside a table's own: when the run began that read the row, and whether the row is no longer there.
READ_AT: Final = ExportColumn("read_at", "datetime", "")
DELETED: Final = ExportColumn("deleted", "boolean", "")


def _of(*columns: str) -> tuple[ExportColumn, ...]:
    return tuple(_column(*column.split(":")) for column in columns)


def _column(name: str, kind: str = "text") -> ExportColumn:
    return ExportColumn(name, kind, name, _how_personal(name))


def _how_personal(name: str) -> str:
    return "address" if name in ADDRESSES else "text" if name in TEXTS else ""


SUPPORT_TABLES: Final = (
    ExportTable(
        INTERACTIONS,
        _of(
            *("sid", "person", "version:integer", "channel", "counts:boolean", "created_at:datetime"),
            *("last_at:datetime", "ended_at:datetime", "wait_s:integer", "talk_s:integer", "score:number"),
            *("scored_at:datetime", "conversation_sid"),
        ),
        ("sid",),
    ),
    ExportTable(
        FIGURES,
        _of(
            *("kind", "key", "version:integer", "queue", "channel", "direction", "outcome", "worker", "activity"),
            *("conversation", "hour:integer", "wait_s:integer", "ring_s:integer", "talk_s:integer"),
            *("handle_s:integer", "seconds:integer", "score:number", "began_at:datetime", "ended_at:datetime"),
        ),
        ("key",),
    ),
)


@cache
def find_table(name: str) -> ExportTable:
    """Return a table of the export by its name."""
    return next(table for table in list_tables() if table.name == name)


def list_tables() -> Iterator[ExportTable]:
    """Yield every table: those of Twilio's records, then those of the support job."""
    for stream in STREAMS.values():
        if stream.sink == "export":
            entity = load_registry().entity(stream.entity)
            yield ExportTable(stream.name, tuple(_read_columns(entity)), _find_key(entity))
    yield from SUPPORT_TABLES


def _read_columns(entity: Entity) -> Iterator[ExportColumn]:
    for column in entity.columns:
        if column.name not in LEFT_OUT and not column.secret:
            yield ExportColumn(column.json_key, column.type, column.json_key, _how_personal(column.name))


def _find_key(entity: Entity) -> tuple[str, ...]:
    """Return the columns that make a row one: its SID, or of usage records what they count, and whose it is."""
    return ("sid",) if entity.key == "Sid" else ("account_sid", "category", "start_date")
