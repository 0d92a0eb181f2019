"""A request becomes slices: which days of which streams are read, from where the last run ended.

What was read before a moment, a stream's watermark, is not asked for again but for a little lookback; rows that were
not final then are looked at one by one, or with their whole day where that takes fewer requests.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from twilio_bridge.sync.request import SyncRequest
from twilio_bridge.sync.slices import Kind, Slice, read_run_id
from twilio_bridge.sync.streams import DAY_MS, STREAMS, Stream

FIRST_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row that was not final when it was read: the moment that it is listed under, and when it was first read.

    `looked_at` is when it was read last, `created` the day it was created (all in epoch ms).
    """

    sid: str
    at: int
    seen_at: int
    looked_at: int
    created: int

    @property
    def day(self) -> int:
        """Return the beginning of the day that it is listed under."""
        return floor_day(self.at)

    def is_due(self, now: int) -> bool:
        """Return whether to look again: after as long again as it has been open, or a day."""
        return now - self.looked_at >= min(self.looked_at - self.seen_at, DAY_MS)


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a stream of an account: everything before the watermark (epoch ms) was read; None for nothing.

    `day_rows` has how many rows the days had when they were read, by their beginning.
    """

    watermark: int | None = None
    open_rows: Sequence[OpenRow] = ()
    day_rows: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The slices of a run, and what whoever asked for it has to know."""

    run: str
    slices: tuple[Slice, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is to be read: one stream of one account from `since` to `until`, as of `now` (epoch ms)."""

    stream: Stream
    account: str
    run: str
    since: int
    until: int
    now: int

    def make_slice(self, kind: Kind, start: int, until: int) -> Slice:
        """Return a slice of it."""
        return Slice(run=self.run, stream=self.stream.name, account=self.account, kind=kind, start=start, until=until)


def choose_streams(request: SyncRequest) -> list[Stream]:
    """Return the streams that have what is asked for."""
    wanted = set(request.resources)
    return [stream for stream in STREAMS.values() if not wanted.isdisjoint(stream.resources)]


def plan_run(request: SyncRequest, places: Mapping[tuple[str, str], Place], run: str) -> Plan:
    """Return the slices of a run; `places` has every stream and account that is read.

    Events come in the order in which they happened, for who somebody is follows from what is known first; of records
    the latest days come first, for they are asked about first.
    """
    slices: list[Slice] = []
    notes: dict[str, None] = {}
    for (name, account), place in places.items():
        scope, note = _find_scope(request, STREAMS[name], account, place, run)
        notes |= {note: None} if note else {}
        slices += _cut(scope, request, place)
        if request.type == "incremental":
            slices += _look_again(scope, place)
    return Plan(run, tuple(sorted(slices, key=_order)), tuple(notes))


def _order(each: Slice) -> tuple[bool, int, str]:
    is_record = STREAMS[each.stream].sink == "export"
    return is_record, -each.until if is_record else each.until, each.name


def _find_scope(request: SyncRequest, stream: Stream, account: str, place: Place, run: str) -> tuple[Scope, str]:
    """Return from when to when a stream is read; what is no longer there is not asked for, which the note explains."""
    now = read_run_id(run)
    since = floor_day(now - FIRST_DAYS * DAY_MS) if request.since is None else request.since
    if request.type == "incremental" and place.watermark is not None:
        since = place.watermark - stream.lookback_ms
    until = min(now if request.until is None else request.until, now)

    note = ""
    earliest = floor_day(now - (stream.keep_days - 1) * DAY_MS)
    if since < earliest:
        day = f"{datetime.fromtimestamp(earliest / 1000, UTC):%Y-%m-%d}"
        note = f"{stream.name} begins at {day}: Twilio keeps it for {stream.keep_days} days."
    return Scope(
        stream=stream, account=account, run=run, since=max(since, earliest), until=until, now=now
    ), note if request.since is not None else ""


def _cut(scope: Scope, request: SyncRequest, place: Place) -> Iterator[Slice]:
    """Yield a stretch of time day by day.

    Where a list begins with its newest rows the last day is read from there: that finds what has no date yet, too. A
    first or a full run looks for what has none further back.
    """
    stream = scope.stream
    if scope.since >= scope.until:
        return
    starts = [scope.since, *range(floor_day(scope.since) + DAY_MS, scope.until, DAY_MS)]
    for start, until in zip(starts, [*starts[1:], scope.until], strict=True):
        is_newest = stream.newest_first and until == scope.now
        yield scope.make_slice("newest" if is_newest else "day", start, until)

    reads_all = request.type == "full" or place.watermark is None
    if reads_all and len(starts) > 1 and stream.newest_first and stream.date != "date_created":
        yield scope.make_slice("undated", scope.since, starts[-1])


def _look_again(scope: Scope, place: Place) -> Iterator[Slice]:
    """Yield slices for the rows from before that were not final: days of many, and the stretches between these."""
    due = [row for row in place.open_rows if row.at < scope.since and row.is_due(scope.now)]
    counts = Counter(row.day for row in due)
    many = sorted(day for day, count in counts.items() if count > _count_pages(day, place, scope.stream))
    for day in many:
        yield scope.make_slice("relist", day, day + DAY_MS)

    single = [row.at for row in due if row.day not in many]
    starts, ends = [0, *(day + DAY_MS for day in many)], [*many, scope.since]
    for start, until in zip(starts, ends, strict=True):
        if any(start <= at < until for at in single):
            yield scope.make_slice("open", start, until)


def _count_pages(day: int, place: Place, stream: Stream) -> int:
    """Return how many requests list a day; more than there can be where that is unknown."""
    rows = place.day_rows.get(day)
    return 1_000_000 if rows is None else 1 + rows // stream.page_size


def floor_day(at: int) -> int:
    """Return the beginning of a moment's day in UTC (epoch ms)."""
    return at // DAY_MS * DAY_MS
