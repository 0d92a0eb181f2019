"""Reading the base's webhook and taking in what changed.

A payload only says which records to look at; what they hold is asked of the base, so that order, repetition and delay
do not matter. The cursor moves when the cache holds what it covers. Where too much has changed, or something is not
told, the cursor moves to the end and a whole load becomes due, as in a base without a webhook.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from twilio_bridge.contacts import templates
from twilio_bridge.contacts.change_feed import Registration, WebhookDeps
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.loading import RefreshDeps, keep_columns
from twilio_bridge.contacts.ports import CacheState, ContactCache
from twilio_bridge.errors import RefusedError
from twilio_bridge.logs import logger

LEASE = "airtable webhook"
# Two at once would do no harm, only ask Airtable twice.
LEASE_S = 120
# For more than these a load is cheaper, and leaves no deltas for readers to go through.
MAX_RECORDS_COUNT = 500
RECORDS_A_REQUEST = 100


def covers_cache(work: RefreshDeps, state: CacheState) -> bool:
    """Return whether a webhook has told everything since the cache's whole load."""
    registration = work.webhook.registrations.get_registration() if work.webhook else None
    return registration is not None and _covers(work, registration, state)


def take_in_changes(work: RefreshDeps) -> int | None:
    """Take in what was told and give how many contacts had changed; None where that is not all there is to know.

    Who finds another at it leaves: that one looks again after it has ended.
    """
    if work.webhook is None or work.webhook.registrations.get_registration() is None:
        return None
    work.webhook.registrations.count_request()
    taken: int | None = None
    while (number := work.leases.acquire(LEASE, LEASE_S)) is not None:
        try:
            asked = work.webhook.registrations.get_request_count()
            taken = _hear(work, work.webhook, taken or 0)
        finally:
            work.leases.release(LEASE, number)
        if work.webhook.registrations.get_request_count() == asked:
            break
    return taken


def _hear(work: RefreshDeps, webhook: WebhookDeps, taken: int) -> int | None:
    """Read page by page; what a page tells is in the cache before the next is read."""
    registration, seen = webhook.registrations.get_registration(), 0
    while registration:
        began_at = work.clock()
        told = webhook.feed.list_changes(registration.id, registration.cursor)
        if told is None:
            _forget(webhook, registration)
            break
        table = registration.tables.get(work.settings.contacts.table, "")
        seen += len(told.records.get(table, ()))
        if not (table and told.is_whole) or seen > MAX_RECORDS_COUNT:
            _give_up(work, webhook, registration)
            break
        if registration.tables.get(work.settings.templates.table) in told.records:
            _read_templates(work, webhook)
        taken += _take_in(work, webhook, told.records.get(table, ()))
        registration = _advance(webhook, registration, told.cursor)
        if not told.more:
            return taken if _confirm(work, registration, began_at) else None
    return None


def _take_in(work: RefreshDeps, webhook: WebhookDeps, ids: Iterable[str]) -> int:
    columns = frozenset(templates.find_columns(templates.recall_templates(work.notes) or []))
    wanted = sorted(ids)
    cuts = [wanted[start : start + RECORDS_A_REQUEST] for start in range(0, len(wanted), RECORDS_A_REQUEST)]
    return sum(_look_at(work, webhook, cut, columns) for cut in cuts)


def _look_at(work: RefreshDeps, webhook: WebhookDeps, ids: Sequence[str], columns: frozenset[str]) -> int:
    read_at = work.clock()
    there = {contact.id: keep_columns(contact, columns) for contact in webhook.source.get_contacts(ids)}
    return sum(_settle(work.cache, contact_id, there.get(contact_id), read_at) for contact_id in ids)


def _settle(cache: ContactCache, contact_id: str, contact: Contact | None, read_at: float) -> bool:
    """Let the cache hold the contact as the base has it; tell whether it did not before."""
    known = cache.get_contact(contact_id)
    if contact is None:  # said even of a stranger: a load that is running may have read it
        cache.remove_contact(contact_id)
    elif known != contact:
        cache.put_contact(contact, read_at)
    return known != contact


def _read_templates(work: RefreshDeps, webhook: WebhookDeps) -> None:
    try:
        templates.read_templates(webhook.source, work.notes)
    except RefusedError as error:
        logger.error("templates not read", extra={"reason": str(error)})


def _advance(webhook: WebhookDeps, registration: Registration, cursor: int) -> Registration:
    later = replace(registration, cursor=cursor)
    if cursor > registration.cursor:
        webhook.registrations.advance_cursor(later)
    return later


def _confirm(work: RefreshDeps, registration: Registration, moment: float) -> bool:
    """Vouch for the copy, unless its load is older than the webhook."""
    is_covered = _covers(work, registration, work.cache.read_state())
    if is_covered:
        work.cache.confirm_webhook_read(moment)
    return is_covered


def _covers(work: RefreshDeps, registration: Registration, state: CacheState) -> bool:
    """Return whether the cache holds a load that began when the webhook was there, and the webhook still is."""
    is_alive = work.clock() < registration.expires_at
    return is_alive and not state.is_empty and state.full_at >= registration.since


def _give_up(work: RefreshDeps, webhook: WebhookDeps, registration: Registration) -> None:
    """Pass over what was told until now: a load that begins after this has it."""
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
