"""Keeping one webhook at the base that reports what changes: made, renewed, mended, never two of ours.

Airtable lets a webhook live for seven days, and gives up on an address that has failed for about a day. So once a day
the base's list is looked at. A plan or a token that allows no webhook is no failure: contacts are then refreshed as in
a base without one.
"""

from collections.abc import Sequence
from dataclasses import replace

from twilio_bridge.contacts.change_feed import Registration, Webhook, WebhookDeps
from twilio_bridge.contacts.loading import RefreshDeps
from twilio_bridge.contacts.webhook_changes import LEASE, LEASE_S, covers_tables, list_tables
from twilio_bridge.errors import RefusedError, UpstreamError
from twilio_bridge.logs import logger

# Less than a day, so that it is not due a little too late for the schedule.
EVERY_S = 82_800
LOOKED = "webhook looked at"
ROUTE = "/webhooks/airtable"


def register_webhook(work: RefreshDeps, base_url: str, *, now: bool = False) -> str:
    """Keep one webhook that notifies this address of the API, once a day or `now`; return what was done.

    `registered`, `renewed`, `refused`, `failed` (the next call tries again), or `nothing` where it is not due.
    """
    number = work.leases.acquire(LEASE, LEASE_S) if work.webhook and base_url else None
    if work.webhook is None or number is None:
        return "nothing"
    url = base_url + ROUTE
    try:
        is_due = work.notes.read_note(LOOKED) != _state_of(work.webhook, work, url)
        return _look(work, work.webhook, url) if is_due or now else "nothing"
    finally:
        work.leases.release(LEASE, number)


def _look(work: RefreshDeps, webhook: WebhookDeps, url: str) -> str:
    try:
        done = _see_to_it(work, webhook, url)
    except RefusedError as error:
        logger.info("Airtable allows no webhook", extra={"reason": str(error)})
        done = _go_without(webhook)
    except UpstreamError as error:
        logger.warning("webhook not looked after", extra={"reason": str(error)})
        return "failed"
    work.notes.write_note(LOOKED, _state_of(webhook, work, url), EVERY_S)
    return done


def _state_of(webhook: WebhookDeps, work: RefreshDeps, url: str) -> str:
    """Return what has to be as it was for a webhook not to be looked at again within the day."""
    known = webhook.registrations.get_registration()
    return " ".join((known.id if known else "none", url, *sorted(list_tables(work))))


def _see_to_it(work: RefreshDeps, webhook: WebhookDeps, url: str) -> str:
    known, listed = webhook.registrations.get_registration(), webhook.feed.list_webhooks()
    tables = _tables(work, webhook, known)
    kept = _usable(webhook, known, [each for each in listed if covers_tables(tables.values(), each.scope)], url)
    for each in listed:
        is_ours = each.id == (known and known.id) or (each.url == url and not webhook.secret)
        if is_ours and each != kept:
            webhook.feed.delete_webhook(each.id)
    if kept is None:
        return _create(work, webhook, url, tables)
    if known is None or known.id != kept.id:
        return _adopt(work, webhook, kept, tables)
    _renew(webhook, known, kept, tables)
    return "renewed"


def _usable(webhook: WebhookDeps, known: Registration | None, listed: Sequence[Webhook], url: str) -> Webhook | None:
    """Return the webhook that notifies us and whose secret we have, our own first; else one made by hand."""
    alive = [each for each in listed if each.is_alive and each.url == url]
    ours = [each for each in alive if known and each.id == known.id and (known.secret or webhook.secret)]
    return next(iter(ours or (alive if webhook.secret else [])), None)


def _create(work: RefreshDeps, webhook: WebhookDeps, url: str, tables: dict[str, str]) -> str:
    made = webhook.feed.create_webhook(url)
    webhook.registrations.put_registration(replace(made, tables=tables, since=work.clock()))
    logger.info("webhook registered", extra={"webhook": made.id})
    return "registered"


def _adopt(work: RefreshDeps, webhook: WebhookDeps, found: Webhook, tables: dict[str, str]) -> str:
    """Take over a webhook that somebody made by hand, from now on."""
    ours = Registration(id=found.id, url=found.url, expires_at=0, cursor=found.cursor, since=work.clock())
    _renew(webhook, ours, found, tables)
    logger.info("webhook registered", extra={"webhook": found.id})
    return "registered"


def _renew(webhook: WebhookDeps, ours: Registration, found: Webhook, tables: dict[str, str]) -> None:
    expires_at = webhook.feed.renew_webhook(found.id)
    if not found.notifies:
        webhook.feed.enable_notifications(found.id)
        logger.warning("Airtable had given up telling us", extra={"webhook": found.id})
    webhook.registrations.put_registration(replace(ours, expires_at=expires_at, tables=tables))


def _tables(work: RefreshDeps, webhook: WebhookDeps, known: Registration | None) -> dict[str, str]:
    """Return the ids of the tables we read; RefusedError where they cannot be had."""
    names = list_tables(work)
    if known and names <= known.tables.keys():
        return dict(known.tables)
    tables = webhook.feed.find_table_ids(names)
    if work.settings.contacts.table not in tables:
        raise RefusedError("airtable", "the base has no table of this name; check contacts.table in bridge.yaml")
    return tables


def _go_without(webhook: WebhookDeps) -> str:
    if known := webhook.registrations.get_registration():
        webhook.registrations.remove_registration(known.id)
    return "refused"
