"""When a campaign pauses by itself: too many of its messages failed, or it has cost as much as it may."""

from collections.abc import Callable

from twilio_bridge.messages.campaign import MICROS, Campaign
from twilio_bridge.messages.ports import Counts
from twilio_bridge.messages.row import Row

# A rate of less than so many messages means nothing.
MIN_SAMPLE_COUNT = 50


def find_pause_cause(campaign: Campaign, row: Row, read_counts: Callable[[], Counts]) -> str:
    """Return why the campaign has to pause before this row is sent; empty where it need not.

    The counts are read only where there is a limit.
    """
    limit = find_spend_limit(campaign)
    max_percent = campaign.settings.max_failure_percent
    if limit is None and max_percent is None:
        return ""

    counts = read_counts()
    if limit is not None and counts.spent_micros + (row.estimate_micros or 0) > limit:
        return f"the maximum spend of {limit / MICROS:.2f} {campaign.settings.currency} is reached"
    if max_percent is None:
        return ""

    failed, ended = count_ended(counts)
    failed, ended = failed - campaign.forgiven_failed, ended - campaign.forgiven_ended
    if ended < MIN_SAMPLE_COUNT or failed * 100 <= max_percent * ended:
        return ""
    return f"{failed} of {ended} messages failed, more than {max_percent:g} %"


def find_spend_limit(campaign: Campaign) -> int | None:
    """Return what the campaign may cost in millionths; None where there is no limit."""
    raised = campaign.max_spend_micros
    return campaign.settings.max_spend_micros if raised is None else raised


def count_ended(counts: Counts) -> tuple[int, int]:
    """Return how many rows failed, and how many were sent or failed."""
    failed = counts.count_outcome("failed")
    return failed, failed + counts.count_outcome("sent")
