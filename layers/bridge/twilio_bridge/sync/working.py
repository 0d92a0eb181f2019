"""Slices are worked at, page by page: Twilio is asked, the page is taken, the checkpoint is written; in that order.

Whoever is stopped anywhere leaves a slice that says how far it is; the page that was under way is taken once more.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import groupby
from typing import Final

from twilio_bridge.entities.errors import TwilioRefusedError
from twilio_bridge.errors import (
    BridgeError,
    NotFoundError,
    OutOfTimeError,
    RateLimitedError,
    RefusedError,
    SettingError,
)
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.sync.deleted_rows import mark_deleted
from twilio_bridge.sync.planning import OpenRow, Place, floor_day
from twilio_bridge.sync.ports import Run
from twilio_bridge.sync.reading import Reading, can_split, read_page
from twilio_bridge.sync.slices import ENDED, Slice
from twilio_bridge.sync.streams import STREAMS
from twilio_bridge.sync.taking import SyncDeps, Taken, make_request, settle_open, take_page

# Longer than a function may run.
HOLD_S: Final = 930
MAX_TRIES_COUNT: Final = 8
FIRST_WAIT_MS, MAX_WAIT_MS = 15_000, 900_000
BAD_REQUEST: Final = 400


def work_at_slice(run_id: str, name: str, deps: SyncDeps, has_time: Callable[[], bool]) -> Slice | None:
    """Read a slice until it ends or time does, and return it; None where there is nothing to do.

    Raise what has to be tried again later. What fails for good stops this slice only.
    """
    run = deps.slices.read_run()
    each = deps.slices.claim(run_id, name, deps.clock(), HOLD_S)
    if each is None or run is None or run.id != run_id:
        return None
    try:
        each = _read_pages(each, run, deps, has_time)
    except OutOfTimeError:
        return _stop(each, deps)
    except BridgeError as error:
        each = _fail(each, error, deps)
        if each.phase == "open":
            raise
    if each.phase not in ENDED:
        return _stop(each, deps)
    if deps.slices.count_left(run.id, 1 if each.phase == "split" else -1) <= 0:
        finish_run(run, deps)
    return each


def _read_pages(each: Slice, run: Run, deps: SyncDeps, has_time: Callable[[], bool]) -> Slice:
    """Read pages, each with its checkpoint, and return the slice as it stands then."""
    request, stream = make_request(run.request), STREAMS[each.stream]
    open_rows = _load_open(each, deps)
    twilio, parents = deps.twilio(stream), deps.parents(stream, each.account)
    while each.phase == "open" and has_time():
        try:
            reading = read_page(each, twilio, parents, open_rows)
        except TwilioRefusedError as error:
            if error.status != BAD_REQUEST or not can_split(each):
                raise
            return _split(each, deps)
        taken = take_page(reading, each, request, deps, open_rows)
        if reading.next_uri is None and request.type == "full":
            mark_deleted(each, deps.files)

        following = _count_page(each, reading, taken)
        if not deps.slices.save(following):
            raise OutOfTimeError("somebody else works at this slice")
        settle_open(taken, each, deps, open_rows)
        each = following
    return each


def _count_page(each: Slice, reading: Reading, taken: Taken) -> Slice:
    """Return a slice as it stands once a page was taken."""
    return replace(
        each,
        page=each.page + 1,
        next_uri=reading.next_uri,
        rows=each.rows + taken.rows,
        requests=each.requests + reading.requests + taken.requests,
        phase="done" if reading.next_uri is None else "open",
        tries=0,
        problem="",
    )


def _load_open(each: Slice, deps: SyncDeps) -> dict[str, OpenRow]:
    if not STREAMS[each.stream].status:
        return {}
    return {row.sid: row for row in deps.open_rows.list_rows(each.stream, each.account)}


def _split(each: Slice, deps: SyncDeps) -> Slice:
    """Put two halves in place of a slice that is too large for Twilio; each begins anew."""
    middle = (each.start + each.until) // 2_000 * 1_000
    fresh = replace(each, page=0, next_uri=None, rows=0, requests=0, tries=0, held_until=0, holder=0)
    halves = [
        replace(fresh, until=middle, depth=each.depth + 1),
        replace(fresh, start=middle, depth=each.depth + 1),
    ]
    ended = replace(each, phase="split", requests=each.requests + 1)
    if not deps.slices.save(ended, halves):
        raise OutOfTimeError("somebody else works at this slice")
    deps.wakeups.wake(halves)
    logger.info("slice halved", extra={"stream": each.stream, "start": each.start, "until": each.until})
    return ended


def _stop(each: Slice, deps: SyncDeps) -> Slice:
    """Let somebody else go on with a slice: the time of this call is over."""
    current = deps.slices.release(each)
    if current.phase == "open":
        deps.wakeups.wake([current])
    return current


def _fail(each: Slice, error: BridgeError, deps: SyncDeps) -> Slice:
    """Write what went wrong: it is tried again later, unless it would fail for ever."""
    current = deps.slices.release(each)
    tries = current.tries + 1
    is_final = isinstance(error, RefusedError | NotFoundError | SettingError) or tries >= MAX_TRIES_COUNT
    wait_ms = min(FIRST_WAIT_MS * 2 ** (tries - 1), MAX_WAIT_MS)
    if isinstance(error, RateLimitedError):
        wait_ms, is_final = max(wait_ms, int(error.retry_after * 1000) + 1), False
    ended = replace(
        current,
        tries=tries,
        problem=type(error).__name__ if isinstance(error, NotFoundError) else str(error)[:300],
        due_at=deps.clock() + wait_ms,
        phase="failed" if is_final else "open",
    )
    deps.slices.save(ended)
    place = {"stream": each.stream, "start": each.start, "tries": tries}
    log = logger.error if is_final else logger.warning
    log("slice failed" if is_final else "slice not done yet", extra={**place, **describe_error(error)})
    return ended


def finish_run(run: Run, deps: SyncDeps) -> None:
    """Write how far streams were read whose slices have all ended, and that the run has ended where all have."""
    slices = deps.slices.list_slices(run.id)
    by_place = sorted(slices, key=_place_of)
    for (stream, account), group in groupby(by_place, _place_of):
        own = list(group)
        if all(each.phase in ENDED for each in own):
            before = deps.slices.read_place(stream, account)
            deps.slices.write_place(stream, account, find_place(own, before))
    if all(each.phase in ENDED for each in slices):
        has_failed = any(each.phase == "failed" for each in slices)
        deps.slices.end_run(replace(run, phase="failed" if has_failed else "done", ended_at=deps.clock()))


def _place_of(each: Slice) -> tuple[str, str]:
    return each.stream, each.account


def find_place(slices: Iterable[Slice], before: Place) -> Place:
    """Return how far a stream was read once these slices have ended: never past one that failed, or past a gap."""
    stretches = [each for each in slices if each.kind in {"day", "newest"} and each.phase != "split"]
    if not stretches:
        return before
    first, last = min(each.start for each in stretches), max(each.until for each in stretches)
    reached = min((each.start for each in stretches if each.phase == "failed"), default=last)
    watermark = before.watermark
    if watermark is None or first <= watermark:
        watermark = max(watermark or 0, reached)

    rows: dict[int, int] = {}
    for each in stretches:
        if each.phase == "done":
            rows[floor_day(each.start)] = rows.get(floor_day(each.start), 0) + each.rows
    known = {day: max(count, before.day_rows.get(day, 0)) for day, count in rows.items()}
    return Place(watermark, before.open_rows, {**before.day_rows, **known})
