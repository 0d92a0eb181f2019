"""What a row's end means for its number and its person, and reports that are written into rows."""

from dataclasses import dataclass, replace

from twilio_bridge import phone
from twilio_bridge.errors import UnavailableError
from twilio_bridge.logs import logger
from twilio_bridge.messages.campaign import CampaignSettings
from twilio_bridge.messages.ports import Ledger
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending.message import TwilioMessage
from twilio_bridge.messages.sending.message_status import (
    ARRIVED,
    INVALID_NUMBER_CODES,
    LANDLINE_CODE,
    OPTED_OUT_CODE,
    UNREACHABLE_CODE,
)
from twilio_bridge.messages.sending.ports import MessageMetrics, NumberMarks, SentMessages
from twilio_bridge.messages.sending.transitions import apply_report, forget_message
from twilio_bridge.ports import OptOuts, Outbox

# Others change a row once or twice while we do.
MAX_TRIES_COUNT = 6
FIGURES = {
    "delivered": "MessagesDelivered",
    "undelivered": "MessagesUndelivered",
    "failed": "MessagesFailed",
    "canceled": "MessagesCanceled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeDeps:
    """What outcomes are written with."""

    ledger: Ledger
    marks: NumberMarks
    opt_outs: OptOuts
    outbox: Outbox
    sent: SentMessages
    metrics: MessageMetrics


def name_row(row: Row) -> str:
    """Return what a row is called outside its campaign."""
    return f"{row.campaign}.{row.number}"


def save_report(row: Row, message: TwilioMessage, settings: CampaignSettings, deps: OutcomeDeps, now: int) -> Row:
    """Write what Twilio reports of a row's message, and return the row as it is then.

    Raises:
        UnavailableError: Others have changed the row each time.
    """
    for _ in range(MAX_TRIES_COUNT):
        after = apply_report(row, message, settings, now)
        if after == row:
            return row
        if not row.sid:
            _own_message(row, message.sid, deps, now)
        if after.status != row.status:
            note_code(row, after.error_code, now, deps)
            clear_strikes(after, deps)

        if deps.ledger.save_row(row, after):
            _count(row, after, deps.metrics)
            return replace(after, version=row.version + 1)
        row = deps.ledger.find_row(row.campaign, row.number) or row

    raise UnavailableError("ledger", "a row is changed all the time")


def report_second_message(saved: Row, sid: str, deps: OutcomeDeps) -> None:
    """Log and count where a row has another message than the one that Twilio reports: a person may get two."""
    if saved.sid == sid:
        return
    deps.metrics.count("PossibleDuplicates")
    known = {"campaign": saved.campaign, "row": saved.number, "messages": [saved.sid, sid]}
    logger.error("a row has two messages", extra=known)


def write_row(before: Row, after: Row, ledger: Ledger, done: str) -> str:
    """Write a change of a row, and return `done`, or that somebody else has changed it."""
    return done if ledger.save_row(before, after) else "changed meanwhile"


def _own_message(row: Row, sid: str, deps: OutcomeDeps, now: int) -> None:
    """Write whose message it is: by its own answer, by its key, or by a look-up that has claimed it.

    A look-up may have taken it for another row's, which had the same text for the same person at the same moment: that
    row is in doubt again.
    """
    former = deps.sent.move_message(sid, name_row(row))
    if former in {"", name_row(row)}:
        return

    campaign, _, number = former.rpartition(".")
    mistaken = deps.ledger.find_row(campaign, int(number))
    if mistaken and mistaken.sid == sid:
        logger.warning("a look-up took another row's message", extra={"campaign": campaign, "row": int(number)})
        deps.ledger.save_row(mistaken, forget_message(mistaken, now))


def note_code(row: Row, code: int, now: int, deps: OutcomeDeps) -> None:
    """Write what a code means for later: an opt-out, a number that is none, a landline, a phone that was off.

    It may be written twice: the row is saved behind it, so that nothing is lost between the two. What WhatsApp does
    not reach may be reached by SMS, and is not marked.
    """
    number = phone.strip_channel(row.address)
    if code == OPTED_OUT_CODE:
        record_opt_out(number, now, deps)
    elif phone.is_whatsapp(row.address):
        return
    elif code in INVALID_NUMBER_CODES:
        deps.marks.mark_number(number, "unreachable_number")
    elif code == LANDLINE_CODE:
        deps.marks.mark_number(number, "landline")
    elif code == UNREACHABLE_CODE:
        deps.marks.add_strike(number, name_row(row))


def record_opt_out(number: str, now: int, deps: OutcomeDeps) -> None:
    """Write an opt-out that Twilio knows of, and let Airtable and Brevo have it by their queues."""
    if deps.opt_outs.record_request(number, True, now / 1000) is not None:
        queue_opt_out(number, deps)


def queue_opt_out(number: str, deps: OutcomeDeps) -> None:
    """Let Airtable and Brevo have a person's latest request; once more does nothing."""
    deps.outbox.enqueue_airtable_opt_out(number)
    deps.outbox.enqueue_brevo_opt_out(number)


def clear_strikes(row: Row, deps: OutcomeDeps) -> None:
    """Forget that a phone was off: it is on."""
    if row.status in ARRIVED:
        deps.marks.clear_strikes(phone.strip_channel(row.address))


def _count(before: Row, after: Row, metrics: MessageMetrics) -> None:
    if not before.sid:
        metrics.count("MessagesSubmitted")
    if before.status != after.status and after.status in FIGURES:
        metrics.count(FIGURES[after.status])
