"""The part of the wiring that contacts and Frontline's callbacks need: cache, Airtable, refresh; see `base`."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.queues import LambdaRefresh
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.chunk_cache import MAX_LOAD_CHARACTERS_COUNT, ChunkMemory
from twilio_bridge.adapters.state.seen_workers import DynamoSeenWorkers
from twilio_bridge.adapters.state.webhook_registration import DynamoRegistrations
from twilio_bridge.config import schema
from twilio_bridge.contacts import airtable_quota
from twilio_bridge.contacts.change_feed import WebhookDeps
from twilio_bridge.contacts.columns import Columns, make_fingerprint, make_settings_fingerprint
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.contacts.loading import RefreshDeps
from twilio_bridge.contacts.ports import ContactSource
from twilio_bridge.errors import SettingError
from twilio_bridge.frontline.senders import Senders
from twilio_bridge.frontline.workers import WorkerDirectory, list_configured
from twilio_bridge.wiring import base

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from twilio_bridge.adapters.state.limiter import SlotLimiter


@cache
def refresh() -> LambdaRefresh:
    """The job that loads contacts."""
    return LambdaRefresh(_lambda, lambda: base.settings().refresh_contacts_function, base.notes())


@cache
def _lambda() -> "LambdaClient":
    return clients.lambda_()


@cache
def _chunk_memory() -> ChunkMemory:
    return ChunkMemory()


def contact_cache(memory: ChunkMemory | None = None) -> DynamoContactCache:
    """The copy of the contacts, for one call."""
    for_everybody = base.configuration().contacts.visibility == "all"
    memory = memory or _chunk_memory()
    return DynamoContactCache(base.contact_cache_table(), for_everybody=for_everybody, memory=memory)


def callback_source() -> ContactSource:
    """Airtable for somebody who waits."""
    from twilio_bridge.adapters.airtable.client import CALLBACK_PATIENCE_S  # noqa: PLC0415  pyairtable is slow to import

    return _source(base.settings().airtable_token, base.configuration(), CALLBACK_PATIENCE_S)


def bulk_source() -> ContactSource:
    """Airtable for a job in the background."""
    from twilio_bridge.adapters.airtable.client import BULK_PATIENCE_S  # noqa: PLC0415  as above

    return _source(base.settings().airtable_token, base.configuration(), BULK_PATIENCE_S, bulk=True)


def _source(token: str, settled: schema.Config, patience_s: float, *, bulk: bool = False) -> ContactSource:
    from twilio_bridge.adapters.airtable.contact_source import AirtableContacts  # noqa: PLC0415  as above

    base_id, endpoint_url = base.settings().airtable_base_id, base.settings().airtable_endpoint_url
    limiter, proxy = _limiter(bulk=bulk), base.settings().proxy_to("AIRTABLE")
    return AirtableContacts(
        token,
        base_id,
        endpoint_url,
        limiter,
        settled.contacts,
        settled.templates,
        columns=_columns_of_copy,
        patience_s=patience_s,
        proxy=proxy,
    )


def _columns_of_copy() -> Columns | None:
    """The columns that the last load found, where it was made of the same base and configuration."""
    origin = contact_cache().read_state().origin
    return origin.columns if origin.made_of == _fingerprint() else None


def _fingerprint() -> str:
    return make_fingerprint(base.settings().airtable_base_id, base.configuration())


def _limiter(*, bulk: bool = False) -> "SlotLimiter":
    from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter  # noqa: PLC0415  only with Airtable

    return SlotLimiter(base.sync_state_table(), AIRTABLE, base.settings().airtable_base_id, bulk=bulk)


def airtable_usage() -> dict[str, int]:
    """The month's calls to Airtable, for the log."""
    return airtable_quota.build_log_fields(
        lambda: airtable_quota.Usage(_limiter().count_calls(), base.configuration().airtable.monthly_calls)
    )


def refreshing() -> RefreshDeps:
    """What a refresh of the cache works with."""
    from twilio_bridge.adapters.contact_cache.partial_load import DynamoPartialLoads  # noqa: PLC0415  only for a refresh

    again = LambdaRefresh(_lambda, lambda: base.settings().own_function, base.notes())
    return RefreshDeps(
        source=bulk_source(),
        cache=contact_cache(ChunkMemory(MAX_LOAD_CHARACTERS_COUNT)),
        partial_loads=DynamoPartialLoads(base.contact_cache_table()),
        notes=base.notes(),
        leases=base.leases(),
        again=again,
        settings=base.configuration(),
        webhook=_webhook(),
        made_of=_fingerprint(),
    )


def _webhook() -> WebhookDeps:
    from twilio_bridge.adapters.airtable.change_feed import AirtableFeed  # noqa: PLC0415  as above
    from twilio_bridge.adapters.airtable.client import BULK_PATIENCE_S, AirtableRequests  # noqa: PLC0415  as above

    token, endpoint_url = base.settings().airtable_token, base.settings().airtable_endpoint_url
    requests = AirtableRequests(token, endpoint_url, _limiter(), BULK_PATIENCE_S, base.settings().proxy_to("AIRTABLE"))
    feed = AirtableFeed(base.settings().airtable_base_id, requests)
    source = _source(
        token, base.configuration(), BULK_PATIENCE_S
    )  # a callback's turn, for a change is not to wait for a load
    return WebhookDeps(feed, registrations(), source, base.settings().airtable_webhook_secret or "")


@cache
def registrations() -> DynamoRegistrations:
    """What is remembered of our webhook at Airtable."""
    return DynamoRegistrations(base.sync_state_table(), base.settings().airtable_base_id)


def webhook_secrets() -> tuple[Callable[[], str | None], ...]:
    """What Airtable may sign with: our own webhook's secret, then that of one made by hand."""
    return lambda: registrations().get_secret(), lambda: base.settings().airtable_webhook_secret


def has_airtable() -> bool:
    """Return whether Airtable is configured: its secret may come later, or never."""
    try:
        return bool(base.settings().airtable_token and base.settings().airtable_base_id)
    except SettingError:
        return False


def directory() -> Directory:
    """The contacts as callbacks see them."""
    return Directory(
        source=callback_source,
        cache=contact_cache(),
        notes=base.notes(),
        leases=base.leases(),
        refresh=refresh(),
        settings=base.configuration().contacts,
        made_of=make_settings_fingerprint(base.configuration()),
    )


def senders() -> Senders:
    """The numbers that speak for the company."""
    usual = schema.Sender(sms=base.settings().twilio_sms_number, whatsapp=base.settings().twilio_whatsapp_number)
    return Senders(base.configuration().workers, base.configuration().senders, usual)


@cache
def seen_workers() -> DynamoSeenWorkers:
    """The workers that signed requests named."""
    return DynamoSeenWorkers(base.sync_state_table())


def worker_directory() -> WorkerDirectory:
    """Who is a worker, for one call."""
    settled = base.configuration()
    configured = list_configured(settled.workers, settled.routing.default_worker)
    return WorkerDirectory(configured, seen_workers(), base.messaging())
