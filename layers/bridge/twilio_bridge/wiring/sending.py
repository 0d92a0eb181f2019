"""The part of the wiring that sends and follows messages; see `wiring`."""

import secrets
import time
from functools import cache, lru_cache

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.held_sends import SqsHeldSends
from twilio_bridge.adapters.aws.message_metrics import MessageFigures
from twilio_bridge.adapters.aws.message_queues import SqsMessageQueues
from twilio_bridge.adapters.aws.queues import SqsOutbox, SqsQueue
from twilio_bridge.adapters.state.campaign_rows import DynamoLedger
from twilio_bridge.adapters.state.campaigns import DynamoCampaigns
from twilio_bridge.adapters.state.message_turns import DynamoPacer
from twilio_bridge.adapters.state.number_marks import DynamoNumberMarks
from twilio_bridge.adapters.state.opted_out import DynamoOptedOut
from twilio_bridge.adapters.state.sent_messages import DynamoSentMessages
from twilio_bridge.messages.ports import Campaigns
from twilio_bridge.messages.sending.following import PollingDeps
from twilio_bridge.messages.sending.outcomes import OutcomeDeps
from twilio_bridge.messages.sending.ports import MessagesApi
from twilio_bridge.messages.sending.requesting import SendingDeps
from twilio_bridge.messages.suppressions import AllSuppressions, MarkedNumbers, OptedOutContacts
from twilio_bridge.wiring import base, contacts

NONCE_BYTES = 12


@cache
def campaigns() -> Campaigns:
    """The campaigns."""
    return DynamoCampaigns(base.sync_state_table())


@cache
def send_queue() -> SqsQueue:
    """Rows that are to be sent."""
    return SqsQueue(clients.sqs(), base.settings().send_queue_url)


@cache
def poll_queue() -> SqsQueue:
    """Rows whose status is to be asked for."""
    return SqsQueue(clients.sqs(), base.settings().poll_queue_url)


@cache
def _outcome_parts() -> OutcomeDeps:
    settings, table = base.settings(), base.sync_state_table()
    outbox = SqsOutbox(
        clients.sqs(), airtable_queue_url=settings.airtable_queue_url, brevo_queue_url=settings.brevo_queue_url
    )
    return OutcomeDeps(
        ledger=DynamoLedger(table),
        marks=DynamoNumberMarks(table),
        opt_outs=base.opt_outs(),
        outbox=outbox,
        sent=DynamoSentMessages(table),
        metrics=MessageFigures(settings.metrics_namespace),
    )


def outcome_deps() -> OutcomeDeps:
    """What the outcomes of messages are written with."""
    return _outcome_parts()


def sending_deps() -> SendingDeps:
    """What sending works with, by the configuration in force and the login that the secret holds now."""
    settings, table = base.settings(), base.sync_state_table()
    return SendingDeps(
        campaigns=campaigns(),
        ledger=_outcome_parts().ledger,
        queues=_queues(),
        held=_held_sends(),
        api=_messages_api(settings.twilio_login),
        pacer=DynamoPacer(table),
        outcomes=_outcome_parts(),
        callback_url=settings.status_callback_url,
        suppressions=_suppressions(),
        sender_rate=_sender_rate,
        make_nonce=lambda: secrets.token_urlsafe(NONCE_BYTES),
        clock=_now,
        wait=lambda milliseconds: time.sleep(milliseconds / 1000),
        lookup_after_ms=base.configuration().messages.lookup_after_s * 1000,
    )


def polling_deps() -> PollingDeps:
    """What polls work with."""
    return PollingDeps(
        campaigns=campaigns(),
        queues=_queues(),
        api=_messages_api(base.settings().twilio_login),
        outcomes=_outcome_parts(),
        clock=_now,
    )


@cache
def _held_sends() -> SqsHeldSends:
    return SqsHeldSends(clients.sqs(), base.settings().send_queue_url)


@cache
def _queues() -> SqsMessageQueues:
    settings = base.settings()
    return SqsMessageQueues(
        clients.sqs(), send_queue_url=settings.send_queue_url, poll_queue_url=settings.poll_queue_url
    )


@lru_cache(maxsize=1)
def _messages_api(login: tuple[str, str]) -> MessagesApi:
    from twilio_bridge.adapters.twilio.messages import TwilioMessages  # noqa: PLC0415  the SDK is slow to import

    return TwilioMessages(base.account(login))


def _suppressions() -> AllSuppressions:
    """Whom nothing is sent: by requests, by the copy of the contacts, by marks."""
    table, copy = base.sync_state_table(), contacts.contact_cache()
    records = OptedOutContacts(copy.find_by_address, base.opt_outs(), contacts.directory())
    return AllSuppressions([DynamoOptedOut(table), records, MarkedNumbers(_outcome_parts().marks)])


def _sender_rate(sender: str) -> float:
    settled = base.configuration().messages
    return settled.sender_rates.get(sender, settled.sender_rate_per_s)


def _now() -> int:
    return int(time.time() * 1000)
