"""The part of the wiring that sends messages; see `wiring`."""

import secrets
import time
from functools import cache

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.held_sends import SqsHeldSends
from twilio_bridge.adapters.aws.queues import SqsQueue
from twilio_bridge.adapters.state.message_turns import DynamoPacer
from twilio_bridge.adapters.state.opted_out import DynamoOptedOut
from twilio_bridge.messages.sending.requesting import SendingDeps
from twilio_bridge.messages.suppressions import AllSuppressions, MarkedNumbers, OptedOutContacts
from twilio_bridge.wiring import base, contacts, following
from twilio_bridge.wiring.campaign_state import campaigns, now, queues, sender_rate

NONCE_BYTES = 12


@cache
def send_queue() -> SqsQueue:
    """Rows that are to be sent."""
    return SqsQueue(clients.sqs(), base.settings().send_queue_url)


def sending_deps() -> SendingDeps:
    """What sending works with, by the configuration in force and the login that the secret holds now."""
    outcomes = following.outcome_deps()
    return SendingDeps(
        campaigns=campaigns(),
        ledger=outcomes.ledger,
        queues=queues(),
        held=_held_sends(),
        api=following.messages_api(),
        pacer=DynamoPacer(base.sync_state_table()),
        outcomes=outcomes,
        callback_url=base.settings().status_callback_url,
        suppressions=_suppressions(),
        sender_rate=sender_rate,
        make_nonce=lambda: secrets.token_urlsafe(NONCE_BYTES),
        clock=now,
        wait=lambda milliseconds: time.sleep(milliseconds / 1000),
        lookup_after_ms=base.configuration().messages.lookup_after_s * 1000,
    )


@cache
def _held_sends() -> SqsHeldSends:
    return SqsHeldSends(clients.sqs(), base.settings().send_queue_url)


def _suppressions() -> AllSuppressions:
    """Whom nothing is sent: by requests, by the copy of the contacts, by marks."""
    table, copy = base.sync_state_table(), contacts.contact_cache()
    records = OptedOutContacts(copy.find_by_address, base.opt_outs(), contacts.directory())
    return AllSuppressions([DynamoOptedOut(table), records, MarkedNumbers(following.outcome_deps().marks)])
