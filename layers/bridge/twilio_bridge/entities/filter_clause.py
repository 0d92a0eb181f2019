"""`filterClause`: conditions on an entity's columns, checked against their types, as SQL with bound values.

The grammar stands in filter_grammar.lark. A clause means what the same text means as the WHERE of a SELECT, with three
comforts: a column may have a keyword's name (`To`, `From`), `= NULL` is `IS NULL`, and a day compared by `=` or IN with
a column of moments means the whole day. A clause that is nothing but a SID looks that one up.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from lark import Lark, Token, Transformer, Tree, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError
from lark.tree import Meta

from twilio_bridge.entities.errors import HiddenFilterError, UnknownColumnError
from twilio_bridge.entities.registry import Column, Entity
from twilio_bridge.entities.selection import FilterClause, Term
from twilio_bridge.entities.values import Value, is_bare_date, normalize_moment
from twilio_bridge.errors import BadRequestError

GRAMMAR: Final = Path(__file__).with_name("filter_grammar.lark")
TABLES: Final = Path(__file__).with_name("filter_grammar.tables")
MAX_LENGTH: Final = 10_000
MAX_DEPTH: Final = 50
MAX_INTEGER: Final = 2**53  # beyond it SQL and Twilio compare floating numbers
_SID: Final = re.compile(r"\s*([A-Z]{2}[0-9a-fA-F]{32})\s*")
_NUMERIC: Final = frozenset({"integer", "number"})
_TRUTH: Final = {"true": 1, "false": 0, "1": 1, "0": 0}
_NAMES: Final = {
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "OPERATOR": "an operator (= != < <= > >=)",
    "NAME": "a column",
    "SINGLE_QUOTED": "a text in quotes",
    "NUMBER": "a number",
    "MOMENT": "a date",
    "$END": "the end",
}
_SHOWN: Final = ("NAME", "OPERATOR", "SINGLE_QUOTED", "NUMBER", "MOMENT", "LPAR", "RPAR", "COMMA", "$END")


class FilterClauseError(BadRequestError):
    """The clause cannot be used; `position` (from 1) is where."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"filterClause, position {position}: {message}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it is written: its kind is text, number, moment, boolean or null."""

    kind: str
    value: Value
    position: int


@dataclass(frozen=True, slots=True)
class Test:
    """A column compared with values: `operator` is a comparison, IN, BETWEEN, LIKE or IS NULL."""

    column: str
    operator: str
    values: tuple[Value, ...]
    position: int
    negated: bool = False
    hidden: bool = False

    @property
    def comparisons(self) -> tuple[tuple[str, str], ...]:
        """The comparisons that stand for it where it is handed to Twilio."""
        operators = {"IN": ("=",), "BETWEEN": (">=", "<=")}.get(self.operator, (self.operator,))
        return () if self.negated else tuple((self.column, operator) for operator in operators)


@dataclass(frozen=True, slots=True)
class Group:
    """Terms joined by AND or OR, or one of which the contrary holds (NOT)."""

    joined_by: str
    terms: tuple["Node", ...]

    @property
    def comparisons(self) -> tuple[tuple[str, str], ...]:
        """As of a test; only of what is joined by AND."""
        each = [term.comparisons for term in self.terms]
        return tuple(pair for pairs in each for pair in pairs) if self.joined_by == "AND" and all(each) else ()


Node = Test | Group


@cache
def _parser() -> Lark:
    """Return the parser from its tables; to make them takes 80 times as long as to read them."""
    with TABLES.open("rb") as tables:
        return Lark.load(tables)


def build_parser() -> Lark:
    """Return the parser from its grammar; `make registry` stores its tables."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def parse_filter_clause(text: str, entity: Entity) -> FilterClause:
    """Return a clause on an entity; raise FilterClauseError where it cannot be used. Only blanks are no condition."""
    if found := _SID.fullmatch(text):
        return FilterClause(sid=found[1])
    if not text.strip():
        return FilterClause()
    if len(text) > MAX_LENGTH:
        raise FilterClauseError(f"it is longer than {MAX_LENGTH:,} characters", MAX_LENGTH)
    if found := re.search("[\ud800-\udfff]", text):
        raise FilterClauseError("half a character (a lone surrogate) is no text", found.start() + 1)

    tree = _parse(text)
    terms = list(_top_terms(tree))
    nodes = [_check(term, entity) for term in terms]

    values: list[Value] = []
    where = " AND ".join(_render(node, values, top=True) for node in nodes)
    shown = (Term(_text_of(term, text), node.comparisons) for term, node in zip(terms, nodes, strict=True))
    return FilterClause(where, tuple(values), tuple(shown))


def _parse(text: str) -> Tree[Token]:
    try:
        return _parser().parse(text)
    except UnexpectedInput as error:
        raise _as_ours(error, text) from None


def _as_ours(error: UnexpectedInput, text: str) -> FilterClauseError:
    found, position, expected = _place(error, text)
    if found == "the end":
        message = f"it ends too early; expected {expected}"
    elif found in {"'", '"'} and not re.match(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""", text[position - 1 :]):
        message = "a quote is not closed; double it where it belongs to the text"
    elif found == "=" and text[position - 2 : position - 1] == "=":
        message = "'==' is no operator; write ="
    elif expected.startswith("a text") and re.fullmatch(r"\w.*", found):
        message = f"unexpected {found!r}; put text in quotes: '{found}'"
    else:
        message = f"unexpected {found!r}; expected {expected}"
    return FilterClauseError(message, position)


def _place(error: UnexpectedInput, text: str) -> tuple[str, int, str]:
    """Return what was met, where, and what would have been right."""
    expected: set[str] = set()
    if isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
    elif isinstance(error, UnexpectedCharacters):
        expected = set(error.allowed or ())
    wanted = _sentence(expected)
    offset = error.pos_in_stream
    if isinstance(error, UnexpectedEOF) or offset is None or offset < 0 or text[offset:].strip() == "":
        return "the end", len(text) + 1, wanted
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return "the end", len(text) + 1, wanted
    word = re.match(r"[\w.+:-]+|'[^']*'|\"[^\"]*\"|.", text[offset:], re.DOTALL)
    return word[0] if word else "", offset + 1, wanted


def _sentence(expected: set[str]) -> str:
    if "SINGLE_QUOTED" in expected:
        names = [_NAMES[name] for name in ("SINGLE_QUOTED", "NUMBER", "MOMENT") if name in expected]
    elif "OPERATOR" in expected:
        names = [_NAMES["OPERATOR"], "IN", "BETWEEN", "LIKE", "IS NULL"]
    else:
        keywords = [name.strip("_") for name in sorted(expected) if name.startswith("_")]
        names = [_NAMES[name] for name in _SHOWN if name in expected] + keywords
    *first, last = names or ["something else"]
    return f"{', '.join(first)} or {last}" if first else last


def _top_terms(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    """Return what the clause joins by AND, brackets opened."""
    waiting = [tree]
    while waiting:
        term = waiting.pop()
        if term.data == "conjunction":
            waiting.extend(child for child in reversed(term.children) if isinstance(child, Tree))
        else:
            yield term


def _text_of(tree: Tree[Token], text: str) -> str:
    return text[tree.meta.start_pos : tree.meta.end_pos]


def _check(tree: Tree[Token], entity: Entity) -> Node:
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


def _render(node: Node, values: list[Value], *, top: bool) -> str:
    """Return a condition as SQL and add its values.

    Only what the clause joins by AND is left for Twilio. `+` keeps SQLite from reading a table once a branch of an OR:
    a list that is cut goes on in the middle of one reading.
    """
    if isinstance(node, Test):
        return _render_test(node, values, top=top)
    if node.joined_by == "NOT":
        return f"NOT ({_render(node.terms[0], values, top=False)})"
    is_top = top and node.joined_by == "AND"
    return f"({f' {node.joined_by} '.join(_render(term, values, top=is_top) for term in node.terms)})"


def _render_test(test: Test, values: list[Value], *, top: bool) -> str:
    column = f'{"" if top else "+"}"{test.column}"'
    negation = "NOT " if test.negated else ""
    values.extend(test.values)
    match test.operator:
        case "IN":
            return f"{column} {negation}IN ({', '.join('?' * len(test.values))})"
        case "BETWEEN":
            return f"{column} {negation}BETWEEN ? AND ?"
        case "LIKE":
            return f"{column} {negation}LIKE ?{' ESCAPE ?' if test.values[1:] else ''}"
        case "IS NULL":
            return f"{column} IS {negation}NULL"
    return f"{column} {test.operator} ?"
