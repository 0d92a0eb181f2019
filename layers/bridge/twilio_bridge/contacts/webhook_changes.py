"""Reading the base's webhook and taking in what changed.

A payload only names the records to look at; what they hold is asked of the base, so that order, repetition and delay
do not matter. The cursor moves when the cache holds what it covers. Where a whole load takes fewer requests than asking
for what changed, or something is not reported, the cursor moves to the end and such a load becomes due, as in a base
without a webhook. A webhook that fails, or is silent while records change, is given up and replaced.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from twilio_bridge.contacts import templates
from twilio_bridge.contacts.change_feed import Registration, WebhookDeps
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.loading import RefreshDeps, keep_columns, list_kept_columns
from twilio_bridge.contacts.ports import CacheState, ContactCache
from twilio_bridge.contacts.unknown import keep_known
from twilio_bridge.errors import UpstreamError
from twilio_bridge.logs import logger

LEASE = "airtable webhook"
# Two at once would do no harm, only ask Airtable twice.
LEASE_S = 120
RECORDS_A_REQUEST = 100
# A load takes these besides its pages: the last page, the templates, the columns.
FURTHER_REQUESTS = 3
# More than these are written as a load is, by whoever holds the contacts' lease.
MAX_SINGLE_COUNT = 500
CURSOR_AT_LOAD = "webhook cursor at the last load"
CURSOR_S = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Reported:
    """What the webhook reports up to a moment (epoch seconds): ids of contacts, and whether templates changed."""

    ids: frozenset[str]
    has_templates: bool
    registration: Registration
    moment: float


def covers_cache(work: RefreshDeps, state: CacheState) -> bool:
    """Return whether a webhook has reported everything since the cache's whole load."""
    registration = work.webhook.registrations.get_registration() if work.webhook else None
    return registration is not None and _covers(work, registration, state)


def take_in_changes(work: RefreshDeps, number: int | None = None) -> int | None:
    """Take in what was reported and return how many contacts had changed; None where that is not all there is to know.

    `number` is the contacts' lease where the caller holds it. Who finds another at it leaves: that one looks again
    after it has ended.
    """
    if work.webhook is None or work.webhook.registrations.get_registration() is None:
        return None
    work.webhook.registrations.count_request()
    taken: int | None = None
    while (lease := work.leases.acquire(LEASE, LEASE_S)) is not None:
        try:
            asked = work.webhook.registrations.get_request_count()
            changed = _read_on(work, work.webhook, number)
            taken = None if changed is None else (taken or 0) + changed
        finally:
            work.leases.release(LEASE, lease)
        if work.webhook.registrations.get_request_count() == asked:
            break
    return taken


def _read_on(work: RefreshDeps, webhook: WebhookDeps, number: int | None) -> int | None:
    """Read what was reported; all of it is in the cache before the cursor moves."""
    reported = _read_payloads(work, webhook)
    if reported is None or (len(reported.ids) > MAX_SINGLE_COUNT and number is None):
        return None
    if reported.has_templates:
        _read_templates(work, webhook)

    single, count = _take_in(work, webhook, sorted(reported.ids), number)
    registration = reported.registration
    webhook.registrations.advance_cursor(registration)
    if not _covers(work, registration, work.cache.read_state()):
        return None
    work.cache.confirm_webhook_read(reported.moment, single)
    return count


def _read_payloads(work: RefreshDeps, webhook: WebhookDeps) -> Reported | None:
    """Read page by page; None where a load has to bring what happened."""
    registration, has_templates = webhook.registrations.get_registration(), False
    ids: set[str] = set()
    while registration:
        moment = work.clock()
        page = webhook.feed.list_changes(registration.id, registration.cursor)
        if page is None:
            _forget(webhook, registration)
            break
        if page.has_failed:
            _replace(webhook, registration, "its payloads report an error")
            break

        table = registration.tables.get(work.settings.contacts.table, "")
        ids |= page.records.get(table, frozenset())
        has_templates |= registration.tables.get(work.settings.templates.table) in page.records
        if not (table and page.is_whole) or _is_load_cheaper(len(ids), work.cache.read_state()):
            _give_up(work, webhook, registration)
            break
        registration = replace(registration, cursor=max(registration.cursor, page.cursor))
        if not page.more:
            return Reported(frozenset(ids), has_templates, registration, moment)
    return None


def _is_load_cheaper(count: int, state: CacheState) -> bool:
    """Return whether a whole load takes fewer requests than asking for so many records."""
    return -(-count // RECORDS_A_REQUEST) > state.count // RECORDS_A_REQUEST + FURTHER_REQUESTS


def _take_in(
    work: RefreshDeps, webhook: WebhookDeps, ids: Sequence[str], number: int | None
) -> tuple[list[Contact], int]:
    """Let the cache hold the records as the base has them; return who was written one by one, and how many changed."""
    if len(ids) > MAX_SINGLE_COUNT and number is not None:
        return [], _take_in_many(work, webhook, ids, number)
    cuts = [ids[start : start + RECORDS_A_REQUEST] for start in range(0, len(ids), RECORDS_A_REQUEST)]
    settled = [contact for cut in cuts for contact in _look_at(work, webhook, cut)]
    return settled, len(settled)


def _take_in_many(work: RefreshDeps, webhook: WebhookDeps, ids: Sequence[str], number: int) -> int:
    read_at = work.clock()
    there = _ask_for(work, webhook, ids)
    gone = [contact.id for contact in work.cache.get_contacts(set(ids) - there.keys())]
    for contact_id in gone:
        work.cache.remove_contact(contact_id)
    return len(gone) + work.cache.apply_changes(list(there.values()), read_at, number)


def _look_at(work: RefreshDeps, webhook: WebhookDeps, ids: Sequence[str]) -> list[Contact]:
    read_at = work.clock()
    there = _ask_for(work, webhook, ids)
    settled = (_settle(work.cache, contact_id, there.get(contact_id), read_at) for contact_id in ids)
    return [contact for contact in settled if contact]


def _ask_for(work: RefreshDeps, webhook: WebhookDeps, ids: Sequence[str]) -> dict[str, Contact]:
    """Return those of the records that are contacts, as the base has them now."""
    columns = list_kept_columns(templates.recall_templates(work.notes) or [], work.settings)
    if state_columns := work.cache.read_state().origin.columns:
        webhook.source.use_columns(state_columns)
    read = [keep_columns(contact, columns) for contact in webhook.source.get_contacts(ids)]
    return {contact.id: contact for contact in keep_known(read, work.cache)}


def _settle(cache: ContactCache, contact_id: str, contact: Contact | None, read_at: float) -> Contact | None:
    """Let the cache hold the contact as the base has it; return it, or the former one, where it did not before."""
    known = cache.get_contact(contact_id)
    if contact is None:  # removed even where unknown: a load that is running may have read it
        cache.remove_contact(contact_id)
    elif known != contact:
        cache.put_contact(contact, read_at)
    return None if known == contact else contact or known


def _read_templates(work: RefreshDeps, webhook: WebhookDeps) -> None:
    templates.read_templates(webhook.source, work.notes)


def _covers(work: RefreshDeps, registration: Registration, state: CacheState) -> bool:
    """Return whether the cache holds a load that began when the webhook was there, and the webhook still is."""
    is_alive = work.clock() < registration.expires_at
    is_same = state.origin.made_of == work.made_of
    return is_alive and is_same and not state.is_empty and state.full_at >= registration.since


def _give_up(work: RefreshDeps, webhook: WebhookDeps, registration: Registration) -> None:
    """Pass over what was reported until now: a load that begins after this has it."""
    listed = {each.id: each for each in webhook.feed.list_webhooks()}
    if registration.id not in listed:
        _forget(webhook, registration)
        return
    cursor = max(registration.cursor, listed[registration.id].cursor)
    webhook.registrations.put_registration(replace(registration, cursor=cursor, since=work.clock()))
    logger.info("not told one by one, a load is due", extra={"webhook": registration.id})


def _forget(webhook: WebhookDeps, registration: Registration) -> None:
    webhook.registrations.remove_registration(registration.id)
    logger.warning("the webhook is gone from Airtable", extra={"webhook": registration.id})


def replace_silent(work: RefreshDeps, moved: int) -> None:
    """Replace a webhook that reported nothing since the last whole load, though contacts have `moved` since."""
    registration = work.webhook.registrations.get_registration() if work.webhook else None
    if work.webhook is None or registration is None:
        return
    before = work.notes.read_note(CURSOR_AT_LOAD)
    now = f"{registration.id} {registration.cursor}"
    work.notes.write_note(CURSOR_AT_LOAD, now, CURSOR_S)
    if moved and before == now and _reports_nothing_new(work.webhook, registration):
        _replace(work.webhook, registration, "it is silent while records change")


def _reports_nothing_new(webhook: WebhookDeps, registration: Registration) -> bool:
    with suppress(UpstreamError):
        listed = {each.id: each.cursor for each in webhook.feed.list_webhooks()}
        return listed.get(registration.id, 0) <= registration.cursor
    return False


def _replace(webhook: WebhookDeps, registration: Registration, reason: str) -> None:
    """Remove a webhook that cannot be relied on; within the hour another one is made."""
    logger.warning("webhook replaced", extra={"webhook": registration.id, "reason": reason})
    with suppress(UpstreamError):  # one that stays is removed when the new one is made
        webhook.feed.delete_webhook(registration.id)
    webhook.registrations.remove_registration(registration.id)


def list_tables(work: RefreshDeps) -> set[str]:
    """Return the names of the tables that are read."""
    return {work.settings.contacts.table, work.settings.templates.table} - {""}


def covers_tables(tables: Iterable[str], scope: str | None) -> bool:
    """Return whether a webhook with this scope reports every change of the tables, given by their ids."""
    return scope == "" or (scope is not None and {*tables} == {scope})
