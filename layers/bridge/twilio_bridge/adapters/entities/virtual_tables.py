"""Entities as SQLite's virtual tables: what SQLite compares becomes a plan, what it reads the pages of a list.

https://www.sqlite.org/vtab.html
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import apsw

from twilio_bridge.entities.errors import HiddenFilterError
from twilio_bridge.entities.plan import (
    EQUAL,
    LIMIT,
    OFFSET,
    Constraint,
    Plan,
    build_request,
    describe_request,
    needed_columns,
    plan_read,
)
from twilio_bridge.entities.ports import Row
from twilio_bridge.entities.reading import Place, Statement
from twilio_bridge.entities.registry import Entity
from twilio_bridge.entities.row_numbers import has_key, number_row, number_values
from twilio_bridge.entities.values import READERS, SQL_TYPES, Value

OPERATORS: Final = {
    apsw.SQLITE_INDEX_CONSTRAINT_EQ: EQUAL,
    apsw.SQLITE_INDEX_CONSTRAINT_LT: "<",
    apsw.SQLITE_INDEX_CONSTRAINT_LE: "<=",
    apsw.SQLITE_INDEX_CONSTRAINT_GT: ">",
    apsw.SQLITE_INDEX_CONSTRAINT_GE: ">=",
    apsw.SQLITE_INDEX_CONSTRAINT_LIMIT: LIMIT,
    apsw.SQLITE_INDEX_CONSTRAINT_OFFSET: OFFSET,
}
# How a column compares unless a statement says otherwise; under another collation Twilio's answer could lack rows.
COLLATIONS: Final = {"datetime": "MOMENT", "date": "MOMENT"}


class Session:
    """What the tables of a connection share: the statement that runs, and how its tables are read."""

    def __init__(self, *, push_down: bool = True) -> None:
        self.push_down = push_down
        self.statement: Statement | None = None
        self.refused: dict[str, tuple[str, ...]] = {}

    def begin(self, statement: Statement) -> None:
        """Read for this statement from now on."""
        self.statement = statement
        self.refused = {}


class TableColumns:
    """A table's columns in SQLite's order: those of the rows, their further names, and filters that are no column."""

    def __init__(self, entity: Entity) -> None:
        shown = [column for column in entity.columns if not column.secret]
        by_name = {column.name: column for column in shown}
        aliases = {alias: by_name[name] for alias, name in entity.aliases.items() if name in by_name}
        hidden = list(dict.fromkeys(each.column for each in entity.filters if each.hidden))

        self.names = [*by_name, *(column.name for column in aliases.values()), *hidden]
        self.readers: list[tuple[str, Callable[[object], Value]] | None] = [
            *((column.json_key, READERS[column.type]) for column in (*shown, *aliases.values())),
            *(None for _ in hidden),
        ]
        self.collations = {
            column.name: COLLATIONS[column.type] for column in (*shown, *aliases.values()) if column.type in COLLATIONS
        }
        declared = [f'"{column.name}" {SQL_TYPES[column.type]}' for column in shown]
        declared += [f'"{alias}" {SQL_TYPES[column.type]} HIDDEN' for alias, column in aliases.items()]
        declared += [f'"{name}" HIDDEN' for name in hidden]
        self.schema = f"CREATE TABLE entity({', '.join(declared)})"


class Module:
    """Makes the table of one entity when a statement first names it."""

    def __init__(self, session: Session, entity: Callable[[], Entity]) -> None:
        self._session = session
        self._entity = entity

    def Connect(  # noqa: N802  apsw's name
        self, _connection: apsw.Connection, _module: str, _database: str, _table: str, *_arguments: object
    ) -> tuple[str, "Table"]:
        """Return the table's columns and the table."""
        entity = self._entity()
        columns = TableColumns(entity)
        return columns.schema, Table(self._session, entity, columns)

    Create = Connect


class Table:
    """One entity's table."""

    def __init__(self, session: Session, entity: Entity, columns: TableColumns) -> None:
        self._session = session
        self._entity = entity
        self._columns = columns
        self._plans: list[Plan] = []

    def BestIndexObject(self, info: apsw.IndexInfo) -> bool:  # noqa: N802  apsw's name
        """Choose how the table is read under these constraints; False where they do not name a parent."""
        constraints = [self._constraint(info, index) for index in range(info.nConstraint)]
        if info.nOrderBy:  # the rows that LIMIT keeps are known only when all are sorted
            constraints.append(Constraint("", OFFSET))
        plan = plan_read(self._entity, constraints, push_down=self._session.push_down)
        if plan is None:
            self._session.refused[self._entity.name] = needed_columns(self._entity)
            return False
        self._session.refused.pop(self._entity.name, None)
        for argument, index in enumerate(plan.indexes, start=1):
            info.set_aConstraintUsage_argvIndex(index, argument)
        for index in plan.required:
            info.set_aConstraintUsage_omit(index, True)
        info.idxNum = len(self._plans)
        info.idxStr = self._describe(plan, info)
        info.estimatedCost, info.estimatedRows = plan.cost, plan.rows
        self._plans.append(plan)
        return True

    def _describe(self, plan: Plan, info: apsw.IndexInfo) -> str:
        """Return the plan's request for EXPLAIN QUERY PLAN; only values that stand in the statement are known."""
        known = [info.get_aConstraint_rhs(index) for index in plan.indexes]
        values = [value if isinstance(value, str | int | float) else None for value in known]
        return json.dumps(describe_request(plan, values))

    def _constraint(self, info: apsw.IndexInfo, index: int) -> Constraint:
        operator = OPERATORS.get(info.get_aConstraint_op(index), "")
        usable = info.get_aConstraint_usable(index)
        if operator in {LIMIT, OFFSET}:
            return Constraint("", operator, usable)
        column = info.get_aConstraint_iColumn(index)
        name = self._columns.names[column] if column >= 0 else ""
        is_own = info.get_aConstraint_collation(index) == self._columns.collations.get(name, "BINARY")
        return Constraint(name, operator, usable, is_own)

    def Open(self) -> "Cursor":  # noqa: N802  apsw's name
        """Return a cursor."""
        return Cursor(self._session, self._entity, self._columns, self._plans)

    def Disconnect(self) -> None:  # noqa: N802  apsw's name
        """Forget the table."""

    Destroy = Disconnect


class Cursor:
    """One reading of a table, row by row."""

    def __init__(self, session: Session, entity: Entity, columns: TableColumns, plans: Sequence[Plan]) -> None:
        self._session = session
        self._entity = entity
        self._columns = columns
        self._readers = columns.readers
        self._plans = plans
        self._places: Iterator[Place] = iter(())
        self._place: Place | None = None
        self._rows: Sequence[Row] = ()
        self._row: Row | None = None
        self._hidden: dict[str, Value] = {}
        self._seen: Counter[int] = Counter()
        self._numbered: tuple[Row, int] | None = None

    def Filter(self, index: int, _name: str, arguments: Sequence[Value]) -> None:  # noqa: N802  apsw's name
        """Begin to read, as planned, for these values."""
        plan, statement = self._plans[index], self._session.statement
        request = build_request(plan, arguments or ())
        self._places, self._seen = iter(()), Counter()
        if request is not None and statement is not None:
            self._hidden = dict(request.hidden)
            self._places = statement.read(request)
        self._turn_page()

    def Next(self) -> None:  # noqa: N802  apsw's name
        """Go to the next row."""
        place = self._place
        if place is None:
            return
        place.row += 1
        if place.row < len(self._rows):
            self._row = self._rows[place.row]
        else:
            self._turn_page()

    def _turn_page(self) -> None:
        """Go to the first row of the next page that has one."""
        for place in self._places:
            if self._session.statement is not None:
                self._session.statement.place = place
            if place.row < len(place.page.rows):
                self._place, self._rows = place, place.page.rows
                self._row = self._rows[place.row]
                return
        self._row = None

    def Eof(self) -> bool:  # noqa: N802  apsw's name
        """Return whether no row is left."""
        return self._row is None

    def Column(self, number: int) -> Value:  # noqa: N802  apsw's name
        """Return a value of the row."""
        if number < 0:
            return self.Rowid()
        reader = self._readers[number]
        if reader is None:
            return self._hidden_value(self._columns.names[number])
        key, read = reader
        raw = self._row.get(key) if self._row else None
        return None if raw is None else read(raw)

    def _hidden_value(self, name: str) -> Value:
        try:
            return self._hidden[name]
        except KeyError:
            raise HiddenFilterError(name, self._entity.name) from None

    def Rowid(self) -> int:  # noqa: N802  apsw's name
        """Return a number of this row's own.

        SQLite joins the branches of an OR by it: equal rows must have equal numbers, and other rows others.
        """
        row = self._row or {}
        if self._numbered and self._numbered[0] is row:
            return self._numbered[1]
        self._numbered = row, self._number_row(row)
        return self._numbered[1]

    def _number_row(self, row: Row) -> int:
        number = number_row(self._entity, row)
        if has_key(self._entity, row):
            return number
        self._seen[number] += 1  # rows without a key may be alike
        return number_values([number, self._seen[number]])

    def Close(self) -> None:  # noqa: N802  apsw's name
        """End the reading."""
        self._places = iter(())
