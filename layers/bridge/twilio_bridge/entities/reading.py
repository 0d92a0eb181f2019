"""What one statement reads of Twilio: its budget, its requests, and how far it got.

A reading is one pass over a list, page by page. Equal readings of one statement are made once while they are small, so
that a join asks for each parent or key once.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from twilio_bridge.entities.plan import Request
from twilio_bridge.entities.ports import Page, Row, Twilio
from twilio_bridge.entities.registry import Entity, Filter
from twilio_bridge.entities.row_numbers import number_row
from twilio_bridge.entities.values import normalize_moment, read_datetime
from twilio_bridge.errors import BadRequestError, NotFoundError, OutOfTimeError, RateLimitedError, UnavailableError

MAX_REQUEST_COUNT: Final = 1_000
MAX_SECONDS: Final = 180.0
MAX_REMEMBERED_COUNT: Final = 4_000  # about 12 MB of messages


class BudgetError(BadRequestError):
    """The statement would make more requests than it may."""


class TimeBudgetError(BadRequestError):
    """The statement takes longer than it may."""


class PageEnd(Exception):  # noqa: N818  no error: the place where a cut list goes on
    """The reading was to stop here."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list goes on: which of the statement's readings, which page of it, and the row on that page.

    Rows come and go between two calls, so a row within a page is known by its number (`following`), and by that of the
    row before it (`last`) in case it is gone.
    """

    reading: int = 0
    page_uri: str | None = None
    row: int = 0
    last: int | None = None
    following: int | None = None

    def find_row(self, entity: Entity, rows: Sequence[Row]) -> int:
        """Return where to go on in the page as it is now; at its beginning where neither row is there any more.

        No row is passed over; rows are read twice only where both of those are gone.
        """
        if self.following is None:
            return self.row
        numbers = [number_row(entity, row) for row in rows]
        if self.following in numbers:
            return numbers.index(self.following)
        return numbers.index(self.last) + 1 if self.last in numbers else 0


@dataclass(slots=True)
class Tally:
    """What was read of one entity in one way; `newest` and `oldest` are the moments of its first and last row."""

    entity: Entity
    pushed: tuple[tuple[str, str], ...]
    params: Mapping[str, str]
    readings: int = 0
    requests: int = 0
    rows: int = 0
    newest: str = ""
    oldest: str = ""

    @property
    def lower_bound(self) -> Filter | None:
        """The parameter that ends the list at a moment, where there is one."""
        ends = (each for each in self.entity.filters if each.operator == ">" and not each.hidden)
        return next((each for each in ends if each.type in {"datetime", "date"}), None)

    def count(self, rows: Sequence[Row]) -> None:
        """Count rows, and note how far back they reach."""
        self.rows += len(rows)
        bound = self.lower_bound
        if not rows or bound is None:
            return
        key = self.entity.column(bound.column).json_key
        self.newest = self.newest or str(read_datetime(rows[0].get(key)) or "")
        self.oldest = str(read_datetime(rows[-1].get(key)) or "") or self.oldest


@dataclass(slots=True)
class Place:
    """Where a reading is now: `reading` counts the statement's readings, `row` the rows of the page."""

    reading: int
    entity: Entity
    page: Page
    row: int

    def mark_row(self, row: int) -> Position:
        """Return a position within this page, behind its first row."""
        last, following = (number_row(self.entity, self.page.rows[each]) for each in (row - 1, row))
        return Position(self.reading, self.page.uri, row, last, following)


@dataclass
class Statement:
    """One statement's budget and record.

    Attributes:
        twilio: The funnel.
        max_requests: How many requests it may make.
        seconds: How long it may compute; waiting for Twilio is not computing.
        page_size: The rows a page of a list should have where every one of them is wanted; 0 for as many as it may.
        resume: Where a list goes on that was cut.
        on_progress: Called before each request, to show how far it has got.
        cut_at: When (monotonic) a list makes no further request; None where the limits are errors, as for SQL.
    """

    twilio: Twilio
    max_requests: int = MAX_REQUEST_COUNT
    seconds: float = MAX_SECONDS
    page_size: int = 0
    resume: Position | None = None
    cut_at: float | None = None
    on_progress: Callable[["Statement"], None] | None = None
    requests: int = field(default=0, init=False)
    place: Place | None = field(default=None, init=False)
    tallies: dict[object, Tally] = field(default_factory=dict, init=False)
    remembered: dict[object, list[Page]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._began_at = time.monotonic()
        self._waited_s = 0.0
        self._readings = 0
        self._tally: Tally | None = None
        self._remembered_count = 0
        self._is_full = False
        self._cut: Position | None = None
        self._funnel = self.twilio.observe(self.count_request)

    @property
    def scanned(self) -> int:
        """The rows that Twilio answered."""
        return sum(tally.rows for tally in self.tallies.values())

    @property
    def position(self) -> Position | None:
        """Where a list goes on behind its current row, or where it was cut; None where nothing was read."""
        if self._cut or not self.place:
            return self._cut
        page, row = self.place.page, self.place.row + 1
        if row < len(page.rows):
            return self.place.mark_row(row)
        if page.next_page_uri:
            return Position(self.place.reading, page.next_page_uri)
        return Position(self.place.reading + 1)

    def stop_at_page_end(self) -> None:
        """Make no further request: the rows that were wanted are found."""
        self._is_full = True

    def check_time(self) -> None:
        """Raise TimeBudgetError where the statement has used up its time."""
        if time.monotonic() - self._began_at - self._waited_s > self.seconds:
            raise TimeBudgetError(
                f"the statement was ended after {self.seconds:.0f} s of computing; "
                "it may loop for ever or join without a condition, or it needs a longer timeout"
            )

    def read(self, request: Request) -> Iterator[Place]:
        """Return the pages of a reading, each requested when it is asked for, and the row it begins with."""
        ordinal, self._readings = self._readings, self._readings + 1
        start = self.resume or Position()
        if ordinal < start.reading:
            return
        start = start if ordinal == start.reading else Position(ordinal)
        tally = self._tally_of(request)
        going_on = start
        for page in self._pages(request, tally, start):
            first = going_on.find_row(request.entity, page.rows)
            tally.count(page.rows[first:] if first else page.rows)
            yield Place(ordinal, request.entity, page, first)
            going_on = Position()

    def _tally_of(self, request: Request) -> Tally:
        how = (request.entity.name, request.pushed, tuple(request.params), request.key is not None)
        if how not in self.tallies:
            self.tallies[how] = Tally(request.entity, request.pushed, request.params)
        self.tallies[how].readings += 1
        return self.tallies[how]

    def _pages(self, request: Request, tally: Tally, start: Position) -> Iterator[Page]:
        if request.identity in self.remembered:
            yield from self.remembered[request.identity]
            return
        count = 0
        kept: list[Page] | None = [] if start.page_uri is None else None
        for page in self._request_pages(request, tally, start):
            if kept is not None:
                count += len(page.rows)
                room = MAX_REMEMBERED_COUNT - self._remembered_count - count
                kept = [*kept, page] if room > 0 else None
            if kept is not None and page.next_page_uri is None:
                self.remembered[request.identity] = kept
                self._remembered_count += count + 1
            yield page

    def _request_pages(self, request: Request, tally: Tally, start: Position) -> Iterator[Page]:
        place, following = start, self._open(request, start)
        while True:
            self._cut_before_request(place)
            self._tally = tally
            page = self._request(following, place)
            if page is None:
                return
            yield page
            if page.next_page_uri is None:
                return
            place = Position(start.reading, page.next_page_uri)

    def _open(self, request: Request, start: Position) -> Iterator[Page]:
        if request.key is None:
            size = self._page_size(request)
            return self._funnel.list_pages(
                request.entity, request.parents, request.params, size, page_uri=start.page_uri
            )
        return self._fetch(request, request.key)

    def _fetch(self, request: Request, key: str) -> Iterator[Page]:
        """Return a page of one row, or of none where there is no such resource."""
        try:
            rows = [self._funnel.fetch(request.entity, request.parents, key)] if key or not request.entity.key else []
        except NotFoundError:
            rows = []
        yield Page(rows, None, "")

    def _request(self, pages: Iterator[Page], place: Position) -> Page | None:
        """Return the next page; a list that was to be cut anyway ends before a request that came too late."""
        began_at = time.monotonic()
        try:
            return next(pages, None)
        except (OutOfTimeError, UnavailableError, RateLimitedError):
            if self.cut_at is None or self.place is None or time.monotonic() < self.cut_at:
                raise
            self._cut = place
            raise PageEnd from None
        finally:
            self._waited_s += time.monotonic() - began_at

    def _page_size(self, request: Request) -> int:
        largest = request.entity.max_page_size
        wanted = (self.page_size or request.limit) if request.is_whole else 0
        return min(max(wanted or largest, 1), largest)

    def _cut_before_request(self, place: Position) -> None:
        """Raise PageEnd where a list is to end before its next request; each call makes one at least."""
        self.check_time()
        if self.cut_at is None or not self.requests:
            return
        if self._is_full or self.requests >= self.max_requests or time.monotonic() >= self.cut_at:
            self._cut = place
            raise PageEnd

    def count_request(self, _method: str, _url: str) -> None:
        """Count a request; raise BudgetError where it is one too many."""
        if self.requests >= self.max_requests and self.cut_at is None:
            raise BudgetError(self._over_budget())
        self.requests += 1
        if self.on_progress:
            self.on_progress(self)
        if self._tally:
            self._tally.requests += 1

    def _over_budget(self) -> str:
        tally = self._tally
        if tally is None:
            return f"the statement needs more than {self.max_requests:,} requests"
        what = "one for each row it is joined with" if tally.readings > 1 else "one a page"
        least = f"needs at least {self.requests + 1:,} requests, and may make {self.max_requests:,}"
        reach = f" ({_reach(tally)})" if tally.readings == 1 and _reach(tally) else ""
        return (
            f"the statement {least}: {tally.requests:,} were for {tally.entity.name}, {what}{reach}; {_advice(tally)}"
        )


def _reach(tally: Tally) -> str:
    """Return how far back the pages got, and about how many it would take to the end that the statement names."""
    bound = tally.lower_bound
    if bound is None or not tally.oldest < tally.newest:
        return ""
    since = normalize_moment(tally.params.get(bound.param, ""))
    if since is None or since >= tally.oldest:
        return f"back to {bound.column} {tally.oldest}"
    newest, oldest, end = (datetime.fromisoformat(moment) for moment in (tally.newest, tally.oldest, since))
    total = math.ceil(tally.requests * (newest - end) / (newest - oldest))
    return f"back to {bound.column} {tally.oldest}; about {total:,} would reach {since}"


def _advice(tally: Tally) -> str:
    """Return which conditions Twilio would take on itself."""
    asked = {column for column, _ in tally.pushed}
    columns = dict.fromkeys(each.column for each in tally.entity.filters if each.column not in asked)
    if not columns:
        return "Twilio filters this list by nothing more: raise the budget, or read it in parts"
    return f"conditions on {', '.join(columns)} would be pushed down to Twilio; or raise the budget"


def describe_pushed(tallies: Mapping[object, Tally]) -> list[str]:
    """Return what Twilio was asked to filter, as `Messages.DateSent >=`."""
    found = [
        f"{tally.entity.name}.{column} {operator}" for tally in tallies.values() for column, operator in tally.pushed
    ]
    return list(dict.fromkeys(found))
