"""The only place where adapters are built; functions name here what they talk to.

Clients are made once an instance and only where a function asks for them, so each imports just what it needs. What
follows the configuration is put together anew for every call: the configuration may change while an instance lives.
"""

import os
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.aws.queues import LambdaRefresh, SqsOutbox, SqsQueue
from twilio_bridge.adapters.aws.secrets import Secrets, SigningTokens
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory
from twilio_bridge.adapters.state.configuration import Configuration
from twilio_bridge.adapters.state.leases_notes import DynamoLeases, DynamoNotes, DynamoOptOuts
from twilio_bridge.adapters.state.webhook_registration import DynamoRegistrations
from twilio_bridge.config import schema
from twilio_bridge.contacts import airtable_quota
from twilio_bridge.contacts.change_feed import Hearing
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.contacts.loading import Refreshing
from twilio_bridge.contacts.ports import ContactSource
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline.senders import Senders
from twilio_bridge.ports import Messaging
from twilio_bridge.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from twilio_bridge.adapters.state.limiter import SlotLimiter
    from twilio_bridge.adapters.twilio.client import Account


@cache
def secrets() -> Secrets:
    """Secrets Manager."""
    return Secrets(clients.secretsmanager())


@cache
def settings() -> Settings:
    """This function's environment and secrets."""
    return Settings(os.environ, lambda secret_id: secrets().read(secret_id))


@cache
def signatures() -> http.Signatures:
    """What a request has to be signed with."""
    return http.Signatures(SigningTokens(settings(), secrets()), settings().public_base_url)


@cache
def _tables() -> tuple[Table, Table]:
    client = clients.dynamodb()
    return Table(client, settings().contact_cache_table), Table(client, settings().sync_state_table)


def contact_cache_table() -> Table:
    """The table ContactCache."""
    return _tables()[0]


def sync_state_table() -> Table:
    """The table SyncState."""
    return _tables()[1]


@cache
def _configuration() -> Configuration:
    return Configuration(sync_state_table(), settings().bridge_config)


def configuration() -> schema.Config:
    """The configuration in force."""
    return _configuration().current()


@cache
def notes() -> DynamoNotes:
    """Small things remembered for a while."""
    return DynamoNotes(contact_cache_table())


@cache
def leases() -> DynamoLeases:
    """Who may do what only one may do at a time."""
    return DynamoLeases(sync_state_table())


@cache
def opt_outs() -> DynamoOptOuts:
    """What people said about being written to."""
    return DynamoOptOuts(sync_state_table())


@cache
def refresh() -> LambdaRefresh:
    """The job that loads contacts."""
    return LambdaRefresh(_lambda, lambda: settings().refresh_contacts_function, notes())


@cache
def _lambda() -> "LambdaClient":
    return clients.lambda_()


@cache
def outbox() -> SqsOutbox:
    """What Airtable and Brevo are told later."""
    return SqsOutbox(clients.sqs(), settings().airtable_queue_url, settings().brevo_queue_url)


@cache
def airtable_queue() -> SqsQueue:
    """The same, as its consumer sees it."""
    return SqsQueue(clients.sqs(), settings().airtable_queue_url)


@cache
def _chunk_memory() -> ChunkMemory:
    return ChunkMemory()


def contact_cache() -> DynamoContactCache:
    """The copy of the contacts, for one call."""
    for_everybody = configuration().contacts.visibility == "all"
    return DynamoContactCache(contact_cache_table(), for_everybody=for_everybody, memory=_chunk_memory())


def callback_source() -> ContactSource:
    """Airtable for somebody who waits."""
    from twilio_bridge.adapters.airtable.client import CALLBACK_PATIENCE_S  # noqa: PLC0415  pyairtable is slow to import

    return _source(settings().airtable_token, configuration(), CALLBACK_PATIENCE_S)


def bulk_source() -> ContactSource:
    """Airtable for a job in the background."""
    from twilio_bridge.adapters.airtable.client import BULK_PATIENCE_S  # noqa: PLC0415  as above

    return _source(settings().airtable_token, configuration(), BULK_PATIENCE_S, bulk=True)


def _source(token: str, settled: schema.Config, patience_s: float, *, bulk: bool = False) -> ContactSource:
    from twilio_bridge.adapters.airtable.contact_source import AirtableContacts  # noqa: PLC0415  as above

    base_id, endpoint_url = settings().airtable_base_id, settings().airtable_endpoint_url
    limiter = _limiter(bulk=bulk)
    return AirtableContacts(
        token, base_id, endpoint_url, limiter, settled.contacts, settled.templates, patience_s=patience_s
    )


def _limiter(*, bulk: bool = False) -> "SlotLimiter":
    from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter  # noqa: PLC0415  only with Airtable

    return SlotLimiter(sync_state_table(), AIRTABLE, settings().airtable_base_id, bulk=bulk)


def airtable_usage() -> dict[str, int]:
    """The month's calls to Airtable, for the log."""
    return airtable_quota.facts(lambda: airtable_quota.Usage(_limiter().used(), configuration().airtable.monthly_calls))


def refreshing() -> Refreshing:
    """What a refresh of the cache works with."""
    from twilio_bridge.adapters.contact_cache.partial_load import DynamoStage  # noqa: PLC0415  only for a refresh

    again = LambdaRefresh(_lambda, lambda: settings().own_function, notes())
    return Refreshing(
        source=bulk_source(),
        cache=contact_cache(),
        stage=DynamoStage(contact_cache_table()),
        notes=notes(),
        leases=leases(),
        again=again,
        settings=configuration(),
        hearing=_hearing(),
    )


def _hearing() -> Hearing:
    from twilio_bridge.adapters.airtable.change_feed import AirtableFeed  # noqa: PLC0415  as above
    from twilio_bridge.adapters.airtable.client import BULK_PATIENCE_S, AirtableRequests  # noqa: PLC0415  as above

    token, endpoint_url = settings().airtable_token, settings().airtable_endpoint_url
    requests = AirtableRequests(token, endpoint_url, _limiter(), BULK_PATIENCE_S)
    feed = AirtableFeed(settings().airtable_base_id, requests)
    source = _source(
        token, configuration(), BULK_PATIENCE_S
    )  # a callback's turn, for a change is not to wait for a load
    return Hearing(feed, registrations(), source, settings().airtable_webhook_secret or "")


@cache
def registrations() -> DynamoRegistrations:
    """What is remembered of our webhook at Airtable."""
    return DynamoRegistrations(sync_state_table(), settings().airtable_base_id)


def webhook_secrets() -> tuple[Callable[[], str | None], ...]:
    """What Airtable may sign with: our own webhook's secret, then that of one made by hand."""
    return lambda: registrations().secret(), lambda: settings().airtable_webhook_secret


def messaging() -> Messaging:
    """Twilio Conversations and Frontline's users, with the login that the secret holds now."""
    return _messaging(settings().twilio_login)


@lru_cache(maxsize=1)
def _messaging(login: tuple[str, str]) -> Messaging:
    from twilio_bridge.adapters.twilio.messaging import TwilioMessaging  # noqa: PLC0415  the SDK is slow to import

    return TwilioMessaging(account(login))


def account(login: tuple[str, str]) -> "Account":
    """Twilio's account with this login."""
    from twilio_bridge.adapters.twilio.client import Account  # noqa: PLC0415  as above

    return Account(
        login,
        settings().twilio_account_sid,
        region=settings().twilio_region,
        edge=settings().twilio_edge,
        endpoint_url=settings().twilio_endpoint_url,
    )


def directory() -> Directory:
    """The contacts as callbacks see them."""
    return Directory(
        source=callback_source,
        cache=contact_cache(),
        notes=notes(),
        leases=leases(),
        refresh=refresh(),
        settings=configuration().contacts,
    )


def senders() -> Senders:
    """The numbers that speak for the company."""
    usual = schema.Sender(sms=settings().twilio_sms_number, whatsapp=settings().twilio_whatsapp_number)
    return Senders(configuration().workers, configuration().senders, usual)
