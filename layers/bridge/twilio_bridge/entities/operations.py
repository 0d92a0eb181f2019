"""The operations of an entity, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twilio_bridge import deadline
from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.describing import describe_entity
from twilio_bridge.entities.engine import Engine
from twilio_bridge.entities.errors import MissingValueError
from twilio_bridge.entities.listing import Lists
from twilio_bridge.entities.plan import ACCOUNT
from twilio_bridge.entities.ports import Row, Twilio
from twilio_bridge.entities.reading import Statement, describe_pushed
from twilio_bridge.entities.registry import Column, Entity, Registry
from twilio_bridge.entities.request_parts import find_operation
from twilio_bridge.entities.selection import select_columns
from twilio_bridge.entities.tokens import PageTokens
from twilio_bridge.entities.values import READERS, Value, write_json, write_result
from twilio_bridge.entities.writes import Outcome, Writes, find_target
from twilio_bridge.errors import BadRequestError


@dataclass(frozen=True, slots=True)
class Operations:
    """What the operations work with."""

    registry: Registry
    twilio: Twilio
    engine: Engine
    tokens: PageTokens

    def perform(self, call: EntityCall) -> Outcome:
        """Do what a caller asks; raise an error that names what would be right."""
        if call.operation == "query":
            return self.run_query(call)
        entity = self.registry.entity(call.entity)
        if call.operation == "describe":
            return Outcome(describe_entity(self.registry, entity), {"requests": 0})
        operation = find_operation(entity, call.operation)
        if call.account and not any(parent.column == ACCOUNT for parent in entity.parents):
            raise BadRequestError(f"{entity.name} takes no account: it is in none; name its {entity.key}")
        if call.operation == "list":
            page = Lists(self.engine, self.twilio, self.tokens).read(entity, call)
            return Outcome(page.rows, page.meta, page.next_token, is_list=True)
        if call.operation == "get":
            return self.get(entity, call)
        writes = Writes(self.engine, self.twilio)
        if call.operation == "create":
            return writes.create(entity, operation, call)
        return writes.change(entity, operation, call)

    def get(self, entity: Entity, call: EntityCall) -> Outcome:
        """Return one row by its id."""
        target = find_target(entity, call)
        columns = select_columns(entity, call.fields)
        statement = Statement(self.twilio)
        row = self.twilio.observe(statement.count_request).fetch(entity, target.parents, target.key)
        return Outcome(read_row(columns, row), {"requests": statement.requests})

    def run_query(self, call: EntityCall) -> Outcome:
        """Return the first rows of a statement."""
        if not call.statement:
            raise MissingValueError("query: give a statement")
        with deadline.limit(call.timeout_s):
            return self._run_query(call)

    def _run_query(self, call: EntityCall) -> Outcome:
        statement = Statement(self.twilio, call.max_requests, seconds=float(call.timeout_s))
        columns, found = self.engine.execute(call.statement, call.parameters, statement)
        names = distinct_names([column.name for column in columns])
        rows: list[dict[str, Value]] = []
        is_complete = True
        for values in found:
            if len(rows) == call.max_rows:
                is_complete = False
                break
            rows.append(dict(zip(names, map(write_result, values), strict=True)))
        return Outcome(rows, describe_statement(statement) | {"complete": is_complete})


def read_row(columns: Sequence[tuple[str, Column]], row: Row) -> dict[str, Any]:
    """Return a row of Twilio's as an answer holds it."""
    return {name: write_json(column.type, READERS[column.type](row.get(column.json_key))) for name, column in columns}


def describe_statement(statement: Statement) -> dict[str, Any]:
    """Return what a statement read; what was not pushed down was checked here."""
    return {
        "pushedDown": describe_pushed(statement.tallies),
        "scanned": statement.scanned,
        "requests": statement.requests,
    }


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return names of which none is there twice: `Sid`, `Sid_2`."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return distinct
