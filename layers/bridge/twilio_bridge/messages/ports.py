"""What messages ask of the outside; see `twilio_bridge.ports` for the rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twilio_bridge.messages.campaign import Campaign, CampaignSettings
from twilio_bridge.messages.row import Outcome, Row


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows stand where, by `Row.tally`, and what they cost so far (millionths)."""

    tallies: Mapping[str, int] = field(default_factory=dict)
    spent_micros: int = 0

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.tallies.values())

    @property
    def open(self) -> int:
        """Rows whose outcome is open."""
        return sum(count for name, count in self.tallies.items() if outcome_of(name) is None)

    def count_outcome(self, outcome: Outcome) -> int:
        """Return how many rows ended so."""
        return sum(count for name, count in self.tallies.items() if outcome_of(name) == outcome)


OUTCOMES: Mapping[str, Outcome] = {
    "ended_failed": "failed",
    "ended_undelivered": "failed",
    "ended_canceled": "cancelled",
    "error": "failed",
    "cancelled": "cancelled",
}


def outcome_of(tally: str) -> Outcome | None:
    """Return the outcome that a tally's rows have; None where it is open."""
    if tally.startswith("skipped"):
        return "skipped"
    return OUTCOMES.get(tally) or ("sent" if tally.startswith("ended") else None)


class Campaigns(Protocol):
    """Campaigns, by their ids."""

    def create_campaign(self, settings: CampaignSettings, at: int) -> Campaign:
        """Write a campaign that begins to be planned, and return it; or the one that has this id already."""

    def find_campaign(self, campaign_id: str) -> Campaign | None:
        """Return a campaign as of now."""

    def save_campaign(self, before: Campaign, after: Campaign) -> bool:
        """Write a campaign's state; False where somebody has changed it since `before` was read."""

    def list_active(self) -> list[str]:
        """Return the ids of the campaigns that are not final; one that was created just now may lack."""


class Ledger(Protocol):
    """The rows of campaigns."""

    def add_rows(self, rows: Sequence[Row]) -> list[Row]:
        """Write new rows of one campaign, at most 100 in a sequence of numbers, and return what stands there then.

        A row whose address another row of the campaign has becomes skipped as a duplicate. A row that stands there
        already stays as it is.
        """

    def find_row(self, campaign_id: str, number: int) -> Row | None:
        """Return a row as of now."""

    def save_row(self, before: Row, after: Row) -> bool:
        """Write a row and count it; False where somebody has changed it since `before` was read."""

    def list_rows(self, campaign_id: str, after: int, limit: int) -> list[Row]:
        """Return up to `limit` rows with a higher number, in order."""

    def list_due(self, campaign_id: str, until: int, after: Mapping[int, str], limit: int) -> Iterator["DueRow"]:
        """Return up to `limit` rows of each partition that are due at `until` or before, behind a place in it."""

    def read_counts(self, campaign_id: str) -> Counts:
        """Return the counts of the rows that planning has added, and of everything since."""


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row that is due: its partition and place in the index, and what is known of it without reading it."""

    partition: int
    place: str
    number: int
    state: str


class MessageQueues(Protocol):
    """The queues of rows: what is to be sent, and what Twilio is to be asked about."""

    def enqueue_sends(self, campaign_id: str, numbers: Sequence[int], delay_s: int = 0) -> None:
        """Queue rows for SendMessageFunction, ten a request."""

    def enqueue_polls(self, campaign_id: str, numbers: Sequence[int], delay_s: int = 0) -> None:
        """Queue rows for PollMessageStatusFunction, ten a request; a delay is 900 s at most."""


class Continuation(Protocol):
    """The invocation that goes on planning a campaign."""

    def request_planning(self, campaign_id: str) -> None:
        """Invoke CampaignsFunction without waiting for it."""


class OwnSenders(Protocol):
    """The account's numbers and Messaging Services."""

    def find_unknown(self, numbers: Sequence[str], messaging_services: Sequence[str]) -> list[str]:
        """Return those of them that the account does not have, or that cannot send."""


class Marks(Protocol):
    """Numbers that earlier messages have shown to be unreachable."""

    def find_marked(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Return why a number gets nothing, `unreachable_number` or `landline`, for those that are marked."""
