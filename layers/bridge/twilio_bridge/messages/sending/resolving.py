"""Rows of which nobody knows whether Twilio has their message: the answer was lost, or the sender was killed."""

from twilio_bridge.messages.campaign import Campaign
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending import transitions
from twilio_bridge.messages.sending.matching import MAX_SKEW_MS, find_matches
from twilio_bridge.messages.sending.outcomes import name_row, save_report, write_row
from twilio_bridge.messages.sending.requesting import (
    SendingDeps,
    doubt_row,
    fail_row,
    make_draft,
    record_message,
    release_row,
)

NEVER_TAKEN = "Twilio answered none of the requests for this message and has not taken it"


def resolve_row(campaign: Campaign, row: Row, deps: SendingDeps) -> str:
    """Look a row's message up at Twilio; it is sent again only where Twilio has certainly none.

    That is where the request is so old that nobody is waiting for its answer any more, and that Twilio's listing would
    show it.
    """
    age_ms = deps.clock() - row.claimed_at
    if row.state == "sending" and age_ms < transitions.SENDER_GONE_MS:
        return "being sent"
    if age_ms < deps.lookup_after_ms:
        return "too early" if row.state == "uncertain" else doubt_row(row, deps)

    deps.outcomes.metrics.count("MessagesLookedUp")
    draft = make_draft(campaign.settings, row, deps.callback_url)
    listed = deps.api.find_messages(row.address, (row.claimed_at - MAX_SKEW_MS) / 1000)
    for message in find_matches(draft, row.claimed_at, listed):
        if deps.outcomes.sent.claim_message(message.sid, name_row(row)):
            return record_message(campaign, row, message, deps)

    return _give_back(campaign, row, deps)


def _give_back(campaign: Campaign, row: Row, deps: SendingDeps) -> str:
    """Let a row that Twilio has not wait to be sent again; it ends where it is cancelled or was tried often enough."""
    if campaign.state == "cancelling":
        return write_row(row, transitions.cancel_row(row, deps.clock()), deps.ledger, "cancelled")
    if row.attempt >= transitions.MAX_ATTEMPTS_COUNT:
        return fail_row(row, 0, NEVER_TAKEN, deps)
    return release_row(row, transitions.backoff_ms(row.attempt, 0), deps, "not there")


def cancel_submitted(campaign: Campaign, row: Row, deps: SendingDeps) -> str:
    """Cancel a message that Twilio has only scheduled; where it is too late it is followed like any other."""
    if row.state != "submitted" or not row.send_at or row.send_at <= deps.clock():
        return "nothing to do"

    message = deps.api.cancel_message(row.sid) or deps.api.fetch_message(row.sid)
    if message is None:
        return "gone"
    return save_report(row, message, campaign.settings, deps.outcomes, deps.clock()).state
