"""Create, update and delete, and what guards them.

A write by filter changes no more rows than its caller allows; a purchase needs a flag; what would answer with a secret
is refused; `dryRun` names what would be done and does nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.engine import Engine
from twilio_bridge.entities.errors import MissingValueError, UnknownColumnError
from twilio_bridge.entities.plan import ACCOUNT
from twilio_bridge.entities.ports import Row, Twilio
from twilio_bridge.entities.reading import Statement
from twilio_bridge.entities.registry import Entity, Operation, pascal_case
from twilio_bridge.entities.request_parts import build_form
from twilio_bridge.entities.selection import parse, select, select_columns
from twilio_bridge.entities.values import READERS, Value
from twilio_bridge.errors import BadRequestError, BridgeError, ForbiddenError

SEPARATOR: Final = "/"
MAX_TRIES: Final = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation answers."""

    payload: Any
    meta: Mapping[str, Any]
    next_token: str | None = None
    is_list: bool = False

    @property
    def body(self) -> dict[str, Any]:
        """The answer as it leaves."""
        token = {"listEntitiesNextPageToken": self.next_token} if self.is_list else {}
        return {"connectorOutputPayload": self.payload, **token, "meta": dict(self.meta)}


@dataclass(frozen=True, slots=True)
class Target:
    """A row to read or change: its parents and its key, by column."""

    parents: Mapping[str, str]
    key: str

    def shown(self, entity: Entity) -> dict[str, str]:
        """Return it as an answer holds it."""
        return {**self.parents, **({entity.key: self.key} if entity.key else {})}


class PartlyDoneError(BridgeError):
    """A write by filter failed in the middle; `done` names what was written before."""

    def __init__(self, error: BridgeError, done: Sequence[Mapping[str, str]]) -> None:
        super().__init__(f"{len(done)} of the rows are written, then: {error}")
        self.error = error
        self.done = list(done)


@dataclass(frozen=True, slots=True)
class Writes:
    """What a write works with."""

    engine: Engine
    twilio: Twilio

    def create(self, entity: Entity, operation: Operation, call: EntityCall) -> Outcome:
        """Create a row once."""
        check_guards(operation, call)
        places, body = split_payload(entity, operation, call)
        if operation.body == "form":
            build_form(entity, "create", body)  # a dry run finds what is wrong with it, too
        if call.dry_run:
            return Outcome({**places, **body}, _dry_meta(operation, Statement(self.twilio), 1))
        statement = Statement(self.twilio)
        row = self.twilio.observe(statement.count_request).create(entity, places, body)
        return Outcome(_answer(entity, operation, row), _meta(operation, statement, 1))

    def change(self, entity: Entity, operation: Operation, call: EntityCall) -> Outcome:
        """Update or delete one row by its id, or those that a filter finds."""
        check_guards(operation, call)
        check_naming(entity, call)
        is_one = not entity.key or bool(call.entity_id) or is_sid(entity, call)
        if not is_one and not call.filter_clause.strip():
            raise MissingValueError(f"{call.operation} {entity.name}: give entityId or filterClause")
        body = split_payload(entity, operation, call)[1]
        if call.operation == "update":
            _check_update(entity, operation, body)

        statement = Statement(self.twilio, call.max_requests)
        targets = [find_target(entity, call)] if is_one else self._find_targets(entity, call, statement)
        shown = [target.shown(entity) for target in targets]
        if call.dry_run:
            return Outcome(shown[0] if is_one else shown, _dry_meta(operation, statement, len(shown)))
        answers = self._write_each(entity, operation, call, targets, body, statement)
        payload = answers if not is_one and call.max_affected > 1 else next(iter(answers), {})
        return Outcome(payload, _meta(operation, statement, len(shown)))

    def _write_each(
        self,
        entity: Entity,
        operation: Operation,
        call: EntityCall,
        targets: Sequence[Target],
        body: Mapping[str, Any],
        statement: Statement,
    ) -> list[dict[str, Any]]:
        statement.max_requests += MAX_TRIES * len(targets)  # how many rows are written is bounded already
        twilio = self.twilio.observe(statement.count_request)
        answers: list[dict[str, Any]] = []
        for number, target in enumerate(targets):
            try:
                if call.operation == "delete":
                    twilio.delete(entity, target.parents, target.key)
                    answers.append({})
                else:
                    row = twilio.update(entity, target.parents, target.key, body)
                    answers.append(_answer(entity, operation, {**_raw_keys(entity, target), **row}))
            except BridgeError as error:
                if not number:
                    raise
                raise PartlyDoneError(error, [each.shown(entity) for each in targets[:number]]) from error
        return answers

    def _find_targets(self, entity: Entity, call: EntityCall, statement: Statement) -> list[Target]:
        """Return the rows that a filter finds; raise BadRequestError where they are more than may be changed."""
        has_account = any(parent.column == ACCOUNT for parent in entity.parents)
        names = tuple(dict.fromkeys([*entity.key_columns, *([ACCOUNT] if has_account else [])]))
        selection = select(entity, call).narrowed(select_columns(entity, names))
        places = split_places(entity, call)
        sql = selection.sql(*(f'"{name}" = ?' for name in places), ending=f" LIMIT {call.max_affected + 1}")
        found = list(self.engine.execute(sql, (*selection.values, *places.values()), statement)[1])
        if len(found) > call.max_affected:
            raise BadRequestError(
                f"the filter finds more rows of {entity.name} than maxAffected, which is {call.max_affected:,}; "
                "narrow the filter, or list the rows and raise maxAffected"
            )
        return [_target_of(entity, dict(zip(names, row, strict=True))) for row in found]


def check_guards(operation: Operation, call: EntityCall) -> None:
    """Raise ForbiddenError for what would reveal a secret, BadRequestError where a flag is missing."""
    if operation.reveals_secret:
        raise ForbiddenError(operation.caution or "the answer holds a secret, and none leaves the bridge")
    if operation.guard and operation.guard not in call.flags and not call.dry_run:
        raise BadRequestError(
            f"this {operation.caution}; where that is meant, say {operation.guard}: true (--allow-purchase)"
        )


def check_naming(entity: Entity, call: EntityCall) -> None:
    """Raise BadRequestError where a call names rows in a way that would be passed over."""
    if call.entity_id and call.filter_clause.strip():
        raise BadRequestError(f"{call.operation} {entity.name}: give entityId or filterClause, not both")
    if not entity.key and not entity.required_parents and (call.entity_id or call.filter_clause.strip()):
        raise BadRequestError(f"there is one {entity.name}, which needs neither entityId nor filterClause")


def is_sid(entity: Entity, call: EntityCall) -> bool:
    """Return whether the filter is a bare SID and the row has no parents that it would have to name."""
    if not call.filter_clause.strip() or entity.required_parents:
        return False
    return bool(parse(call.filter_clause, entity).sid)


def find_target(entity: Entity, call: EntityCall) -> Target:
    """Return the row that entityId, a bare SID or the payload names; parents stand before the key, as `CF…/CA…`."""
    check_naming(entity, call)
    given = call.entity_id or _read_sid(entity, call)
    values = given.split(SEPARATOR) if given else []
    columns = [parent.column for parent in entity.required_parents] + ([entity.key] if entity.key else [])
    places = split_places(entity, call)
    if len(values) == 1:
        places = merge_places(entity, places, {columns[-1]: values[0]})
    elif len(values) == len(columns):
        places = merge_places(entity, places, dict(zip(columns, values, strict=True)))
    elif values:
        raise BadRequestError(f"entityId of {entity.name} is {SEPARATOR.join(columns)}")
    if missing := [column for column in columns if not places.get(column)]:
        hint = f"; entityId may be {SEPARATOR.join(columns)}" if len(columns) > 1 else " as entityId"
        raise MissingValueError(f"{call.operation} {entity.name}: name {' and '.join(missing)}{hint}")
    parents = {name: value for name, value in places.items() if name != entity.key}
    return Target(parents, places.get(entity.key, ""))


def _read_sid(entity: Entity, call: EntityCall) -> str:
    clause = parse(call.filter_clause, entity)
    if call.filter_clause.strip() and not clause.sid:
        raise BadRequestError(f"{call.operation} {entity.name}: filterClause is to be one SID; list takes conditions")
    return clause.sid


def split_places(entity: Entity, call: EntityCall) -> dict[str, str]:
    """Return the parents and the key that the payload names, and the account."""
    wanted = {*(parent.column for parent in entity.parents), entity.key} - {""}
    named = {_own_name(entity, name): value for name, value in call.payload.items()}
    places = {name: value for name, value in named.items() if name in wanted and isinstance(value, str) and value}
    account = {ACCOUNT: call.account} if call.account else {}
    return merge_places(entity, places, account)


def merge_places(entity: Entity, places: Mapping[str, str], further: Mapping[str, str]) -> dict[str, str]:
    """Return what both name; raise BadRequestError where they name different rows."""
    if other := next((name for name, value in further.items() if places.get(name, value) != value), None):
        raise BadRequestError(f"{entity.name}: {other} is named twice, {places[other]!r} and {further[other]!r}")
    return {**places, **further}


def split_payload(entity: Entity, operation: Operation, call: EntityCall) -> tuple[dict[str, str], dict[str, Any]]:
    """Return what of the payload belongs to the path, and the body under the names that the operation takes."""
    taken = {each.name.lower(): each.name for each in operation.parameters}
    taken |= {each.wire.lower(): each.name for each in operation.parameters}
    places, body = split_places(entity, call), {}
    for name, value in call.payload.items():
        own = _own_name(entity, name)
        if name.lower() in taken or own.lower() in taken:
            wanted = taken.get(name.lower()) or taken[own.lower()]
            if wanted in body:
                raise BadRequestError(f"{call.operation} {entity.name}: {wanted} is given twice, also as {name}")
            body[wanted] = value
            places.pop(own, None)
        elif own not in places:
            body[name] = value
    return places, body


def _own_name(entity: Entity, name: str) -> str:
    try:
        return entity.column_name(name)
    except UnknownColumnError:
        return name


def _check_update(entity: Entity, operation: Operation, body: Mapping[str, Any]) -> None:
    is_empty = not build_form(entity, "update", body) if operation.body == "form" else not body
    if is_empty:
        names = ", ".join(each.name for each in operation.parameters)
        raise MissingValueError(f"update {entity.name}: connectorInputPayload is empty; it takes {names}")


def _target_of(entity: Entity, row: Mapping[str, Value]) -> Target:
    parents = {name: str(value) for name, value in row.items() if name != entity.key and value is not None}
    return Target(parents, str(row[entity.key]) if entity.key else "")


def _raw_keys(entity: Entity, target: Target) -> Row:
    return {entity.column(entity.key).json_key: target.key} if entity.key else {}


def _key(entity: Entity, row: Row) -> dict[str, Any]:
    """Return the key of what Twilio answered; where it answers with none, the answer itself."""
    column = entity.column(entity.key) if entity.key else None
    if column and row.get(column.json_key) is not None:
        return {column.name: READERS[column.type](row[column.json_key])}
    return {pascal_case(name): value for name, value in row.items()}


def _answer(entity: Entity, operation: Operation, row: Row) -> dict[str, Any]:
    return _key(entity, row) if operation.returns_key else {}


def _meta(operation: Operation, statement: Statement, affected: int) -> dict[str, Any]:
    caution = {"caution": operation.caution} if operation.caution else {}
    return {"affected": affected, "requests": statement.requests, **caution}


def _dry_meta(operation: Operation, statement: Statement, affected: int) -> dict[str, Any]:
    return _meta(operation, statement, 0) | {"dryRun": True, "wouldAffect": affected}
