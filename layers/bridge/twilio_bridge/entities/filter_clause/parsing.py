"""A clause on an entity, from its text.

A clause means what the same text means as the WHERE of a SELECT, with three comforts: a column may have a keyword's
name (`To`, `From`), `= NULL` is `IS NULL`, and a day compared by `=` or IN with a column of moments means the whole
day. A clause that is nothing but a SID looks that one up.
"""

import re
from collections.abc import Iterator
from typing import Final

from lark import Token, Tree

from twilio_bridge.entities.filter_clause.checking import check_condition
from twilio_bridge.entities.filter_clause.conditions import FilterClause, FilterClauseError, Term, render_condition
from twilio_bridge.entities.filter_clause.syntax import parse_text
from twilio_bridge.entities.registry import Entity
from twilio_bridge.entities.values import Value

MAX_LENGTH: Final = 10_000
_SID: Final = re.compile(r"\s*([A-Z]{2}[0-9a-fA-F]{32})\s*")


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

    tree = parse_text(text)
    terms = list(_top_terms(tree))
    nodes = [check_condition(term, entity) for term in terms]

    values: list[Value] = []
    where = " AND ".join(render_condition(node, values, top=True) for node in nodes)
    shown = (Term(_text_of(term, text), node.comparisons) for term, node in zip(terms, nodes, strict=True))
    return FilterClause(where, tuple(values), tuple(shown))


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
