"""The only place where adapters are built; functions name here what they talk to.

Clients are made once an instance and only where a function asks for them, so each imports just what it needs. What
follows the configuration is put together anew for every call: the configuration may change while an instance lives.
"""

import os
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.aws.queues import SqsOutbox, SqsQueue
from twilio_bridge.adapters.aws.secrets import Secrets, SigningTokens
from twilio_bridge.adapters.call_log import CallLog
from twilio_bridge.adapters.state.leases_notes import DynamoLeases, DynamoNotes
from twilio_bridge.adapters.state.opt_outs import DynamoOptOuts
from twilio_bridge.entrypoints import http
from twilio_bridge.ports import Messaging
from twilio_bridge.settings import Settings

if TYPE_CHECKING:
    from twilio_bridge.adapters.state.configuration import Configuration
    from twilio_bridge.adapters.twilio.client import Account
    from twilio_bridge.config import schema


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
def _configuration() -> "Configuration":
    from twilio_bridge.adapters.state.configuration import Configuration  # noqa: PLC0415  not every function has one

    return Configuration(sync_state_table(), settings().bridge_config)


def configuration() -> "schema.Config":
    """The configuration in force."""
    found = _configuration().current()
    CallLog.wanted = found.connectors.twilio_flex.logs_calls
    CallLog.count = _count_request

    return found


def _count_request(vendor: str) -> None:
    from twilio_bridge.adapters.aws.request_metrics import count_request  # noqa: PLC0415  few invocations ask a vendor

    count_request(settings().metrics_namespace, vendor)


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
    """Opt-out and opt-in requests."""
    return DynamoOptOuts(sync_state_table())


@cache
def outbox() -> SqsOutbox:
    """Opt-outs for the functions that deliver them."""
    return SqsOutbox(
        clients.sqs(), airtable_queue_url=settings().airtable_queue_url, brevo_queue_url=settings().brevo_queue_url
    )


@cache
def airtable_queue() -> SqsQueue:
    """The same, as its consumer sees it."""
    return SqsQueue(clients.sqs(), settings().airtable_queue_url)


def messaging() -> Messaging:
    """Twilio Conversations and Frontline's users, with the login that the secret holds now."""
    return _messaging(settings().twilio_login)


@lru_cache(maxsize=1)
def _messaging(login: tuple[str, str]) -> Messaging:
    from twilio_bridge.adapters.twilio.messaging import TwilioMessaging  # noqa: PLC0415  the SDK is slow to import

    return TwilioMessaging(account(login))


def account(login: tuple[str, str]) -> "Account":
    """Twilio's account with this login; its requests are counted, and logged as the configuration has it."""
    configuration()

    return build_account(settings(), login)


def build_account(named: Settings, login: tuple[str, str]) -> "Account":
    """Return the account that settings name: a function's, or an operator's machine's."""
    from twilio_bridge.adapters.twilio.client import Account  # noqa: PLC0415  as above

    return Account(
        login,
        named.twilio_account_sid,
        region=named.twilio_region,
        edge=named.twilio_edge,
        endpoint_url=named.twilio_endpoint_url,
        proxy=named.proxy_to("TWILIO"),
    )
