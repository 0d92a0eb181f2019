"""Pause, resume and cancel: changes of a campaign that may be asked for twice and cross others."""

from collections.abc import Callable
from dataclasses import replace

from twilio_bridge.errors import BadRequestError, NotFoundError, UnavailableError
from twilio_bridge.messages.campaign import MICROS, Campaign
from twilio_bridge.messages.ports import Campaigns, Counts
from twilio_bridge.messages.sending.limits import count_ended, find_spend_limit

MAX_TRIES_COUNT = 6


def pause_campaign(campaigns: Campaigns, campaign_id: str, at: int, cause: str) -> Campaign:
    """Let no further row be sent; planning goes on, and what Twilio has is followed all the same.

    Raises:
        BadRequestError: The campaign has come to an end; one that is paused already keeps its first cause.
    """

    def pause(campaign: Campaign) -> Campaign:
        if campaign.state == "paused":
            return campaign
        _require(campaign, {"planning", "sending"}, "paused")
        return campaign.change_state("paused", at, cause)

    return _change(campaigns, campaign_id, pause)


def resume_campaign(
    campaigns: Campaigns,
    campaign_id: str,
    at: int,
    read_counts: Callable[[], Counts],
    max_spend_micros: int | None = None,
) -> Campaign:
    """Let rows be sent again; failures so far are forgiven, and a spend needs a higher limit.

    Raises:
        BadRequestError: The campaign is not paused, or has cost as much as it may.
    """

    def resume(campaign: Campaign) -> Campaign:
        if campaign.state in {"planning", "sending"} and max_spend_micros is None:
            return campaign
        _require(campaign, {"planning", "sending", "paused"}, "resumed")

        counts = read_counts()
        failed, ended = count_ended(counts)
        limit = find_spend_limit(campaign) if max_spend_micros is None else max_spend_micros
        if limit is not None and counts.spent_micros >= limit:
            raise BadRequestError(
                f"the campaign {campaign_id} has cost {counts.spent_micros / MICROS:.2f} of {limit / MICROS:.2f} "
                f"{campaign.settings.currency}; resume it with a higher maxSpend"
            )
        forgiven = replace(
            campaign,
            forgiven_failed=failed,
            forgiven_ended=ended,
            max_spend_micros=campaign.max_spend_micros if max_spend_micros is None else max_spend_micros,
        )
        return forgiven.change_state("sending" if campaign.planning.is_complete else "planning", at)

    return _change(campaigns, campaign_id, resume)


def cancel_campaign(campaigns: Campaigns, campaign_id: str, at: int, cause: str) -> Campaign:
    """Let nothing further be sent, and what Twilio has only scheduled be canceled; it is `cancelled` once all is done.

    Raises:
        BadRequestError: The campaign has come to an end.
    """

    def cancel(campaign: Campaign) -> Campaign:
        if campaign.state in {"cancelling", "cancelled"}:
            return campaign
        _require(campaign, {"planning", "sending", "paused"}, "cancelled")
        return campaign.change_state("cancelling", at, cause)

    return _change(campaigns, campaign_id, cancel)


def _require(campaign: Campaign, states: set[str], wanted: str) -> None:
    if campaign.state not in states:
        listed = " or ".join(sorted(states))
        raise BadRequestError(
            f"the campaign {campaign.id} is {campaign.state}: only one that is {listed} can be {wanted}"
        )


def _change(campaigns: Campaigns, campaign_id: str, change: Callable[[Campaign], Campaign]) -> Campaign:
    """Write a change of the campaign as it is now, and decide anew where somebody else was first."""
    for _ in range(MAX_TRIES_COUNT):
        before = campaigns.find_campaign(campaign_id)
        if before is None:
            raise NotFoundError(f"there is no campaign {campaign_id}")

        after = change(before)
        if after == before or campaigns.save_campaign(before, after):
            return after

    raise UnavailableError("campaigns", "a campaign is changed all the time")
