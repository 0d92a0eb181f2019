"""A slice's pages, asked of Twilio: the list's parameters, and what a page is in each kind of slice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from twilio_bridge.entities.ports import Page, Twilio
from twilio_bridge.entities.registry import Entity, load_registry
from twilio_bridge.errors import NotFoundError
from twilio_bridge.sync.planning import OpenRow
from twilio_bridge.sync.rows import read_moment
from twilio_bridge.sync.slices import Slice
from twilio_bridge.sync.streams import DAY_MS, STREAMS, Stream
from twilio_bridge.sync.task_events import read_event_moment

Row = Mapping[str, Any]
# Single rows that are looked at between two checkpoints; what is left of a listed day comes with the next run.
FETCHED_PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as it was read: its rows, those that are gone, where it goes on, and how many requests it took.

    `next_uri` is None on the last page; of rows that are looked at one by one it is the last SID.
    """

    rows: Sequence[Row]
    gone: Sequence[OpenRow]
    next_uri: str | None
    requests: int


def read_page(each: Slice, twilio: Twilio, parents: Mapping[str, str], open_rows: Mapping[str, OpenRow]) -> Reading:
    """Return the slice's next page; the last one of a `relist` has what the list did not show, too."""
    requests: list[str] = []
    observed = twilio.observe(lambda _method, url: requests.append(url))
    if each.kind == "open":
        due = [sid for sid in _list_due(each, open_rows) if sid > (each.next_uri or "")]
        rows, gone = _fetch_rows(due[:FETCHED_PER_PAGE], each, observed, parents, open_rows)
        following = due[FETCHED_PER_PAGE - 1] if len(due) > FETCHED_PER_PAGE else None
        return Reading(rows, gone, following, len(requests))

    page = _read_list(each, observed, parents)
    next_uri = None if _is_past(page.rows, each) else page.next_page_uri
    if each.kind != "relist" or next_uri is not None:
        return Reading(page.rows, (), next_uri, len(requests))

    shown = {str(row.get("sid")) for row in page.rows}
    left = [sid for sid in _list_due(each, open_rows) if sid not in shown]
    rows, gone = _fetch_rows(left[:FETCHED_PER_PAGE], each, observed, parents, open_rows)
    return Reading([*page.rows, *rows], gone, None, len(requests))


def find_entity(stream: Stream) -> Entity:
    """Return a stream's entity."""
    return load_registry().entity(stream.entity)


def read_row_moments(row: Row, stream: Stream) -> tuple[int | None, int | None]:
    """Return the moment that a row belongs to, and when it was created (epoch ms); None for unknown."""
    if stream.sink == "events":
        return read_event_moment(row), None
    return read_moment(row.get(stream.date)), read_moment(row.get("date_created"))


def _read_list(each: Slice, twilio: Twilio, parents: Mapping[str, str]) -> Page:
    stream = STREAMS[each.stream]
    pages = twilio.list_pages(find_entity(stream), parents, list_params(each), stream.page_size, page_uri=each.next_uri)
    return next(iter(pages))


def list_params(each: Slice) -> dict[str, str]:
    """Return what a slice's list is asked with; the first page has it for all.

    A day's end is the last day where Twilio takes that in whole, and the next day where it stops before.
    """
    stream = STREAMS[each.stream]
    if each.kind in {"newest", "undated"}:
        return {}
    if stream.takes_moments or each.depth:
        return {stream.since: _write_moment(each.start), stream.until: _write_moment(each.until)}

    first = datetime.fromtimestamp(each.start / 1000, UTC).date()
    last = datetime.fromtimestamp((each.until - 1) / 1000, UTC).date()
    ends = {known.param: known.day for known in find_entity(stream).filters if known.day}
    is_inclusive = ends.get(stream.until) == "inclusive"
    return {stream.since: f"{first}", stream.until: f"{last if is_inclusive else last + timedelta(days=1)}"}


def _write_moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _is_past(rows: Iterable[Row], each: Slice) -> bool:
    """Return whether a list that begins with its newest rows is older than the slice from here on."""
    if each.kind not in {"newest", "undated"}:
        return False
    stream = STREAMS[each.stream]
    moments = [at if at is not None else created for at, created in (read_row_moments(row, stream) for row in rows)]
    known = [at for at in moments if at is not None]
    return bool(known) and max(known) < each.start


def _list_due(each: Slice, open_rows: Mapping[str, OpenRow]) -> list[str]:
    """Return the SIDs of the slice's rows that were not final and are to be looked at, in their order."""
    own = [row for row in open_rows.values() if each.start <= row.at < each.until]
    return sorted(row.sid for row in own if row.is_due(each.run_at))


def _fetch_rows(
    sids: Iterable[str], each: Slice, twilio: Twilio, parents: Mapping[str, str], open_rows: Mapping[str, OpenRow]
) -> tuple[list[Row], list[OpenRow]]:
    """Return single rows, and those that are gone."""
    entity = find_entity(STREAMS[each.stream])
    rows: list[Row] = []
    gone: list[OpenRow] = []
    for sid in sids:
        try:
            rows.append(twilio.fetch(entity, parents, sid))
        except NotFoundError:
            gone.append(open_rows[sid])
    return rows, gone


def can_split(each: Slice) -> bool:
    """Return whether a slice that Twilio refuses can be asked for in halves."""
    stream = STREAMS[each.stream]
    return each.kind == "day" and stream.splits and each.until - each.start > DAY_MS // 1_440
