"""How a row changes: each function returns the row as it is afterwards, and is called again where a change is lost.

`due_at` is when a row is to be sent, or to be looked at next. A queue with a delay brings it then; where that fails,
the sweep does a little later.
"""

from dataclasses import replace

from twilio_bridge.messages.campaign import CampaignSettings
from twilio_bridge.messages.row import Row, SkipReason
from twilio_bridge.messages.sending.message import TwilioMessage
from twilio_bridge.messages.sending.message_status import ERROR, SCHEDULED, TERMINAL, is_progress

# Whoever claimed a row sends it within MAX_CLAIM_AGE_MS or not at all, and has given up the request by SENDER_GONE_MS.
MAX_CLAIM_AGE_MS = 5_000
SENDER_GONE_MS = 60_000
CLAIM_MS = 300_000
# A message that Twilio refuses for now is tried so often in all.
MAX_ATTEMPTS_COUNT = 10
FIRST_WAIT_MS, MAX_WAIT_MS = 2_000, 900_000
MAX_MESSAGE_LENGTH = 500


def claim_row(row: Row, now: int, nonce: str, send_at: int, closes_at: int | None) -> Row:
    """Return the row as its sender takes it, before anything is sent; its first nonce stays: callbacks come late."""
    return replace(
        row,
        state="sending",
        attempt=row.attempt + 1,
        claimed_at=now,
        nonce=row.nonce or nonce,
        send_at=send_at,
        closes_at=closes_at,
        due_at=now + CLAIM_MS,
    )


def release_row(row: Row, now: int, wait_ms: int) -> Row:
    """Return a row of which Twilio has certainly nothing, to be sent after `wait_ms`, or when it was to be sent."""
    return replace(row, state="waiting", send_at=0, due_at=max(row.send_at, now + wait_ms))


def postpone_row(row: Row, due_at: int, closes_at: int | None) -> Row:
    """Return a row that may not be sent now, with its next window."""
    return replace(row, due_at=due_at, closes_at=closes_at)


def doubt_row(row: Row, look_at: int) -> Row:
    """Return a row that Twilio may have or not, to be looked up at a moment."""
    return replace(row, state="uncertain", due_at=look_at)


def refuse_row(row: Row, now: int, code: int, sentence: str) -> Row:
    """Return a row that the API refused, with Twilio's code and sentence in fields of their own."""
    return replace(
        row,
        state="error",
        status=ERROR,
        status_at=now,
        error_code=code,
        error_message=sentence[:MAX_MESSAGE_LENGTH],
        ended_at=now,
        due_at=None,
    )


def skip_row(row: Row, now: int, reason: SkipReason, detail: str = "") -> Row:
    """Return a row that is not to be sent after all."""
    return replace(row, state="skipped", reason=reason, detail=detail, ended_at=now, due_at=None)


def cancel_row(row: Row, now: int) -> Row:
    """Return a row that was canceled before Twilio had it."""
    return replace(row, state="cancelled", ended_at=now, due_at=None)


def apply_report(row: Row, message: TwilioMessage, settings: CampaignSettings, now: int) -> Row:
    """Return the row with what Twilio reports of its message; the same row where that is nothing new.

    A row without a message has been submitted: here it is, even where the row had been given up. A status never goes
    backwards, also behind the end that was assumed when the polls were used up.
    """
    if row.sid and row.sid != message.sid:
        return row

    known = row if row.sid else _submit_row(row, message, settings, now)
    known = _take_in_facts(known, message)
    if is_progress(known.status, message.status):
        known = replace(known, status=message.status, status_at=now)
    if known.status in TERMINAL:
        known = replace(known, state="ended", ended_at=known.ended_at or now, due_at=None)
    return known


def _submit_row(row: Row, message: TwilioMessage, settings: CampaignSettings, now: int) -> Row:
    """Return the row with its message; one that had come to an end has another one now, and is not polled."""
    submitted = replace(row, sid=message.sid, submitted_at=now, polls=0, reason="", detail="")
    if row.is_final:
        return replace(submitted, state="ended", status="", error_code=0, error_message="")
    return replace(submitted, state="submitted", due_at=next_poll_at(row, settings, now))


def _take_in_facts(row: Row, message: TwilioMessage) -> Row:
    """Return the row with what Twilio knows and did not know before; code and sentence belong to an end."""
    is_end = is_progress(row.status, message.status) and message.status in TERMINAL
    return replace(
        row,
        error_code=message.error_code or row.error_code if is_end else row.error_code,
        error_message=(message.error_message or row.error_message)[:MAX_MESSAGE_LENGTH]
        if is_end
        else row.error_message,
        segments=message.segments or row.segments,
        price_micros=row.price_micros if message.price_micros is None else message.price_micros,
    )


def forget_message(row: Row, now: int) -> Row:
    """Return a row whose message turned out to be another row's: it is looked up anew."""
    return replace(
        row,
        state="uncertain",
        due_at=now,
        sid="",
        status="",
        error_code=0,
        error_message="",
        price_micros=None,
        submitted_at=0,
        ended_at=0,
    )


def next_poll_at(row: Row, settings: CampaignSettings, now: int) -> int:
    """Return when Twilio is to be asked next: after the interval; of a scheduled message, once it was to be sent."""
    return max(now, row.send_at if row.status in {"", "accepted", SCHEDULED} else 0) + settings.retry_interval_ms


def end_polling(row: Row, now: int) -> Row:
    """Return a row whose attempts are used: it ends with the status it has."""
    return replace(row, state="ended", ended_at=now, due_at=None)


def backoff_ms(attempt: int, asked_s: float) -> int:
    """Return how long to wait behind so many attempts, doubled each time, and never less than Twilio asks for."""
    doubled = FIRST_WAIT_MS * 2 ** min(attempt - 1, 16)
    return int(min(max(doubled, asked_s * 1000), MAX_WAIT_MS))
