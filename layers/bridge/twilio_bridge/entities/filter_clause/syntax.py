"""The clause's grammar, and what is wrong with a text that does not follow it.

The grammar stands in filter_grammar.lark, the parser's tables made from it in filter_grammar.tables.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from twilio_bridge.entities.filter_clause.conditions import FilterClauseError

GRAMMAR: Final = Path(__file__).with_name("filter_grammar.lark")
TABLES: Final = Path(__file__).with_name("filter_grammar.tables")
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


@cache
def _parser() -> Lark:
    """Return the parser from its tables; to make them takes 80 times as long as to read them."""
    with TABLES.open("rb") as tables:
        return Lark.load(tables)


def build_parser() -> Lark:
    """Return the parser from its grammar; `make registry` stores its tables."""
    grammar = GRAMMAR.read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


def parse_text(text: str) -> Tree[Token]:
    """Return the tree of a text; raise FilterClauseError where it does not follow the grammar."""
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
