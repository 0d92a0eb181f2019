"""Bringing the cache up to date, one refresh at a time: what has changed where the base tells, else everything.

A base with a last-modified column tells changes, but neither deletions nor changed look-ups; those come with the whole
load each night. Without that column everything is loaded, seldom enough to leave half of the plan's calls unspent.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from twilio_bridge import config
from twilio_bridge.contacts import templates
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import StaleOffsetError, UpstreamError
from twilio_bridge.logs import logger
from twilio_bridge.ports import CacheState, ContactCache, ContactSource, Leases, Notes, TemplateText

LEASE = "contacts"
# Longer than the function may run, so that nobody begins while one still writes.
LEASE_S = 960
LISTINGS = 3
# A whole load is due after a day even where the nightly one did not come.
FULL_AFTER_S = 26 * 3_600
MONTH_S = 30 * 86_400
CONTACTS_A_REQUEST = 100
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
class Updated:
    """How many contacts had changed."""

    changed: int


@dataclass(frozen=True, slots=True)
class Refreshing:
    """What a refresh works with."""

    source: ContactSource
    cache: ContactCache
    notes: Notes
    leases: Leases
    settings: config.Config
    clock: Callable[[], float] = time.time


def refresh(work: Refreshing, *, whole: bool = False, nightly: bool = False) -> Loaded | Updated | None:
    """Bring the cache up to date; None where another refresh is running or nothing is due yet.

    `whole` loads everything whatever it costs, `nightly` as far as the plan's calls allow.
    """
    number = work.leases.acquire(LEASE, LEASE_S)
    if number is None:
        return None
    try:
        state = work.cache.state()
        if whole or _needs_everything(state, work, nightly=nightly):
            return _load(work, number)
        return _update(work, state, number) if work.settings.contacts.columns.last_modified else None
    finally:
        work.leases.release(LEASE, number)


def full_every_s(settings: config.Config, contacts: int) -> float:
    """Give the seconds between whole loads of so many contacts that leave half of the plan's calls unspent."""
    wished = float(settings.contacts.full_every_s)
    if settings.airtable.monthly_calls is None:
        return wished
    requests = contacts // CONTACTS_A_REQUEST + 2  # the last page, and the templates
    return max(wished, MONTH_S * requests * 2 / settings.airtable.monthly_calls)


def keep(contact: Contact, columns: Iterable[str]) -> Contact:
    """Give the contact with only those further columns that templates name, whatever their case."""
    wanted = {column.casefold() for column in columns}
    cells = {column: text for column, text in contact.cells.items() if column.casefold() in wanted}
    return replace(contact, cells=cells)


def _needs_everything(state: CacheState, work: Refreshing, *, nightly: bool) -> bool:
    if state.is_empty:
        return True
    tells_changes = bool(work.settings.contacts.columns.last_modified and state.newest)
    affordable_s = full_every_s(work.settings, state.count)
    due_s = max(FULL_AFTER_S, affordable_s) if tells_changes and not nightly else affordable_s
    return work.clock() - state.full_at >= due_s


def _load(work: Refreshing, number: int) -> Loaded:
    """Take in everything; nothing is shown before all of it is read."""
    began_at = work.clock()
    texts = _templates(work)
    contacts = list(_kept(_listing(work.source.pages), templates.columns(texts)))
    work.cache.load(contacts, began_at, number, _watermark(work.source.newest, began_at))
    return Loaded(len(contacts), len(texts))


def _update(work: Refreshing, state: CacheState, number: int) -> Updated:
    """Take in what has changed since the latest change the cache holds."""
    began_at = work.clock()
    due = work.notes.recall(TEMPLATES_READ) is None
    columns = templates.columns(_templates(work) if due else templates.cached(work.notes) or [])
    changed = list(_kept(_listing(lambda: work.source.changed_since(state.newest)), columns))
    newest = max(state.newest, _watermark(work.source.newest, began_at))
    return Updated(work.cache.update(changed, began_at, number, newest))


def _templates(work: Refreshing) -> list[TemplateText]:
    """Read the templates; a base without them, or whose table is refused, has its contacts all the same."""
    try:
        texts = templates.read(work.source, work.notes)
    except UpstreamError as error:
        logger.error("templates not read", extra={"reason": str(error)})
        return templates.cached(work.notes) or []
    work.notes.note(TEMPLATES_READ, "", TEMPLATES_EVERY_S)
    return texts


def _kept(contacts: Iterable[Contact], columns: Iterable[str]) -> Iterator[Contact]:
    wanted = frozenset(columns)
    return (keep(contact, wanted) for contact in contacts)


def _watermark(newest: str, began_at: float) -> str:
    """Give the moment up to which nothing can have been missed: never later than shortly before we began."""
    before = datetime.fromtimestamp(began_at, UTC) - timedelta(seconds=OVERLAP_S)
    return min(newest, before.strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def _listing(pages: Callable[[], Iterator[tuple[Contact, ...]]]) -> list[Contact]:
    for _ in range(LISTINGS - 1):
        try:
            return [contact for page in pages() for contact in page]
        except StaleOffsetError:  # Airtable has forgotten where we were: from the start
            continue
    return [contact for page in pages() for contact in page]
