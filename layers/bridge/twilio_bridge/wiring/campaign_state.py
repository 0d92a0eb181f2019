"""The part of the wiring that all of messages stand on: campaigns, their rows, the queues of rows; see `wiring`."""

import time
from functools import cache

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.message_queues import SqsMessageQueues
from twilio_bridge.adapters.state.campaign_rows import DynamoLedger
from twilio_bridge.adapters.state.campaigns import DynamoCampaigns
from twilio_bridge.wiring import base


@cache
def campaigns() -> DynamoCampaigns:
    """Campaigns and how far they are."""
    return DynamoCampaigns(base.sync_state_table())


@cache
def ledger() -> DynamoLedger:
    """The rows of campaigns."""
    return DynamoLedger(base.sync_state_table())


@cache
def queues() -> SqsMessageQueues:
    """Rows to be sent, and rows to be asked about."""
    settings = base.settings()
    return SqsMessageQueues(
        clients.sqs(), send_queue_url=settings.send_queue_url, poll_queue_url=settings.poll_queue_url
    )


def sender_rate(sender: str) -> float:
    """How many messages a second a sender may send."""
    settled = base.configuration().messages
    return settled.sender_rates.get(sender, settled.sender_rate_per_s)


def now() -> int:
    """This moment, epoch ms."""
    return int(time.time() * 1000)
