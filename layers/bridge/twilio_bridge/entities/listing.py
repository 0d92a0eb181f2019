"""List: a page of an entity's rows, where it goes on, and what of the filter was done at Twilio.

Without a sort the list is one reading of Twilio's, cut after the page, by time or by budget, and the token goes on in
the middle of it. With a sort all rows that match are read for each page, and the token holds the last row's place.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, Final

from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.engine import Engine
from twilio_bridge.entities.ports import Twilio
from twilio_bridge.entities.reading import BudgetError, PageEnd, Position, Statement
from twilio_bridge.entities.registry import Entity
from twilio_bridge.entities.selection import Selection, select
from twilio_bridge.entities.tokens import PageTokens
from twilio_bridge.entities.values import Value

LIST_SECONDS: Final = 18.0  # no request begins later: one may take seconds, and a call has 25


@dataclass(frozen=True, slots=True)
class Page:
    """Rows as an answer holds them."""

    rows: list[dict[str, Any]]
    next_token: str | None
    meta: dict[str, Any]


@dataclass
class Lists:
    """What a list works with."""

    engine: Engine
    twilio: Twilio
    tokens: PageTokens
    seconds: float = field(default=LIST_SECONDS)

    def read(self, entity: Entity, call: EntityCall) -> Page:
        """Return a page."""
        selection = select(entity, call)
        if call.sort_by:
            return self._sorted(selection, call, entity.column_name(call.sort_by))
        listing: list[object] = [entity.name, call.account, call.filter_clause]
        resume = Position(*self.tokens.open(listing, call.page_token)) if call.page_token else None
        statement = self._statement(call, resume)
        rows, position = self._take(selection, statement, call.page_size)
        token = self.tokens.seal(listing, [*astuple(position)]) if position else None
        return Page(rows, token, describe_reading(selection, statement) | {"complete": position is None})

    def _statement(self, call: EntityCall, resume: Position | None = None) -> Statement:
        cut_at = time.monotonic() + self.seconds
        size = 0 if call.sort_by else call.page_size
        return Statement(self.twilio, call.max_requests, page_size=size, resume=resume, cut_at=cut_at)

    def _take(
        self, selection: Selection, statement: Statement, count: int
    ) -> tuple[list[dict[str, Any]], Position | None]:
        """Return the page's rows and where the list goes on; None where nothing is left."""
        rows: list[dict[str, Any]] = []
        position: Position | None = None
        try:
            for values in self._run(selection.sql(), selection, statement):
                if len(rows) == count:
                    return rows, position
                rows.append(selection.row(values))
                position = statement.position
                if len(rows) == count:
                    statement.stop_at_page_end()
        except PageEnd:
            return rows, statement.position
        return rows, None

    def _run(self, sql: str, selection: Selection, statement: Statement) -> Iterator[tuple[Value, ...]]:
        _, rows = self.engine.execute(sql, selection.values, statement)
        yield from rows

    def _sorted(self, selection: Selection, call: EntityCall, column: str) -> Page:
        listing: list[object] = [selection.entity.name, call.account, call.filter_clause, column, call.descending]
        after = self.tokens.open(listing, call.page_token) if call.page_token else None
        condition, values = _behind(column, after, descending=call.descending)
        order = "DESC" if call.descending else "ASC"
        ending = f' ORDER BY "{column}" {order}, rowid LIMIT {call.page_size + 1}'
        sql = selection.sql(*condition, ending=ending, extra=f', "{column}", rowid')
        statement = self._statement(call)
        try:
            found = list(self.engine.execute(sql, (*selection.values, *values), statement)[1])
        except PageEnd:
            raise BudgetError(
                f"sorting by {column} reads all rows that match, and {statement.requests:,} requests with "
                f"{statement.scanned:,} rows were not all; narrow the filter, or leave the sort out"
            ) from None
        kept = found[: call.page_size]
        token = self.tokens.seal(listing, [*kept[-1][-2:]]) if len(found) > len(kept) else None
        rows = [selection.row(each) for each in kept]
        return Page(rows, token, describe_reading(selection, statement) | {"complete": token is None})


def _behind(column: str, after: Sequence[Any] | None, *, descending: bool) -> tuple[list[str], tuple[Value, ...]]:
    """Return the condition for rows behind a place in the order; NULL is smaller than every value."""
    if after is None:
        return [], ()
    value, rowid = after
    name = f'+"{column}"'
    if value is None:
        rest = f"({name} IS NULL AND rowid > ?)"
        return [rest if descending else f"({name} IS NOT NULL OR {rest})"], (rowid,)
    further = f"{name} < ? OR {name} IS NULL" if descending else f"{name} > ?"
    return [f"({further} OR ({name} = ? AND rowid > ?))"], (value, value, rowid)


def describe_reading(selection: Selection, statement: Statement) -> dict[str, Any]:
    """Return `meta`: which conditions Twilio took on itself, which were checked here, what was read."""
    asked = {pair for tally in statement.tallies.values() for pair in tally.pushed}
    terms = selection.clause.terms
    pushed = [term.text for term in terms if term.comparisons and set(term.comparisons) <= asked]
    local = [term.text for term in terms if term.text not in pushed]
    pushed = [selection.clause.sid] if selection.clause.sid else pushed
    return {
        "pushedDown": pushed,
        "filteredLocally": local,
        "scanned": statement.scanned,
        "requests": statement.requests,
    }
