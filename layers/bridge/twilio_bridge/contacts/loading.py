"""Taking contacts in: the whole base, or what has changed in it.

Of a whole load nothing is shown before everything is read, and one invocation may be too short for that: while
callbacks wait, bulk has one request a second. What was read by then is kept, and the next invocation goes on from
there, at once, for Airtable soon forgets a listing that nobody reads. A load that ends in time keeps nothing.

A load reads the columns by name. Where one is gone that the configuration names, or that was read before, it is refused
and the last copy goes on answering: an empty column and one that was renamed look the same.
"""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import chain

from twilio_bridge import deadline
from twilio_bridge.config import schema
from twilio_bridge.contacts import templates
from twilio_bridge.contacts.change_feed import WebhookDeps
from twilio_bridge.contacts.columns import Columns, check_columns
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import (
    Bookmark,
    CacheState,
    ContactCache,
    ContactSource,
    Origin,
    PartialLoads,
    TemplateText,
)
from twilio_bridge.contacts.unknown import count_problems, keep_known
from twilio_bridge.errors import (
    ColumnsGoneError,
    OutOfTimeError,
    RefusedError,
    StaleOffsetError,
    UpstreamError,
)
from twilio_bridge.logs import logger
from twilio_bridge.ports import Leases, Notes, Refresh

MAX_LISTINGS = 3
# What an invocation has at most, and what of it is kept free to write what was read: 100,000 contacts are 10 s of an
# instance's processor and 660 requests to DynamoDB.
MAX_DURATION_S = 900
WRITE_S = 120
# Somebody else's changes are not seen for as long as a load takes, so it may not take for ever.
MAX_LOAD_S = 3_600
# The cache keeps moments in milliseconds.
SAME_MOMENT_S = 0.01
# Airtable's times have whole seconds and its clock is not ours: what changed this lately is read once more.
OVERLAP_S = 10
# A column that is added later is found after so long.
CHECK_COLUMNS_EVERY_S = 72_000
TEMPLATES_READ = "templates read"
TEMPLATES_EVERY_S = 900
# Whoever meets the old copy asks for a load, and each costs requests of the plan's.
REFUSED = "load refused"
REFUSED_S = 300
WARNED = "warned of absent columns"
WARNED_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a whole load took in, and how many cells it could not read: errors, and numbers that are none.

    `unfillable_templates` name a placeholder that no contact can fill. `moved` counts the contacts that are new, gone,
    renamed or given to others since the copy before.
    """

    contacts: int
    templates: int
    unread_owners: int = 0
    unread_opt_outs: int = 0
    rejected_numbers: int = 0
    unfillable_templates: tuple[str, ...] = ()
    moved: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class PartlyLoaded:
    """How many contacts an unfinished load has read so far; the next invocation goes on."""

    staged: int


@dataclass(frozen=True, slots=True)
class Updated:
    """How many contacts had changed."""

    changed: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The columns that are gone from the base; the last copy goes on answering."""

    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefreshDeps:
    """What a refresh works with; `made_of` is the fingerprint of what a copy should be made of."""

    source: ContactSource
    cache: ContactCache
    partial_loads: PartialLoads
    notes: Notes
    leases: Leases
    again: Refresh
    settings: schema.Config
    clock: Callable[[], float] = time.time
    webhook: WebhookDeps | None = None
    made_of: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A whole load under way: where it is, and what it has read."""

    bookmark: Bookmark
    contacts: list[Contact]


def find_partial_load(work: RefreshDeps, state: CacheState) -> Begun | None:
    """Return the load that was begun, unless one that began later is in the cache by now."""
    found = work.partial_loads.find_load(state.full_at + SAME_MOMENT_S)
    return Begun(*found) if found else None


def load_all(
    work: RefreshDeps, number: int, state: CacheState, begun: Begun | None = None
) -> Loaded | PartlyLoaded | Refused:
    """Take in everything, from the start or from where it was begun; refuse where a column is gone."""
    texts = _read_templates(work)
    try:
        columns = _choose_columns(work, state, texts)
        for _ in range(MAX_LISTINGS - 1):
            try:
                return _go_on(work, number, _begin_or(begun, work, columns), columns, texts)
            except ColumnsGoneError:  # renamed since they were looked for
                columns = _find_columns(work, state, texts)
            except (StaleOffsetError, RefusedError):  # the offset is no longer good: from the start
                begun = None
        return _go_on(work, number, _begin_or(None, work, columns), columns, texts)
    except ColumnsGoneError as error:
        return refuse_load(work, error)


def load_changes(work: RefreshDeps, state: CacheState, number: int) -> Updated | Refused:
    """Take in what has changed since the latest change the cache holds."""
    began_at = work.clock()
    is_due = work.notes.read_note(TEMPLATES_READ) is None
    texts = _read_templates(work) if is_due else templates.recall_templates(work.notes) or []
    if state.origin.columns:
        work.source.use_columns(state.origin.columns)
    try:
        read = _list_changed(work.source, state.newest)
    except ColumnsGoneError as error:
        return refuse_load(work, error)

    changed = keep_known(_keep_columns_of(read, work, texts), work.cache)
    newest = max(state.newest, _watermark(work.source.latest_change, began_at))
    return Updated(work.cache.apply_changes(changed, began_at, number, newest))


def is_refused(work: RefreshDeps) -> bool:
    """Return whether a load was refused a moment ago, by the configuration that is in force."""
    return work.notes.read_note(f"{REFUSED} {work.made_of}") is not None


def refuse_load(work: RefreshDeps, error: ColumnsGoneError) -> Refused:
    """Return that nothing is taken in, and log each column, of which an alarm takes the name."""
    work.notes.write_note(f"{REFUSED} {work.made_of}", "", REFUSED_S)
    gone = tuple(sorted(error.columns)) or ("?",)
    for column in gone:
        logger.error("load refused", extra={"column": column, "reason": str(error)})
    return Refused(gone)


def list_kept_columns(texts: Iterable[TemplateText], settings: schema.Config) -> frozenset[str]:
    """Return the names of further columns: those in templates, and those that Flex Insights' attributes come from."""
    return frozenset((*templates.find_columns(texts), *settings.insights.cached_columns))


def keep_columns(contact: Contact, columns: Iterable[str]) -> Contact:
    """Return the contact with only these further columns, whatever their case."""
    if not contact.cells:
        return contact
    wanted = {column.casefold() for column in columns}
    cells = {column: text for column, text in contact.cells.items() if column.casefold() in wanted}
    return replace(contact, cells=cells)


def _choose_columns(work: RefreshDeps, state: CacheState, texts: Sequence[TemplateText]) -> Columns:
    """Return the columns to read: those of the last load, unless others are wanted by now or it is long ago."""
    known = state.origin.columns
    is_same = state.origin.made_of == work.made_of and not state.is_empty
    is_recent = known is not None and work.clock() - known.checked_at < CHECK_COLUMNS_EVERY_S
    if known and is_same and is_recent and _list_further(work, texts) <= known.further:
        return known
    return _find_columns(work, state, texts)


def _find_columns(work: RefreshDeps, state: CacheState, texts: Sequence[TemplateText]) -> Columns:
    """Ask the base which columns there are, or raise ColumnsGoneError where one of those is not that have to be."""
    contacts = work.settings.contacts
    columns = work.source.find_columns(_list_further(work, texts))
    check_columns(contacts, columns, _list_read_before(work, state, columns))
    if columns.absent and work.notes.claim_name(f"{WARNED} {sorted(columns.absent)}", WARNED_S):
        logger.warning("columns not there, their fields are empty", extra={"columns": sorted(columns.absent)})
    return columns


def _list_further(work: RefreshDeps, texts: Sequence[TemplateText]) -> set[str]:
    named = templates.list_further_columns(texts, work.settings.contacts.columns)
    return named | set(work.settings.insights.cached_columns)


def _list_read_before(work: RefreshDeps, state: CacheState, columns: Columns) -> frozenset[str]:
    """Return the columns of the last load; of a copy that did not note them, those in which it has a value."""
    if state.origin.columns:
        return state.origin.columns.present
    if state.is_empty:
        return frozenset()
    fields = {name: column for name, column in work.settings.contacts.columns if column in columns.absent}
    fields = {name: column for name, column in fields.items() if name not in ("id", "last_modified")}
    return frozenset(column for name, column in fields.items() if work.cache.holds_value(name))


def _begin_or(begun: Begun | None, work: RefreshDeps, columns: Columns) -> Begun:
    """Return the load that was begun where it reads the same, else a new one."""
    began_at = work.clock()
    settings = work.settings.contacts.model_dump_json()
    made_for = f"{work.made_of}{settings}{sorted(columns.present)}"
    digest = hashlib.sha256(made_for.encode()).hexdigest()
    if begun and begun.bookmark.made_for == digest:
        return begun
    return Begun(Bookmark(began_at=began_at, until=began_at + MAX_LOAD_S, made_for=digest), [])


def _go_on(
    work: RefreshDeps, number: int, going: Begun, columns: Columns, texts: Sequence[TemplateText]
) -> Loaded | PartlyLoaded:
    """Read on; write all of it where that was the rest, else keep what was read."""
    work.source.use_columns(columns)
    found, offset = _read_pages(work.source, going.bookmark.offset)
    problems = Counter(going.bookmark.problems) + Counter(count_problems(found))
    read = keep_known(_keep_columns_of(found, work, texts), work.cache)
    newest = max(going.bookmark.newest, work.source.latest_change)
    if offset:
        bookmark = replace(going.bookmark, offset=offset, newest=newest, problems=dict(problems))
        work.partial_loads.append_part(read, bookmark, number)
        return PartlyLoaded(len(going.contacts) + len(read))

    latest = {contact.id: contact for contact in chain(going.contacts, read)}  # each once, as last read
    contacts = list(latest.values())
    began_at = going.bookmark.began_at
    origin = Origin(work.made_of, columns)
    moved = work.cache.replace_all(contacts, began_at, number, _watermark(newest, began_at), origin)
    return Loaded(
        len(contacts),
        len(texts),
        unread_owners=_count(problems, "owner"),
        unread_opt_outs=_count(problems, "opt_out"),
        rejected_numbers=_count(problems, "sms", "whatsapp"),
        unfillable_templates=tuple(templates.find_unfillable(texts, work.settings.contacts.columns, columns.present)),
        moved=moved,
    )


def _count(problems: Counter[str], *fields: str) -> int:
    return sum(count for problem, count in problems.items() if problem.partition(":")[0] in fields)


def _read_pages(source: ContactSource, offset: str) -> tuple[list[Contact], str | None]:
    """Return the contacts from an offset on, as many as there are or as can be had now, and the offset of the rest.

    Raise where not even a page can be had.
    """
    contacts: list[Contact] = []
    pages, following = 0, None
    try:
        with deadline.limit(deadline.seconds_left(MAX_DURATION_S) - WRITE_S):
            for page in source.iterate_pages(offset):
                contacts += page.contacts
                pages, following = pages + 1, page.offset
    except (StaleOffsetError, ColumnsGoneError):
        raise
    except (OutOfTimeError, UpstreamError) as error:
        if not pages:
            raise
        logger.warning("load interrupted", extra={"reason": str(error), "pages": pages})
    return contacts, following


def _read_templates(work: RefreshDeps) -> list[TemplateText]:
    """Read the templates; a base without them, or whose table is refused, has its contacts all the same."""
    try:
        texts = templates.read_templates(work.source, work.notes)
    except UpstreamError as error:
        logger.warning("templates not read", extra={"reason": str(error)})
        return templates.recall_templates(work.notes) or []
    work.notes.write_note(TEMPLATES_READ, "", TEMPLATES_EVERY_S)
    return texts


def _keep_columns_of(contacts: Iterable[Contact], work: RefreshDeps, texts: Iterable[TemplateText]) -> list[Contact]:
    wanted = list_kept_columns(texts, work.settings)
    return [keep_columns(contact, wanted) for contact in contacts]


def _watermark(newest: str, began_at: float) -> str:
    """Return the moment up to which nothing can have been missed: never later than shortly before we began."""
    before = datetime.fromtimestamp(began_at, UTC) - timedelta(seconds=OVERLAP_S)
    return min(newest, before.strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def _list_changed(source: ContactSource, moment: str) -> list[Contact]:
    for _ in range(MAX_LISTINGS - 1):
        try:
            return [contact for page in source.list_changed(moment) for contact in page]
        except StaleOffsetError:
            continue
    return [contact for page in source.list_changed(moment) for contact in page]
