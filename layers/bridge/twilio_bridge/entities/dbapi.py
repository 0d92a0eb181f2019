"""A connection and cursors in the manner of Python's database API (PEP 249), for notebooks and programs.

    with connect() as connection:
        for status, count in connection.execute("SELECT Status, count(*) FROM Messages GROUP BY Status"):
            ...

Statements only read, so there is nothing to commit. Rows are requested while they are taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from twilio_bridge.entities.engine import Engine, Parameters
from twilio_bridge.entities.operations import describe_statement
from twilio_bridge.entities.ports import Twilio
from twilio_bridge.entities.reading import MAX_REQUEST_COUNT, MAX_SECONDS, Statement
from twilio_bridge.entities.values import Value
from twilio_bridge.errors import BadRequestError

Row = tuple[Value, ...]
PARAMSTYLE: Final = "qmark"
# name, type_code, display_size, internal_size, precision, scale, null_ok
Description = tuple[tuple[str, str, None, None, None, None, None], ...]


class Cursor:
    """Runs one statement at a time."""

    arraysize = 1
    rowcount = -1  # known only when all rows are read

    def __init__(self, connection: "Connection") -> None:
        self.connection = connection
        self.description: Description | None = None
        self._statement: Statement | None = None
        self._rows: Iterator[Row] = iter(())

    @property
    def meta(self) -> dict[str, Any]:
        """What has been pushed down, scanned and requested so far."""
        return describe_statement(self._statement) if self._statement else {}

    def execute(self, sql: str, parameters: Parameters = ()) -> Self:
        """Run a SELECT; `?` and `:name` stand for parameters."""
        self._statement = self.connection.open_statement()
        columns, self._rows = self.connection.engine.execute(sql, parameters, self._statement)
        self.description = tuple((each.name, each.type, None, None, None, None, None) for each in columns)
        return self

    def explain(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """Return the requests that a statement would make; none is made."""
        return self.connection.engine.explain(sql, parameters, self.connection.open_statement())

    def fetchone(self) -> Row | None:
        """Return the next row, or None."""
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return the next rows."""
        count = self.arraysize if size is None else size
        return [row for _, row in zip(range(count), self._rows, strict=False)]

    def fetchall(self) -> list[Row]:
        """Return the rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def close(self) -> None:
        """Read no further."""
        self._rows = iter(())


@dataclass
class Connection:
    """Twilio's resources as tables."""

    engine: Engine
    twilio: Twilio
    max_requests: int = MAX_REQUEST_COUNT
    seconds: float = MAX_SECONDS
    _is_closed: bool = field(default=False, init=False)

    def cursor(self) -> Cursor:
        """Return a cursor."""
        return Cursor(self)

    def execute(self, sql: str, parameters: Parameters = ()) -> Cursor:
        """Run a SELECT on a cursor of its own."""
        return self.cursor().execute(sql, parameters)

    def open_statement(self) -> Statement:
        """Return a statement with the connection's budget."""
        if self._is_closed:
            raise BadRequestError("the connection is closed")
        return Statement(self.twilio, self.max_requests, seconds=self.seconds)

    def commit(self) -> None:
        """Do nothing: statements only read."""

    rollback = commit

    def close(self) -> None:
        """Take no further statement."""
        self._is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
