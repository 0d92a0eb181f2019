"""What messages ask of the outside; see `twilio_bridge.ports` for the rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from twilio_bridge.messages.campaign import Campaign, CampaignSettings, Source
from twilio_bridge.messages.row import Outcome, Row, SkipReason


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


PARTITIONS = 16  # of a campaign's rows
DueKind = Literal["waiting", "lookup"]


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

    def read_sweep(self, campaign_id: str) -> Mapping[str, Any]:
        """Return what the last sweep wrote about a campaign, nothing where none did."""

    def write_sweep(self, campaign_id: str, swept: Mapping[str, Any]) -> None:
        """Write what the next sweep goes on from, in plain values."""


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

    def list_due(
        self, campaign_id: str, kind: "DueKind", partition: int, until: int, after: str, limit: int
    ) -> list["DueRow"]:
        """Return up to `limit` rows of a partition that are due at `until` or before, behind a place, in order.

        There are PARTITIONS of them; what was just written may lack. `waiting` are rows that nobody has begun to send,
        `lookup` those that Twilio has or may have.
        """

    def read_counts(self, campaign_id: str) -> Counts:
        """Return what changes of rows have added to the counts, and taken from them, since planning added the rows."""

    def tally_rows(self, campaign_id: str) -> Counts:
        """Return the counts by the rows themselves: all of them are read, as of now."""


@dataclass(frozen=True, slots=True)
class DueRow:
    """A row that is due; `place` orders it among all of its campaign, by when it is due and then by its number."""

    place: str
    number: int
    state: str
    due_at: int
    is_scheduled: bool = False


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


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row as its source has it: where it stands, its values by column, and the place that the next row begins at.

    `fault` is why it cannot be read; `is_opted_out` is what the source itself has of it.
    """

    origin: str
    values: Mapping[str, str]
    place_after: str
    fault: str = ""
    is_opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """A source that was looked at: what was found of it, its columns, and why it cannot be used."""

    source: Source
    columns: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class RowSources(Protocol):
    """Where campaigns' rows stand."""

    def describe(self, source: Source, columns: Sequence[str]) -> Described:
        """Return a source with its encoding and delimiter, and which columns it has; `columns` are those wanted."""

    def read_rows(self, source: Source, columns: Sequence[str], place: str) -> Iterator[SourceRow]:
        """Return the rows from a place on, the first one from an empty place.

        RefusedError where the source has changed since it was described.
        """


class RowFiles(Protocol):
    """Where rows that came with a request are kept until they are planned."""

    def store_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> Source:
        """Write rows under a name, and return the source that reads them."""


class OwnSenders(Protocol):
    """The account's numbers and Messaging Services."""

    def find_unknown(self, numbers: Sequence[str], messaging_services: Sequence[str]) -> list[str]:
        """Return those of them that the account does not have, or that cannot send."""


class Suppressions(Protocol):
    """Whom nothing is sent: who opted out, and numbers that earlier messages have shown to be unreachable."""

    def find_suppressed(self, addresses: Sequence[str]) -> Mapping[str, SkipReason]:
        """Return why an address gets nothing, for those that are suppressed."""


class Marks(Protocol):
    """Numbers that earlier messages have shown to be unreachable."""

    def find_marked(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Return why a number gets nothing, `unreachable_number` or `landline`, for those that are marked."""
