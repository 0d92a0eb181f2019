"""Messages on their way: Twilio's callbacks, and questions about those that it is silent about."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace

from twilio_bridge.errors import BadRequestError
from twilio_bridge.forms import Form
from twilio_bridge.logs import logger
from twilio_bridge.messages.campaign import Campaign
from twilio_bridge.messages.ports import Campaigns, Ledger, MessageQueues
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending import transitions
from twilio_bridge.messages.sending.message import TwilioMessage
from twilio_bridge.messages.sending.outcomes import OutcomeDeps, report_second_message, save_report, write_row
from twilio_bridge.messages.sending.ports import MessagesApi

MAX_DELAY_S = 900
# A visit may come that much too soon, for clocks differ.
MAX_EARLY_MS = 1_000


@dataclass(frozen=True, slots=True)
class RowKey:
    """What a callback's address carries: the row, and what only its sender knows."""

    campaign: str
    number: int
    nonce: str


def parse_row_key(text: str) -> RowKey:
    """Return the key of `<campaign>.<number>.<nonce>`, or raise BadRequestError."""
    campaign, _, rest = text.partition(".")
    number, _, nonce = rest.partition(".")
    if not (campaign and nonce and number.isascii() and number.isdecimal()):
        raise BadRequestError("the parameter row is not what the bridge gave to Twilio")
    return RowKey(campaign, int(number), nonce)


def read_report(form: Form) -> TwilioMessage:
    """Return what a callback reports: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status."""
    code = form.get_text("ErrorCode")
    return TwilioMessage(
        sid=form.get_text("MessageSid") or form.require_text("SmsSid"),
        status=(form.get_text("MessageStatus") or form.get_text("SmsStatus")).lower(),
        error_code=int(code) if code.isascii() and code.isdecimal() else None,
        error_message=form.get_text("ErrorMessage"),
    )


def take_report(key: RowKey, report: TwilioMessage, campaigns: Campaigns, deps: OutcomeDeps, now: int) -> str:
    """Write what a callback reports into its row, and return the row's status; empty where it belongs to no row.

    The key finds the row also where the answer to the request was lost, so that nobody knew the message's SID.
    """
    campaign, row = campaigns.find_campaign(key.campaign), deps.ledger.find_row(key.campaign, key.number)
    if campaign is None or row is None or not hmac.compare_digest(row.nonce.encode(), key.nonce.encode()):
        logger.warning("a callback of no row", extra={"campaign": key.campaign, "row": key.number})
        return ""

    saved = save_report(row, report, campaign.settings, deps, now)
    report_second_message(saved, report.sid, deps)
    return saved.status


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingDeps:
    """What polls work with."""

    campaigns: Campaigns
    queues: MessageQueues
    api: MessagesApi
    outcomes: OutcomeDeps
    clock: Callable[[], int]

    @property
    def ledger(self) -> Ledger:
        """The rows."""
        return self.outcomes.ledger


def poll_row(campaign_id: str, number: int, deps: PollingDeps) -> str:
    """Ask Twilio for a message's status where it is silent, until it is final or the attempts are used.

    Then the row ends with the status that it has. A visit that comes too soon is one of two, and does nothing.
    """
    campaign, row = deps.campaigns.find_campaign(campaign_id), deps.ledger.find_row(campaign_id, number)
    now = deps.clock()
    if campaign is None or row is None or row.state != "submitted":
        return "nothing to do"
    if row.due_at and now < row.due_at - MAX_EARLY_MS:
        return "too early"

    if _is_silent(campaign, row, now):
        message = deps.api.fetch_message(row.sid)
        if message is None:
            return write_row(row, transitions.end_polling(row, now), deps.ledger, "gone")
        row = save_report(row, message, campaign.settings, deps.outcomes, now)
    return row.status if row.is_final else _plan_next(campaign, row, deps)


def _is_silent(campaign: Campaign, row: Row, now: int) -> bool:
    """Return whether no callback has come within the interval; the first poll is as old as the message."""
    has_callback = row.status_at > row.submitted_at
    return not has_callback or now - row.status_at >= campaign.settings.retry_interval_ms


def _plan_next(campaign: Campaign, row: Row, deps: PollingDeps) -> str:
    """Count the attempt and queue the next, or end where it was the last."""
    now = deps.clock()
    asked = replace(row, polls=row.polls + 1)
    if asked.polls >= campaign.settings.retry_attempts:
        return write_row(row, transitions.end_polling(asked, now), deps.ledger, "attempts used")

    next_at = transitions.next_poll_at(asked, campaign.settings, now)
    done = write_row(row, replace(asked, due_at=next_at), deps.ledger, "asked")
    delay_s = -(-(next_at - now) // 1000)
    if done == "asked" and delay_s <= MAX_DELAY_S:
        deps.queues.enqueue_polls(row.campaign, [row.number], delay_s)
    return done
