"""What becomes of a page: files of the export, or facts of the reducer; and which of its rows are looked at again.

A page may be taken twice. What decides which rows belong to it must not have changed then: rows that are new to the
open ones are written before the checkpoint, those that were among them are changed after it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twilio_bridge.config import schema
from twilio_bridge.entities.ports import Twilio
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.reducer import Record, ReducerDeps, reduce_records
from twilio_bridge.sync import conversations, export_rows, rows, task_events
from twilio_bridge.sync.export_rows import Anonymiser
from twilio_bridge.sync.export_tables import find_table
from twilio_bridge.sync.planning import OpenRow
from twilio_bridge.sync.ports import ExportFiles, OpenRows, Slices, Wakeups
from twilio_bridge.sync.reading import Reading, Row, read_row_moments
from twilio_bridge.sync.request import SyncRequest
from twilio_bridge.sync.slices import Slice
from twilio_bridge.sync.streams import DAY_MS, HOUR_MS, STREAMS, Stream

PARTICIPANTS = "ConversationParticipants"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncDeps:
    """What slices are worked at with; moments in epoch ms.

    `twilio` returns the requests to a stream's product, `parents` what its list stands under, and `reducing` the
    reducer's dependencies. `rate` is how many requests a second a stream's product takes. Without an export there are
    no `files`.
    """

    slices: Slices
    open_rows: OpenRows
    wakeups: Wakeups
    twilio: Callable[[Stream], Twilio]
    parents: Callable[[Stream, str], Mapping[str, str]]
    reducing: Callable[[], ReducerDeps]
    settings: schema.Config
    accounts: Sequence[str]
    rate: Callable[[Stream], int]
    files: ExportFiles | None
    hide: Callable[[], Anonymiser]
    clock: Callable[[], int]


@dataclass(slots=True)
class Taken:
    """What a page brought: how many rows were the slice's, and what is to be changed once the checkpoint is written."""

    rows: int = 0
    requests: int = 0
    looked_at: list[OpenRow] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)


def take_page(
    reading: Reading, each: Slice, request: SyncRequest, deps: SyncDeps, open_rows: Mapping[str, OpenRow]
) -> Taken:
    """Write what a page holds; raise UnavailableError where a part of it could not be."""
    stream = STREAMS[each.stream]
    own = [row for row in reading.rows if _is_own(row, each, stream, open_rows)]
    taken = Taken(rows=len(own) + len(reading.gone))
    if stream.sink == "export":
        _write_files(own, reading.gone, each, deps)
    elif stream.sink == "events":
        _reduce(list(task_events.read_events(own, request.resources, request.channels)), each, request, deps)
    else:
        _reduce(_read_conversations(own, reading.gone, each, request, deps, taken), each, request, deps)
    _note_open(own, reading.gone, each, deps, open_rows, taken)
    return taken


def settle_open(taken: Taken, each: Slice, deps: SyncDeps, open_rows: dict[str, OpenRow]) -> None:
    """Change the rows that were looked at again, here and where they are stored; after the checkpoint."""
    if taken.looked_at:
        deps.open_rows.put_rows(each.stream, each.account, taken.looked_at)
    if taken.settled:
        deps.open_rows.remove_rows(each.stream, each.account, taken.settled)
    open_rows |= {row.sid: row for row in taken.looked_at}
    for sid in taken.settled:
        open_rows.pop(sid, None)


def _is_own(row: Row, each: Slice, stream: Stream, open_rows: Mapping[str, OpenRow]) -> bool:
    """Return whether a row is the slice's; Twilio's filters may let more pass."""
    if each.kind == "open":
        return True
    if each.kind == "relist":
        return row.get("sid") in open_rows
    return rows.belongs(*read_row_moments(row, stream), each)


def _write_files(own: Iterable[Row], gone: Iterable[OpenRow], each: Slice, deps: SyncDeps) -> None:
    """Write a file for each day that rows were created on; the same page is the same file."""
    if deps.files is None:
        return
    table, stream, hide = find_table(each.stream), STREAMS[each.stream], deps.hide()
    days: dict[str, list[Row]] = {}
    for row in own:
        day = export_rows.write_day(rows.chunk_key(*read_row_moments(row, stream)))
        days.setdefault(day, []).append(export_rows.build_row(row, table, each.run_at, hide))
    for left in gone:
        deleted = {"sid": left.sid, "account_sid": each.account}
        days.setdefault(export_rows.write_day(left.created), []).append(
            export_rows.build_row(deleted, table, each.run_at, hide, deleted=True)
        )
    for day, written in days.items():
        deps.files.put_file(table.name, day, f"{each.file_stem}-{each.page:05}", written)


def _read_conversations(
    own: Iterable[Row], gone: Iterable[OpenRow], each: Slice, request: SyncRequest, deps: SyncDeps, taken: Taken
) -> list[bytes]:
    """Return the events of conversations; who takes part is asked for once, when one is first read."""
    documents: list[bytes] = []
    for row in own:
        if each.kind in {"open", "relist"}:
            documents += conversations.read_state(row)
        else:
            participants = _list_participants(row, each, deps, taken)
            documents += conversations.read_conversation(row, participants, request.channels)
    at = task_events.write_moment(each.run_at)
    return [*documents, *(conversations.read_removal(left.sid, at) for left in gone)]


def _list_participants(row: Row, each: Slice, deps: SyncDeps, taken: Taken) -> list[Row]:
    def count_request(_method: str, _url: str) -> None:
        taken.requests += 1

    stream = STREAMS[each.stream]
    parents = {**deps.parents(stream, each.account), "ConversationSid": str(row.get("sid"))}
    twilio = deps.twilio(stream).observe(count_request)
    pages = twilio.list_pages(load_registry().entity(PARTICIPANTS), parents, {}, stream.page_size)
    return [each for page in pages for each in page.rows]


def _reduce(documents: Sequence[bytes], each: Slice, request: SyncRequest, deps: SyncDeps) -> None:
    """Have the reducer of the live events take these in."""
    if not documents:
        return
    skip_before = 0 if request.with_events else find_age_limit(each.run_at, deps.settings)
    work = replace(deps.reducing(), skip_before=skip_before, revive=request.with_events)
    records = [Record(str(number), document, each.run_at) for number, document in enumerate(documents)]
    batch = reduce_records(records, work, deps.clock())
    if batch.failed:
        raise UnavailableError("sync", "some events were not taken in")


def find_age_limit(run_at: int, settings: schema.Config) -> int:
    """Return from when on an event is an event in Brevo (epoch ms)."""
    return run_at - settings.sync.events_max_age_h * HOUR_MS


def _note_open(
    own: Iterable[Row],
    gone: Iterable[OpenRow],
    each: Slice,
    deps: SyncDeps,
    open_rows: Mapping[str, OpenRow],
    taken: Taken,
) -> None:
    """Write which rows are not final, unless they have been so for too long."""
    stream = STREAMS[each.stream]
    if not stream.status:
        return
    fresh: list[OpenRow] = []
    for row in own:
        known = open_rows.get(str(row.get("sid")))
        found = _find_open(row, each, stream, known)
        if found is None:
            taken.settled += [known.sid] if known else []
        elif known is None:
            fresh.append(found)
        elif found != known:
            taken.looked_at.append(found)
    taken.settled += [left.sid for left in gone]
    if fresh:
        deps.open_rows.put_rows(each.stream, each.account, fresh)


def _find_open(row: Row, each: Slice, stream: Stream, known: OpenRow | None) -> OpenRow | None:
    at, created = read_row_moments(row, stream)
    created = rows.chunk_key(at, created)
    if rows.is_final(row, stream) or each.run_at - created > stream.open_days * DAY_MS:
        return None
    seen_at = known.seen_at if known else each.run_at
    listed = at if at is not None else created
    return OpenRow(str(row.get("sid")), listed, seen_at, each.run_at, created)


def make_request(given: Mapping[str, Any]) -> SyncRequest:
    """Return a request as a run has stored it."""
    lists: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return SyncRequest(**lists)
