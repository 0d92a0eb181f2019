"""A row whose time has come: its turn is waited for, what forbids sending is looked at once more, then it is sent."""

from dataclasses import dataclass, replace
from typing import Final

from twilio_bridge import deadline, phone
from twilio_bridge.messages.campaign import Campaign, CampaignSettings
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending import transitions
from twilio_bridge.messages.sending.limits import find_pause_cause
from twilio_bridge.messages.sending.outcomes import queue_opt_out, write_row
from twilio_bridge.messages.sending.requesting import MAX_DELAY_S, MAX_REQUEST_S, SendingDeps, pause_for, send_row
from twilio_bridge.messages.sending.resolving import cancel_submitted, resolve_row
from twilio_bridge.messages.timing import find_slot

# A turn no longer ahead than this is waited for; one that passed longer ago is taken anew.
MAX_WAIT_MS: Final = 1_500
MAX_LATE_MS: Final = 2_000
# With less time than a request may take, and what is written around it, none is begun.
NEEDED_S: Final = MAX_REQUEST_S + 2
# https://www.twilio.com/docs/api/errors/35114: SendAt is at least 15 minutes ahead.
MIN_SEND_AHEAD_MS: Final = 900_000
# The turns that a row has: none, its sender's, and its campaign's besides.
NO_TURN, SENDERS_TURN, BOTH_TURNS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class SendJob:
    """A row of a campaign, and the turn that it has taken already (epoch ms)."""

    campaign: str
    number: int
    stage: int = NO_TURN
    turn_at: int = 0


def do_send_job(job: SendJob, deps: SendingDeps) -> str:
    """Do what the state of a row asks for, and return what was done."""
    campaign, row = deps.campaigns.find_campaign(job.campaign), deps.ledger.find_row(job.campaign, job.number)
    if campaign is None or row is None or row.is_final:
        return "nothing to do"

    if row.state in {"sending", "uncertain"}:
        return resolve_row(campaign, row, deps)
    if campaign.state == "cancelling" and row.state == "waiting":
        return write_row(row, transitions.cancel_row(row, deps.clock()), deps.ledger, "cancelled")
    if campaign.state == "cancelling":
        return cancel_submitted(campaign, row, deps)
    if row.state != "waiting" or campaign.state != "sending":
        return "nothing to do"
    return _send_in_turn(job, campaign, row, deps)


def _send_in_turn(job: SendJob, campaign: Campaign, row: Row, deps: SendingDeps) -> str:
    send_at = _find_send_at(campaign.settings, row, deps.clock())
    if send_at is None:
        return "not due yet"

    turn = _take_turn(job, campaign.settings, row, deps)
    ahead_ms = turn.turn_at - deps.clock()
    if turn.stage != BOTH_TURNS or ahead_ms > MAX_WAIT_MS:
        delay_s = min(ahead_ms // 1000, MAX_DELAY_S)
        deps.held.hold_send(turn.campaign, turn.number, turn.stage, turn.turn_at, delay_s)
        return "held"
    if ahead_ms > 0:
        deps.wait(ahead_ms)
        return do_send_job(turn, deps)  # for much may have changed

    if deadline.seconds_left(NEEDED_S) < NEEDED_S:
        deps.held.hold_send(turn.campaign, turn.number, turn.stage, turn.turn_at, 0)
        return "no time left"
    if cause := find_pause_cause(campaign, row, lambda: deps.ledger.read_counts(campaign.id)):
        pause_for(campaign.id, cause, deps)
        return "paused"
    return _send_if_allowed(campaign, row, send_at, deps)


def _find_send_at(settings: CampaignSettings, row: Row, now: int) -> int | None:
    """Return the SendAt to hand to Twilio, 0 for none; None where the row's time has not come."""
    due_at = row.due_at or now
    if due_at <= now:
        return 0
    is_for_twilio = settings.is_scheduled_at_twilio and row.sender.startswith("MG")
    return due_at if is_for_twilio and due_at - now >= MIN_SEND_AHEAD_MS else None


def _take_turn(job: SendJob, settings: CampaignSettings, row: Row, deps: SendingDeps) -> SendJob:
    """Return the job with the turn that it waits for: its sender's first, then its campaign's.

    A row takes a turn of each once, and not before it can be used: so neither a slow sender nor a campaign of several
    holds others up, and each keeps to its rate.
    """
    now = deps.clock()
    if job.stage != NO_TURN and job.turn_at < now - MAX_LATE_MS:
        job = replace(job, stage=job.stage - 1)

    if job.stage == NO_TURN:
        turn_at = deps.pacer.take_turn(f"sender {row.sender}", deps.sender_rate(row.sender))
        job = replace(job, stage=SENDERS_TURN, turn_at=turn_at)
    if job.stage == SENDERS_TURN and job.turn_at - now <= MAX_WAIT_MS:
        turn_at = deps.pacer.take_turn(f"campaign {settings.id}", settings.rate_per_s)
        job = replace(job, stage=BOTH_TURNS, turn_at=max(turn_at, job.turn_at))
    return job


def _send_if_allowed(campaign: Campaign, row: Row, send_at: int, deps: SendingDeps) -> str:
    """Send a row unless its person, or the hour where they are, forbids it now."""
    settings, now = campaign.settings, deps.clock()
    if reason := deps.suppressions.find_suppressed([row.address]).get(row.address):
        # Twilio may have answered so, and whoever wrote that was killed behind it.
        if reason == "opted_out" and row.attempt:
            queue_opt_out(phone.strip_channel(row.address), deps.outcomes)
        deps.outcomes.metrics.count("MessagesSkipped")
        return write_row(
            row, transitions.skip_row(row, now, reason, "found when it was to be sent"), deps.ledger, "skipped"
        )

    moment = send_at or now
    slot = find_slot(row.address, settings.window, settings.timezone, moment)
    if slot is None:
        return write_row(row, transitions.skip_row(row, now, "no_window"), deps.ledger, "skipped")
    if slot.due_at > moment:
        return write_row(row, transitions.postpone_row(row, slot.due_at, slot.closes_at), deps.ledger, "postponed")
    return send_row(campaign, row, send_at, slot.closes_at, deps)
