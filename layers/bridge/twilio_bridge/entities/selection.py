"""Which rows and columns a call selects: its filter, its fields and its account, as a SELECT with bound values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.filter_clause.conditions import FilterClause
from twilio_bridge.entities.plan import ACCOUNT
from twilio_bridge.entities.registry import Column, Entity
from twilio_bridge.entities.values import Value, write_json
from twilio_bridge.errors import BadRequestError


@dataclass(frozen=True, slots=True)
class Selection:
    """What is selected: columns, a WHERE with its values, and the clause it comes from."""

    entity: Entity
    columns: tuple[tuple[str, Column], ...]
    clause: FilterClause
    where: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()

    def sql(self, *more: str, ending: str = "", extra: str = "") -> str:
        """Return the SELECT."""
        names = ", ".join(f'"{name}"' for name, _ in self.columns)
        conditions = " AND ".join([*self.where, *more])
        filtered = f" WHERE {conditions}" if conditions else ""
        return f'SELECT {names}{extra} FROM "{self.entity.name}"{filtered}{ending}'  # noqa: S608  names of the registry

    def narrowed(self, columns: tuple[tuple[str, Column], ...]) -> "Selection":
        """Return the same rows with these columns."""
        return replace(self, columns=columns)

    def row(self, values: Sequence[Value]) -> dict[str, Any]:
        """Return a row as an answer holds it."""
        pairs = zip(self.columns, values, strict=False)
        return {name: write_json(column.type, value) for (name, column), value in pairs}


def select(entity: Entity, call: EntityCall) -> Selection:
    """Return what a call's filter and fields select."""
    clause = parse(call.filter_clause, entity)
    where, values = ([clause.where], list(clause.values)) if clause.where else ([], [])
    if clause.sid:
        where, values = [f'"{entity.key}" = ?'], [clause.sid]
    if call.account and any(parent.column == ACCOUNT for parent in entity.parents):
        where, values = [f'"{ACCOUNT}" = ?', *where], [call.account, *values]
    return Selection(entity, select_columns(entity, call.fields), clause, tuple(where), tuple(values))


def select_columns(entity: Entity, fields: Sequence[str]) -> tuple[tuple[str, Column], ...]:
    """Return the wanted columns under the names they were asked by; all but secrets where none is named."""
    if not fields:
        return tuple((column.name, column) for column in entity.columns if not column.secret)
    columns = tuple((_spelling(entity, name), entity.column(name)) for name in dict.fromkeys(fields))
    if secret := next((name for name, column in columns if column.secret), None):
        raise BadRequestError(f"{secret} is a secret and never leaves the bridge")
    return columns


def _spelling(entity: Entity, name: str) -> str:
    known = [column.name for column in entity.columns] + list(entity.aliases)
    return next((each for each in known if each.lower() == name.lower()), name)


def parse(text: str, entity: Entity) -> FilterClause:
    """Return a filter clause; the parser is loaded only where there is one."""
    if not text.strip():
        return FilterClause()
    from twilio_bridge.entities.filter_clause.parsing import parse_filter_clause  # noqa: PLC0415  lark is slow to import

    return parse_filter_clause(text, entity)
