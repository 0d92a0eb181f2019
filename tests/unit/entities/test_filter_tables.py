"""The parser's stored tables: made from the grammar that is there, and no other language."""

import pickle
from importlib.metadata import version

import pytest
from lark import Lark
from lark.exceptions import UnexpectedInput

from tests.unit.entities.test_filter_clause import BAD, GOOD
from twilio_bridge.entities.filter_clause import syntax
from twilio_bridge.entities.filter_clause.syntax import GRAMMAR, TABLES, build_parser

REMEDY = "run make registry"
BUILT = build_parser()


def test_they_are_up_to_date() -> None:
    """The tables were made from this grammar by the installed lark."""
    stored = pickle.loads(TABLES.read_bytes())  # noqa: S301  our own
    assert (GRAMMAR.read_text(), version("lark")) == (stored["grammar"], stored["lark"]), REMEDY


@pytest.mark.parametrize("text", [text for _, text, *_ in (*GOOD, *BAD) if text.strip()])
def test_they_read_the_same(text: str) -> None:
    """Parsers from tables and from the grammar agree on each clause."""
    assert read(BUILT, text) == read(syntax._parser(), text)


def read(parser: Lark, text: str) -> object:
    try:
        return parser.parse(text)
    except UnexpectedInput as error:
        return type(error), error.pos_in_stream
