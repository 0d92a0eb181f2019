"""Airtable's filterByFormula for the stand-in's listings: `compile_filter` makes it a test of a record.

A formula is parsed once and becomes nested functions, so that a hundred thousand records are filtered in
about a second. Chains of operators are loops and brackets go 64 deep at most: no formula exhausts the stack.
What Airtable refuses raises its error here, before any record is looked at.
"""

import operator
from collections.abc import Callable, Mapping

from twilio_bridge_local.vendors.airtable.errors import invalid_formula
from twilio_bridge_local.vendors.airtable.formula_functions import FUNCTIONS
from twilio_bridge_local.vendors.airtable.formula_tokens import PLEASE_CHECK, Token, field_name, literal, tokens
from twilio_bridge_local.vendors.airtable.formula_values import (
    FormulaError,
    Value,
    cell,
    equal,
    less,
    number,
    text,
    truth,
)
from twilio_bridge_local.vendors.airtable.store import Column, Record, Table

Evaluate = Callable[[Record], Value]
Operate = Callable[[Value, Value], Value]

DEPTH = 64


LEVELS: tuple[Mapping[str, Operate], ...] = (
    {
        "=": equal,
        "!=": lambda left, right: not equal(left, right),
        "<": less,
        ">": lambda left, right: less(right, left),
        "<=": lambda left, right: less(left, right) or equal(left, right),
        ">=": lambda left, right: less(right, left) or equal(left, right),
    },
    {"&": lambda left, right: text(left) + text(right)},
)
"""The operators, loosest first."""


def compile_filter(formula: str, table: Table) -> Callable[[Record], bool]:
    """Return a test of this table's records; an invalid formula is Airtable's INVALID_FILTER_BY_FORMULA."""
    evaluate = _Parser(formula, table).whole()

    def holds(record: Record) -> bool:
        try:
            return truth(evaluate(record))
        except FormulaError:
            return False

    return holds


class _Parser:
    """One pass over a formula's tokens; each method takes what it understands and returns its `Evaluate`."""

    def __init__(self, formula: str, table: Table) -> None:
        self.tokens = tokens(formula)
        self.token = next(self.tokens)
        self.table = table
        self.depth = 0

    def whole(self) -> Evaluate:
        evaluate = self.expression()
        self.expect("")
        return evaluate

    def take(self) -> Token:
        taken = self.token
        self.token = next(self.tokens, taken)
        return taken

    def expect(self, sign: str) -> None:
        if self.token.kind not in ("sign", "end") or self.token.text != sign:
            raise invalid_formula(PLEASE_CHECK)
        self.take()

    def sees(self, *signs: str) -> bool:
        return self.token.kind == "sign" and self.token.text in signs

    def expression(self, level: int = 0) -> Evaluate:
        """A chain of operands of one level of operators, evaluated from the left."""
        if level == len(LEVELS):
            return self.signed()
        first = self.expression(level + 1)
        rest: list[tuple[Operate, Evaluate]] = []
        while self.sees(*LEVELS[level]):
            operate = LEVELS[level][self.take().text]
            rest.append((operate, self.expression(level + 1)))
        return _chain(first, rest) if rest else first

    def signed(self) -> Evaluate:
        negative = False
        while self.sees("-", "+"):
            negative ^= self.take().text == "-"
        operand = self.operand()
        return (lambda record: -number(operand(record))) if negative else operand

    def operand(self) -> Evaluate:
        token = self.take()
        if token.kind == "text":
            return _constant(literal(token.text))
        if token.kind == "number":
            return _constant(float(token.text))
        if token.kind == "field":
            return self.field(field_name(token.text))
        if token.kind == "name":
            return self.call(token.text.upper()) if self.sees("(") else self.field(token.text)
        if token.text == "(":
            return self.inner()
        raise invalid_formula(PLEASE_CHECK)

    def inner(self) -> Evaluate:
        with_depth = self.deeper(self.expression)
        self.expect(")")
        return with_depth

    def deeper(self, parse: Callable[[], Evaluate]) -> Evaluate:
        self.depth += 1
        if self.depth > DEPTH:
            raise invalid_formula(PLEASE_CHECK)
        evaluate = parse()
        self.depth -= 1
        return evaluate

    def field(self, name: str) -> Evaluate:
        column = self.table.columns.get(name)
        if column is None:
            raise invalid_formula(f"Unknown field names: {name.lower()}")
        return _cell(self.table, column)

    def call(self, name: str) -> Evaluate:
        arguments = self.arguments()
        if name == "RECORD_ID" and not arguments:
            return operator.attrgetter("id")
        function = FUNCTIONS.get(name)
        if function is None or not function.min_count <= len(arguments) <= function.max_count:
            raise invalid_formula(PLEASE_CHECK)
        call = function.call
        return lambda record: call(*[argument(record) for argument in arguments])

    def arguments(self) -> list[Evaluate]:
        self.expect("(")
        found: list[Evaluate] = []
        while not self.sees(")"):
            if found:
                self.expect(",")
            found.append(self.deeper(self.expression))
        self.expect(")")
        return found


def _constant(value: Value) -> Evaluate:
    return lambda _record: value


def _cell(table: Table, column: Column) -> Evaluate:
    return lambda record: cell(table, record, column)


def _chain(first: Evaluate, rest: list[tuple[Operate, Evaluate]]) -> Evaluate:
    def evaluate(record: Record) -> Value:
        value = first(record)
        for operate, operand in rest:
            value = operate(value, operand(record))
        return value

    return evaluate
