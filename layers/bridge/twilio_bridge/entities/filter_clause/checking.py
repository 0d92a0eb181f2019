"""Conditions on an entity's columns, checked against their types."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from lark import Token, Transformer, Tree, v_args
from lark.exceptions import VisitError
from lark.tree import Meta

from twilio_bridge.entities.errors import HiddenFilterError, UnknownColumnError
from twilio_bridge.entities.filter_clause.conditions import FilterClauseError, Group, Node, Test
from twilio_bridge.entities.registry import Column, Entity
from twilio_bridge.entities.values import Value, is_bare_date, normalize_moment

MAX_DEPTH: Final = 50
MAX_INTEGER: Final = 2**53  # beyond it SQL and Twilio compare floating numbers
_NUMERIC: Final = frozenset({"integer", "number"})
_TRUTH: Final = {"true": 1, "false": 0, "1": 1, "0": 0}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it is written: its kind is text, number, moment, boolean or null."""

    kind: str
    value: Value
    position: int


def check_condition(tree: Tree[Token], entity: Entity) -> Node:
    """Return a condition of an entity; raise FilterClauseError where its columns or values do not fit."""
    if _depth(tree) > MAX_DEPTH:
        raise FilterClauseError(f"conditions are nested more than {MAX_DEPTH} deep", tree.meta.start_pos + 1)
    try:
        node: Node = _Checking(entity).transform(tree)
    except VisitError as error:
        raise error.orig_exc from None
    if isinstance(node, Group):
        _refuse_hidden(node, entity)
    return node


def _depth(tree: Tree[Token]) -> int:
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in node.children if isinstance(child, Tree))
    return deepest


def _refuse_hidden(node: Node, entity: Entity) -> None:
    """Raise FilterClauseError for a filter that is no column, where Twilio cannot be asked for it."""
    if isinstance(node, Test):
        if node.hidden:
            raise FilterClauseError(str(HiddenFilterError(node.column, entity.name)), node.position)
        return
    for term in node.terms:
        _refuse_hidden(term, entity)


@v_args(meta=True)
class _Checking(Transformer[Token, Any]):
    """Turns a parsed clause into checked conditions."""

    def __init__(self, entity: Entity) -> None:
        super().__init__()
        self._entity = entity

    def disjunction(self, _meta: Meta, terms: list[Node]) -> Node:
        return Group("OR", tuple(terms))

    def conjunction(self, _meta: Meta, terms: list[Node]) -> Node:
        return Group("AND", tuple(terms))

    def inversion(self, _meta: Meta, terms: list[Node]) -> Node:
        return Group("NOT", tuple(terms))

    def column(self, _meta: Meta, tokens: list[Token]) -> tuple[str, Column | None, int]:
        """Return the column's own name and what it is; a filter of Twilio's that is no column is none."""
        token = tokens[0]
        name = str(token) if token.type == "NAME" else token[1:-1]
        position = int(token.start_pos or 0) + 1
        try:
            own = self._entity.column_name(name)
        except UnknownColumnError as error:
            raise FilterClauseError(str(error), position) from None
        found = next((each for each in self._entity.columns if each.name == own), None)
        if found and found.secret:
            raise FilterClauseError(f"{own} is a secret and never leaves the bridge", position)
        return own, found, position

    def text(self, _meta: Meta, tokens: list[Token]) -> str:
        return _unquote(tokens[0])

    def value(self, _meta: Meta, tokens: list[Token]) -> Literal:
        return _literal(tokens[0])

    def null(self, meta: Meta, _tokens: list[Token]) -> Literal:
        return Literal("null", None, meta.start_pos + 1)

    def comparison(self, _meta: Meta, parts: list[Any]) -> Node:
        (name, column, position), operator, literal = parts
        operator = "!=" if operator == "<>" else str(operator)
        if literal.kind == "null":
            if operator not in {"=", "!="}:
                raise FilterClauseError("nothing is smaller or larger than NULL; write IS NULL", literal.position)
            return self._test(parts[0], "IS NULL", (), negated=operator == "!=")
        if column is None and operator != "=":
            raise FilterClauseError(f"{name} is a filter of Twilio's that goes with = only", position)
        value = self._value(parts[0], literal)
        if column and column.type == "datetime" and operator in {"=", "!="} and _is_day(literal):
            return self._day(name, str(value), position, negated=operator == "!=")
        return self._test(parts[0], operator, (value,))

    def membership(self, _meta: Meta, parts: list[Any]) -> Node:
        return self._membership(parts, negated=False)

    def non_membership(self, _meta: Meta, parts: list[Any]) -> Node:
        return self._membership(parts, negated=True)

    def _membership(self, parts: list[Any], *, negated: bool) -> Node:
        (name, column, position), *literals = parts
        if negated and column is None:
            raise FilterClauseError(f"{name} is a filter of Twilio's that goes with = only", position)
        if nothing := next((each for each in literals if each.kind == "null"), None):
            raise FilterClauseError(f"NULL is in no list; write OR {name} IS NULL", nothing.position)
        values = [self._value(parts[0], literal) for literal in literals]
        if column and column.type == "datetime" and any(map(_is_day, literals)):
            return self._moments(name, list(zip(literals, values, strict=True)), position, negated=negated)
        return self._test(parts[0], "IN", tuple(values), negated=negated)

    def range(self, _meta: Meta, parts: list[Any]) -> Node:
        return self._range(parts, negated=False)

    def outside(self, _meta: Meta, parts: list[Any]) -> Node:
        return self._range(parts, negated=True)

    def _range(self, parts: list[Any], *, negated: bool) -> Node:
        (name, column, position), low, high = parts
        if column is None:
            raise FilterClauseError(f"{name} is a filter of Twilio's that goes with = only", position)
        if nothing := next((each for each in (low, high) if each.kind == "null"), None):
            raise FilterClauseError("nothing is between NULL and something; write >= or <=", nothing.position)
        values = (self._value(parts[0], low), self._value(parts[0], high))
        return self._test(parts[0], "BETWEEN", values, negated=negated)

    def likeness(self, _meta: Meta, parts: list[Any]) -> Node:
        return self._likeness(parts, negated=False)

    def unlikeness(self, _meta: Meta, parts: list[Any]) -> Node:
        return self._likeness(parts, negated=True)

    def _likeness(self, parts: list[Any], *, negated: bool) -> Node:
        (name, column, position), pattern, escape = parts
        if column is None or column.type in _NUMERIC | {"boolean"}:
            kind = f"is {column.type}" if column else "is a filter of Twilio's"
            raise FilterClauseError(f"LIKE compares text; {name} {kind}", position)
        if escape is not None and len(escape) != 1:
            raise FilterClauseError("ESCAPE takes one character", position)
        return self._test(parts[0], "LIKE", (pattern, *([escape] if escape else [])), negated=negated)

    def absence(self, _meta: Meta, parts: list[Any]) -> Node:
        return self._test(parts[0], "IS NULL", ())

    def presence(self, _meta: Meta, parts: list[Any]) -> Node:
        return self._test(parts[0], "IS NULL", (), negated=True)

    def _test(self, column: Any, operator: str, values: tuple[Value, ...], *, negated: bool = False) -> Test:  # noqa: ANN401
        name, kind, position = column
        if kind is None and operator not in {"=", "IN"}:
            raise FilterClauseError(f"{name} is a filter of Twilio's that goes with = only", position)
        return Test(name, operator, values, position, negated=negated, hidden=kind is None)

    def _day(self, name: str, day: str, position: int, *, negated: bool) -> Node:
        """Return that a moment is within a day."""
        following = (date.fromisoformat(day[:10]) + timedelta(days=1)).isoformat()
        bounds = Test(name, ">=", (day,), position), Test(name, "<", (f"{following} 00:00:00",), position)
        within = Group("AND", bounds)
        return Group("NOT", (within,)) if negated else within

    def _moments(self, name: str, given: Sequence[tuple[Literal, Value]], position: int, *, negated: bool) -> Node:
        """Return that a moment is one of several, or within one of several days."""
        each = [
            self._day(name, str(value), position, negated=False)
            if _is_day(literal)
            else Test(name, "=", (value,), position)
            for literal, value in given
        ]
        either = Group("OR", tuple(each))
        return Group("NOT", (either,)) if negated else either

    def _value(self, column: Any, literal: Literal) -> Value:  # noqa: ANN401
        """Return the value as the column holds it; raise FilterClauseError where it can hold no such value."""
        name, found, _position = column
        kind = found.type if found else next(each.type for each in self._entity.filters if each.column == name)
        value = _COERCE.get(kind, _coerce_text)(literal)
        if value is None:
            raise FilterClauseError(f"{name} is {kind}; {_remedy(kind, literal)}", literal.position)
        return value


def _unquote(token: Token) -> str:
    quote = token[0]
    return token[1:-1].replace(quote * 2, quote)


def _literal(token: Token) -> Literal:
    position = int(token.start_pos or 0) + 1
    match token.type:
        case "NUMBER":
            number = float(token)
            is_whole = token.lstrip("+-").isdecimal() and abs(number) < MAX_INTEGER
            return Literal("number", int(token) if is_whole else number, position)
        case "MOMENT":
            return Literal("moment", str(token), position)
        case "TRUE" | "FALSE":
            return Literal("boolean", int(token.type == "TRUE"), position)
    return Literal("text", _unquote(token), position)


def _is_day(literal: Literal) -> bool:
    return literal.kind in {"text", "moment"} and is_bare_date(str(literal.value))


def _coerce_text(literal: Literal) -> Value:
    return literal.value if literal.kind == "text" else None


def _coerce_number(literal: Literal) -> Value:
    if literal.kind == "number":
        return literal.value
    if literal.kind != "text" or not re.fullmatch(r"[+-]?\d+(\.\d+)?", str(literal.value).strip(), re.ASCII):
        return None
    number = float(str(literal.value))
    return int(number) if number.is_integer() and abs(number) < MAX_INTEGER else number


def _coerce_boolean(literal: Literal) -> Value:
    return None if literal.kind == "moment" else _TRUTH.get(str(literal.value).lower())


def _coerce_datetime(literal: Literal) -> Value:
    return normalize_moment(str(literal.value)) if literal.kind in {"text", "moment"} else None


def _coerce_date(literal: Literal) -> Value:
    return str(literal.value).strip() if _is_day(literal) else None


_COERCE: Final[dict[str, Callable[[Literal], Value]]] = {
    "integer": _coerce_number,
    "number": _coerce_number,
    "boolean": _coerce_boolean,
    "datetime": _coerce_datetime,
    "date": _coerce_date,
}


def _remedy(kind: str, literal: Literal) -> str:
    given = str(literal.value)
    return {
        "integer": f"{given!r} is no number",
        "number": f"{given!r} is no number",
        "boolean": "write true or false",
        "datetime": "write a date or a moment, such as '2026-11-29' or '2026-11-29T10:00:00Z'",
        "date": "write a day, such as '2026-11-29'",
    }.get(kind, f"put the value in quotes: '{given}'")
