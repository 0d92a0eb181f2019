"""Keeping one webhook at the base that tells us what changes: made, renewed, mended, never two of ours.

Airtable lets a webhook live for seven days, and gives up on an address that has failed for about a day. So once a day
the base's list is looked at. A plan or a token that allows no webhook is no failure: contacts are then refreshed as in
a base without one.
"""

from collections.abc import Sequence
from dataclasses import replace

from twilio_bridge.contacts.change_feed import Registration, Webhook, WebhookDeps
from twilio_bridge.contacts.loading import RefreshDeps
from twilio_bridge.contacts.webhook_changes import LEASE, LEASE_S
from twilio_bridge.errors import RefusedError, UpstreamError
from twilio_bridge.logs import logger

# Less than a day, so that it is not due a little too late for the schedule.
EVERY_S = 82_800
LOOKED = "webhook looked at"
ROUTE = "/webhooks/airtable"


def register(work: RefreshDeps, base_url: str, *, now: bool = False) -> str:
    """See to it that one webhook tells us, at this address of the API, once a day or `now`; give what was done.

    `registered`, `renewed`, `refused`, `failed` (the next call tries again), or `nothing` where it is not due.
    """
    number = work.leases.acquire(LEASE, LEASE_S) if work.hearing and base_url else None
    if work.hearing is None or number is None:
        return "nothing"
    url = base_url + ROUTE
    try:
        is_due = work.notes.read_note(LOOKED) != _state_of(work.hearing, work, url)
        return _look(work, work.hearing, url) if is_due or now else "nothing"
    finally:
        work.leases.release(LEASE, number)


def _look(work: RefreshDeps, hearing: WebhookDeps, url: str) -> str:
    try:
        done = _see_to_it(work, hearing, url)
    except RefusedError as error:
        logger.info("Airtable allows no webhook", extra={"reason": str(error)})
        done = _go_without(hearing)
    except UpstreamError as error:
        logger.warning("webhook not looked after", extra={"reason": str(error)})
        return "failed"
    work.notes.write_note(LOOKED, _state_of(hearing, work, url), EVERY_S)
    return done


def _state_of(hearing: WebhookDeps, work: RefreshDeps, url: str) -> str:
    """Return what has to be as it was for a webhook not to be looked at again within the day."""
    known = hearing.registrations.current()
    tables = work.settings.contacts.table, work.settings.templates.table
    return " ".join((known.id if known else "none", url, *tables))


def _see_to_it(work: RefreshDeps, hearing: WebhookDeps, url: str) -> str:
    known, listed = hearing.registrations.current(), hearing.feed.webhooks()
    kept = _usable(hearing, known, listed, url)
    for webhook in listed:
        is_ours = webhook.id == (known and known.id) or (webhook.url == url and not hearing.secret)
        if is_ours and webhook != kept:
            hearing.feed.delete(webhook.id)
    if kept is None:
        return _create(work, hearing, url)
    if known is None or known.id != kept.id:
        return _adopt(work, hearing, kept)
    _renew(hearing, known, kept, _tables(work, hearing, known))
    return "renewed"


def _usable(hearing: WebhookDeps, known: Registration | None, listed: Sequence[Webhook], url: str) -> Webhook | None:
    """Return the webhook that tells us and whose secret we have, our own first; one made by hand has the setting's."""
    alive = [webhook for webhook in listed if webhook.is_alive and webhook.url == url]
    ours = [webhook for webhook in alive if known and webhook.id == known.id and (known.secret or hearing.secret)]
    return next(iter(ours or (alive if hearing.secret else [])), None)


def _create(work: RefreshDeps, hearing: WebhookDeps, url: str) -> str:
    tables = _tables(work, hearing, None)
    made = hearing.feed.create(url)
    hearing.registrations.put(replace(made, tables=tables, since=work.clock()))
    logger.info("webhook registered", extra={"webhook": made.id})
    return "registered"


def _adopt(work: RefreshDeps, hearing: WebhookDeps, webhook: Webhook) -> str:
    """Take over a webhook that somebody made by hand, from now on."""
    ours = Registration(id=webhook.id, url=webhook.url, expires_at=0, cursor=webhook.cursor, since=work.clock())
    _renew(hearing, ours, webhook, _tables(work, hearing, None))
    logger.info("webhook registered", extra={"webhook": webhook.id})
    return "registered"


def _renew(hearing: WebhookDeps, ours: Registration, webhook: Webhook, tables: dict[str, str]) -> None:
    expires_at = hearing.feed.renew(webhook.id)
    if not webhook.notifies:
        hearing.feed.notify(webhook.id)
        logger.warning("Airtable had given up telling us", extra={"webhook": webhook.id})
    hearing.registrations.put(replace(ours, expires_at=expires_at, tables=tables))


def _tables(work: RefreshDeps, hearing: WebhookDeps, known: Registration | None) -> dict[str, str]:
    """Return the ids of the tables we read; RefusedError where they cannot be had."""
    names = {work.settings.contacts.table, work.settings.templates.table}
    if known and names <= known.tables.keys():
        return dict(known.tables)
    tables = hearing.feed.tables(names)
    if work.settings.contacts.table not in tables:
        raise RefusedError("airtable", "the base has no table of this name; check contacts.table in bridge.yaml")
    return tables


def _go_without(hearing: WebhookDeps) -> str:
    if known := hearing.registrations.current():
        hearing.registrations.remove(known.id)
    return "refused"
