"""Taking contacts in: the whole base, or what has changed in it.

Of a whole load nothing is shown before everything is read, and one invocation may be too short for that: while
callbacks wait, bulk has one request a second. What was read by then is staged, and the next invocation goes on from
there, at once, for Airtable soon forgets a listing that nobody reads. A load that ends in time stages nothing.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from twilio_bridge import deadline
from twilio_bridge.config import schema
from twilio_bridge.contacts import templates
from twilio_bridge.contacts.change_feed import WebhookDeps
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import (
    Bookmark,
    CacheState,
    ContactCache,
    ContactSource,
    PartialLoads,
    SourcePage,
    TemplateText,
)
from twilio_bridge.errors import OutOfTimeError, RefusedError, StaleOffsetError, UpstreamError
from twilio_bridge.logs import logger
from twilio_bridge.ports import Leases, Notes, Refresh

LISTINGS = 3
# What an invocation has at most, and what of it is kept free to write what was read: 100,000 contacts are 10 s of an
# instance's processor and 660 requests to DynamoDB.
MAX_DURATION_S = 900
WRITE_S = 120
# Somebody else's changes are not seen for as long as a load takes, so it may not take for ever.
STAGE_S = 3_600
# The cache keeps moments in milliseconds.
SAME_MOMENT_S = 0.01
# Airtable's times have whole seconds and its clock is not ours: what changed this lately is read once more.
OVERLAP_S = 10
TEMPLATES_READ = "templates read"
TEMPLATES_EVERY_S = 900


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a whole load took in."""

    contacts: int
    templates: int


@dataclass(frozen=True, slots=True)
class PartlyLoaded:
    """How many contacts an unfinished load has read so far; the next invocation goes on."""

    staged: int


@dataclass(frozen=True, slots=True)
class Updated:
    """How many contacts had changed."""

    changed: int


@dataclass(frozen=True, slots=True)
class RefreshDeps:
    """What a refresh works with."""

    source: ContactSource
    cache: ContactCache
    stage: PartialLoads
    notes: Notes
    leases: Leases
    again: Refresh
    settings: schema.Config
    clock: Callable[[], float] = time.time
    webhook: WebhookDeps | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A whole load under way: where it is, and what it has read."""

    bookmark: Bookmark
    contacts: list[Contact]


def find_partial_load(work: RefreshDeps, state: CacheState) -> Begun | None:
    """Return the load that was staged, unless one that began later is in the cache by now."""
    found = work.stage.find_load(state.full_at + SAME_MOMENT_S)
    return Begun(*found) if found else None


def load_all(work: RefreshDeps, number: int, staged: Begun | None = None) -> Loaded | PartlyLoaded:
    """Take in everything, from the start or from where it was staged."""
    texts = _templates(work)
    columns = frozenset(templates.find_columns(texts))
    new = _new(work, columns)
    going = staged if staged and staged.bookmark.made_for == new.bookmark.made_for else new
    for _ in range(LISTINGS - 1):
        try:
            return _go_on(work, number, going, texts)
        except (StaleOffsetError, RefusedError):  # the offset is no longer good: from the start
            going = _new(work, columns)
    return _go_on(work, number, going, texts)


def load_changes(work: RefreshDeps, state: CacheState, number: int) -> Updated:
    """Take in what has changed since the latest change the cache holds."""
    began_at = work.clock()
    due = work.notes.read_note(TEMPLATES_READ) is None
    columns = templates.find_columns(_templates(work) if due else templates.recall_templates(work.notes) or [])
    changed = list(_kept(_changed(work.source, state.newest), columns))
    newest = max(state.newest, _watermark(work.source.latest_change, began_at))
    return Updated(work.cache.apply_changes(changed, began_at, number, newest))


def keep_columns(contact: Contact, columns: Iterable[str]) -> Contact:
    """Return the contact with only those further columns that templates name, whatever their case."""
    wanted = {column.casefold() for column in columns}
    cells = {column: text for column, text in contact.cells.items() if column.casefold() in wanted}
    return replace(contact, cells=cells)


def _new(work: RefreshDeps, columns: frozenset[str]) -> Begun:
    began_at = work.clock()
    made_for = f"{work.settings.contacts.model_dump_json()}{sorted(columns)}"
    digest = hashlib.sha256(made_for.encode()).hexdigest()
    return Begun(Bookmark(began_at=began_at, until=began_at + STAGE_S, made_for=digest), [])


def _go_on(work: RefreshDeps, number: int, going: Begun, texts: list[TemplateText]) -> Loaded | PartlyLoaded:
    """Read on; write all of it where that was the rest, else stage what was read."""
    pages = _read(work.source, going.bookmark.offset)
    read = list(_kept((contact for page in pages for contact in page.contacts), templates.find_columns(texts)))
    newest = max(going.bookmark.newest, work.source.latest_change)
    if offset := pages[-1].offset:
        work.stage.append_part(read, replace(going.bookmark, offset=offset, newest=newest), number)
        return PartlyLoaded(len(going.contacts) + len(read))
    contacts = list({contact.id: contact for contact in (*going.contacts, *read)}.values())  # each once, as last read
    began_at = going.bookmark.began_at
    work.cache.replace_all(contacts, began_at, number, _watermark(newest, began_at))
    return Loaded(len(contacts), len(texts))


def _read(source: ContactSource, offset: str) -> list[SourcePage]:
    """Return the pages from an offset on, as many as there are or as can be had now; raise where that is none."""
    pages: list[SourcePage] = []
    try:
        with deadline.limit(deadline.seconds_left(MAX_DURATION_S) - WRITE_S):
            for page in source.iterate_pages(offset):
                pages.append(page)  # noqa: PERF402  what was read stays when the rest fails
    except StaleOffsetError:
        raise
    except (OutOfTimeError, UpstreamError) as error:
        if not pages:
            raise
        logger.warning("load interrupted", extra={"reason": str(error), "pages": len(pages)})
    return pages


def _templates(work: RefreshDeps) -> list[TemplateText]:
    """Read the templates; a base without them, or whose table is refused, has its contacts all the same."""
    try:
        texts = templates.read_templates(work.source, work.notes)
    except UpstreamError as error:
        logger.error("templates not read", extra={"reason": str(error)})
        return templates.recall_templates(work.notes) or []
    work.notes.write_note(TEMPLATES_READ, "", TEMPLATES_EVERY_S)
    return texts


def _kept(contacts: Iterable[Contact], columns: Iterable[str]) -> Iterator[Contact]:
    wanted = frozenset(columns)
    return (keep_columns(contact, wanted) for contact in contacts)


def _watermark(newest: str, began_at: float) -> str:
    """Return the moment up to which nothing can have been missed: never later than shortly before we began."""
    before = datetime.fromtimestamp(began_at, UTC) - timedelta(seconds=OVERLAP_S)
    return min(newest, before.strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def _changed(source: ContactSource, moment: str) -> list[Contact]:
    for _ in range(LISTINGS - 1):
        try:
            return [contact for page in source.list_changed(moment) for contact in page]
        except StaleOffsetError:
            continue
    return [contact for page in source.list_changed(moment) for contact in page]
