"""One row's message: claimed, asked of Twilio once, and written down by the answer.

Whatever fails or is killed at any place, a person never gets a message twice: a row is claimed before the request, a
claim whose end is not known is looked up at Twilio (`resolving`), and a request that may have been accepted is never
repeated before that. https://www.twilio.com/docs/messaging/api/message-resource: there is no idempotency key.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from twilio_bridge import deadline
from twilio_bridge.errors import (
    BadRequestError,
    NotTakenError,
    OutOfTimeError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from twilio_bridge.logs import logger
from twilio_bridge.messages.campaign import Campaign, CampaignSettings
from twilio_bridge.messages.ports import Campaigns, Ledger, MessageQueues, Suppressions
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending import transitions
from twilio_bridge.messages.sending.message import MessageDraft, TwilioMessage
from twilio_bridge.messages.sending.message_status import Refusal, classify_refusal
from twilio_bridge.messages.sending.outcomes import (
    OutcomeDeps,
    name_row,
    note_code,
    report_second_message,
    save_report,
)
from twilio_bridge.messages.sending.ports import HeldSends, MessagesApi, Pacer
from twilio_bridge.messages.sending.steering import pause_campaign
from twilio_bridge.messages.texts.composing import compose_message
from twilio_bridge.messages.timing import limit_validity

MAX_DELAY_S: Final = 900
# One request with its timeouts; then there is still time to write down what came of it.
MAX_REQUEST_S: Final = 12.0
RATE_CODE: Final = 20429


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingDeps:
    """What sending works with.

    Attributes:
        callback_url: Where Twilio reports statuses; empty where there is no public address.
        sender_rate: Messages a second that a sender may send.
        lookup_after_ms: How old a request is when Twilio's listing shows for certain whether it was accepted.
        wait: Waits for so many milliseconds.
    """

    campaigns: Campaigns
    ledger: Ledger
    queues: MessageQueues
    held: HeldSends
    api: MessagesApi
    pacer: Pacer
    suppressions: Suppressions
    outcomes: OutcomeDeps
    callback_url: str
    sender_rate: Callable[[str], float]
    make_nonce: Callable[[], str]
    clock: Callable[[], int]
    wait: Callable[[int], None]
    lookup_after_ms: int


def send_row(campaign: Campaign, row: Row, send_at: int, closes_at: int | None, deps: SendingDeps) -> str:
    """Claim a waiting row and ask Twilio once; return what came of it."""
    claimed = transitions.claim_row(row, deps.clock(), deps.make_nonce(), send_at, closes_at)
    draft = make_draft(campaign.settings, claimed, deps.callback_url)
    if not deps.ledger.save_row(row, claimed):
        return "changed meanwhile"

    claimed = replace(claimed, version=row.version + 1)
    if deps.clock() - claimed.claimed_at > transitions.MAX_CLAIM_AGE_MS:
        return release_row(claimed, 0, deps, "too slow to send")
    return _ask_twilio(campaign, claimed, draft, deps)


def make_draft(settings: CampaignSettings, row: Row, callback_url: str) -> MessageDraft:
    """Return the row's message as Twilio is asked for it; the callback's address carries the row's key only."""
    composed = compose_message(settings, row.values)
    variables = json.dumps(composed.content_variables, ensure_ascii=False) if composed.content_sid else ""
    return MessageDraft(
        to=row.address,
        sender=row.sender,
        body="" if composed.content_sid else composed.body,
        media_urls=composed.media,
        content_sid=composed.content_sid,
        content_variables=variables,
        status_callback=f"{callback_url}?row={name_row(row)}.{row.nonce}" if callback_url else "",
        validity_s=limit_validity(settings.validity_s, row.closes_at, row.send_at or row.claimed_at),
        send_at=datetime.fromtimestamp(row.send_at / 1000, UTC) if row.send_at else None,
    )


def _ask_twilio(campaign: Campaign, row: Row, draft: MessageDraft, deps: SendingDeps) -> str:
    try:
        with deadline.limit(MAX_REQUEST_S):
            message = deps.api.create_message(draft)
    except RateLimitedError as error:
        return _act_on_refusal(row, error.code or RATE_CODE, "Too many requests", error.retry_after, deps)
    except NotTakenError:
        return release_row(row, transitions.backoff_ms(row.attempt, 0), deps, "not taken")
    except RefusedError as error:
        return _act_on_refusal(row, error.code or 0, error.detail, 0, deps)
    except (UnavailableError, OutOfTimeError):
        return doubt_row(row, deps)
    return record_message(campaign, row, message, deps)


def record_message(campaign: Campaign, row: Row, message: TwilioMessage, deps: SendingDeps) -> str:
    """Write that Twilio has the row's message, and look at it again after the interval."""
    saved = save_report(row, message, campaign.settings, deps.outcomes, deps.clock())
    report_second_message(saved, message.sid, deps.outcomes)

    if saved.state == "submitted" and saved.due_at:
        delay_s = (saved.due_at - deps.clock()) // 1000
        if delay_s <= MAX_DELAY_S:
            deps.queues.enqueue_polls(row.campaign, [row.number], max(delay_s, 1))
    return saved.state


def _act_on_refusal(row: Row, code: int, sentence: str, asked_s: float, deps: SendingDeps) -> str:
    """Let the row wait where it may be accepted later, all rows where the account is refused, else let it end."""
    kind = classify_refusal(code)

    if kind is Refusal.EVERYBODY:
        pause_for(row.campaign, f"Twilio accepts nothing from this account: error {code}", deps)
        return release_row(row, 0, deps, "paused")
    if kind is Refusal.LATER and row.attempt < transitions.MAX_ATTEMPTS_COUNT:
        return release_row(row, transitions.backoff_ms(row.attempt, asked_s), deps, "asked to wait")

    note_code(row, code, deps.clock(), deps.outcomes)
    return fail_row(row, code, sentence, deps)


def fail_row(row: Row, code: int, sentence: str, deps: SendingDeps) -> str:
    """Let the row end with the status Error, a code and a sentence."""
    if not deps.ledger.save_row(row, transitions.refuse_row(row, deps.clock(), code, sentence)):
        return "changed meanwhile"
    deps.outcomes.metrics.count("MessagesFailed")
    return "refused"


def pause_for(campaign_id: str, cause: str, deps: SendingDeps) -> None:
    """Pause the campaign for a cause; one that is not being sent any more stays as it is."""
    try:
        paused = pause_campaign(deps.campaigns, campaign_id, deps.clock(), cause)
    except BadRequestError:
        return
    if paused.cause == cause:
        deps.outcomes.metrics.count("CampaignsPaused")
        logger.warning("campaign paused", extra={"campaign": campaign_id, "cause": cause})


def release_row(row: Row, wait_ms: int, deps: SendingDeps, done: str) -> str:
    """Let the row wait again, for Twilio has nothing of it; the queue brings it back, or else the sweep."""
    if not deps.ledger.save_row(row, transitions.release_row(row, deps.clock(), wait_ms)):
        return "changed meanwhile"
    if wait_ms:
        deps.queues.enqueue_sends(row.campaign, [row.number], _whole_seconds(wait_ms))
    return done


def doubt_row(row: Row, deps: SendingDeps) -> str:
    """Let the row be looked up once Twilio's listing is complete; until then a callback may settle it."""
    look_at = max(row.claimed_at + deps.lookup_after_ms, deps.clock())
    if not deps.ledger.save_row(row, transitions.doubt_row(row, look_at)):
        return "changed meanwhile"
    deps.queues.enqueue_sends(row.campaign, [row.number], _whole_seconds(look_at - deps.clock()))
    return "in doubt"


def _whole_seconds(wait_ms: int) -> int:
    """Return a delay for SQS that is over no sooner than the wait."""
    return min(max(-(-wait_ms // 1000), 1), MAX_DELAY_S)
