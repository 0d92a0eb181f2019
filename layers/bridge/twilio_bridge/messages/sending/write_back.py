"""The rows' outcomes, written where they came from, or sent to the marketing system: behind the last row's end.

The campaign ends only once all of them are written. It remembers the last row written, so that a sweep that is ended
goes on from there: a record is then written again to the same, and of events the last one at most is posted twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from twilio_bridge.errors import RefusedError, SettingError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.messages.campaign import Campaign, CampaignSettings, WriteBack
from twilio_bridge.messages.ports import Campaigns, Ledger
from twilio_bridge.messages.row import Row

# Of one sweep, for the other campaigns wait for it.
MAX_TIME_MS = 20_000


class ResultBook(Protocol):
    """Where outcomes are written; `rows_per_write` are written together."""

    rows_per_write: int

    def write_results(self, settings: CampaignSettings, rows: Sequence[Row]) -> None:
        """Write the outcomes of rows; a record or person that is not there any more is left out.

        Raises:
            RefusedError: None will ever be written until somebody mends something.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBackDeps:
    """What results are written with; `find_book` returns the book that a campaign names."""

    campaigns: Campaigns
    ledger: Ledger
    find_book: Callable[[WriteBack], ResultBook]
    now: Callable[[], int]


def write_back_results(campaign: Campaign, deps: WriteBackDeps) -> Campaign | None:
    """Write what is not written yet, and return the campaign as it is then; None where rows are left for another time.

    A refusal is written beside the campaign and ends it: nothing will be written until somebody mends it.
    """
    if not campaign.settings.write_back:
        return campaign
    began_at = deps.now()

    while deps.now() - began_at < MAX_TIME_MS:
        try:
            book = deps.find_book(campaign.settings.write_back)
            rows = deps.ledger.list_rows(campaign.id, campaign.written_back, book.rows_per_write)
            if not rows:
                return campaign
            book.write_results(campaign.settings, rows)
        except (RefusedError, SettingError) as error:
            logger.error("results not written back", extra={"campaign": campaign.id, **describe_error(error)})
            return replace(campaign, cause=f"results could not be written back: {error}")

        written = replace(campaign, written_back=rows[-1].number)
        if not deps.campaigns.save_campaign(campaign, written):
            return None
        campaign = replace(written, version=campaign.version + 1)

    return None


def describe_outcome(row: Row) -> str:
    """Return what became of a row, for people: `delivered`, `Error`, `skipped: opted_out`."""
    if row.state == "skipped":
        return f"skipped: {row.reason}"
    return row.status or row.state
