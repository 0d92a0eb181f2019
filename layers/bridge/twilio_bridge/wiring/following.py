"""The part of the wiring that follows messages on their way; see `wiring`."""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.message_metrics import MessageFigures
from twilio_bridge.adapters.aws.queues import SqsOutbox, SqsQueue
from twilio_bridge.adapters.state.number_marks import DynamoNumberMarks
from twilio_bridge.adapters.state.sent_messages import DynamoSentMessages
from twilio_bridge.messages.sending.following import PollingDeps
from twilio_bridge.messages.sending.outcomes import OutcomeDeps
from twilio_bridge.wiring import base
from twilio_bridge.wiring.campaign_state import campaigns, ledger, now, queues

if TYPE_CHECKING:
    from twilio_bridge.messages.sending.ports import MessagesApi


@cache
def poll_queue() -> SqsQueue:
    """Rows whose status is to be asked for."""
    return SqsQueue(clients.sqs(), base.settings().poll_queue_url)


@cache
def outcome_deps() -> OutcomeDeps:
    """What the outcomes of messages are written with."""
    settings, table = base.settings(), base.sync_state_table()
    outbox = SqsOutbox(
        clients.sqs(), airtable_queue_url=settings.airtable_queue_url, brevo_queue_url=settings.brevo_queue_url
    )
    return OutcomeDeps(
        ledger=ledger(),
        marks=DynamoNumberMarks(table),
        opt_outs=base.opt_outs(),
        outbox=outbox,
        sent=DynamoSentMessages(table),
        metrics=MessageFigures(settings.metrics_namespace),
    )


def polling_deps() -> PollingDeps:
    """What polls work with, by the login that the secret holds now."""
    return PollingDeps(
        campaigns=campaigns(),
        queues=queues(),
        api=messages_api(),
        outcomes=outcome_deps(),
        clock=now,
    )


def messages_api() -> "MessagesApi":
    """Messages at Twilio, with the login that the secret holds now."""
    return _messages_api(base.settings().twilio_login)


@lru_cache(maxsize=1)
def _messages_api(login: tuple[str, str]) -> "MessagesApi":
    from twilio_bridge.adapters.twilio.messages import TwilioMessages  # noqa: PLC0415  the SDK is slow to import

    return TwilioMessages(base.account(login))
