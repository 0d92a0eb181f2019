"""Campaigns, their rows and queues in this process; they pass the contract tests of the real ones."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twilio_bridge import phone
from twilio_bridge.errors import RefusedError
from twilio_bridge.messages.campaign import Campaign, CampaignSettings, Source
from twilio_bridge.messages.ports import PARTITIONS, Counts, Described, DueKind, DueRow, SourceRow
from twilio_bridge.messages.row import Row, SkipReason


@dataclass
class MemoryCampaigns:
    """The port Campaigns."""

    campaigns: dict[str, Campaign] = field(default_factory=dict)
    sweeps: dict[str, dict[str, Any]] = field(default_factory=dict)

    def create_campaign(self, settings: CampaignSettings, at: int) -> Campaign:
        return self.campaigns.setdefault(
            settings.id, Campaign(settings=settings, version=1, created_at=at, changed_at=at)
        )

    def find_campaign(self, campaign_id: str) -> Campaign | None:
        return self.campaigns.get(campaign_id)

    def save_campaign(self, before: Campaign, after: Campaign) -> bool:
        if self.campaigns[before.id].version != before.version:
            return False
        self.campaigns[before.id] = replace(after, version=before.version + 1)
        return True

    def list_active(self) -> list[str]:
        return [campaign.id for campaign in self.campaigns.values() if not campaign.is_final]

    def read_sweep(self, campaign_id: str) -> Mapping[str, Any]:
        return self.sweeps.get(campaign_id, {})

    def write_sweep(self, campaign_id: str, swept: Mapping[str, Any]) -> None:
        self.sweeps[campaign_id] = dict(swept)


@dataclass
class MemoryLedger:
    """The port Ledger."""

    rows: dict[tuple[str, int], Row] = field(default_factory=dict)
    owners: dict[tuple[str, str], int] = field(default_factory=dict)
    changes: dict[str, Counter[str]] = field(default_factory=dict)
    spent: Counter[str] = field(default_factory=Counter)

    def add_rows(self, rows: Sequence[Row]) -> list[Row]:
        return [self._add(row) for row in rows]

    def _add(self, row: Row) -> Row:
        if row.state == "waiting":
            person = min(phone.list_spellings(phone.strip_channel(row.address)))
            if self.owners.setdefault((row.campaign, person), row.number) != row.number:
                row = replace(row, state="skipped", reason="duplicate", due_at=None, closes_at=None)
        return self.rows.setdefault((row.campaign, row.number), row)

    def find_row(self, campaign_id: str, number: int) -> Row | None:
        return self.rows.get((campaign_id, number))

    def save_row(self, before: Row, after: Row) -> bool:
        key = before.campaign, before.number
        if self.rows[key].version != before.version:
            return False
        self.rows[key] = replace(after, version=before.version + 1)
        changes = self.changes.setdefault(before.campaign, Counter())
        changes[before.tally] -= 1
        changes[after.tally] += 1
        self.spent[before.campaign] += after.cost_micros - before.cost_micros
        return True

    def list_rows(self, campaign_id: str, after: int, limit: int) -> list[Row]:
        found = sorted(number for name, number in self.rows if name == campaign_id and after < number <= after + limit)
        return [self.rows[campaign_id, number] for number in found]

    def list_due(
        self, campaign_id: str, kind: DueKind, partition: int, until: int, after: str, limit: int
    ) -> list[DueRow]:
        due = [
            DueRow(f"{row.due_at:015}#{row.number:07}", row.number, row.state, row.due_at, bool(row.send_at))
            for (name, number), row in self.rows.items()
            if name == campaign_id and (number - 1) // 100 % PARTITIONS == partition
            if row.due_at is not None and row.due_at <= until and (row.state == "waiting") is (kind == "waiting")
        ]
        return sorted((row for row in due if row.place > after), key=lambda row: row.place)[:limit]

    def read_counts(self, campaign_id: str) -> Counts:
        changes = self.changes.get(campaign_id, Counter())
        return Counts({name: count for name, count in changes.items() if count}, self.spent[campaign_id])

    def tally_rows(self, campaign_id: str) -> Counts:
        rows = [row for (name, _), row in self.rows.items() if name == campaign_id]
        return Counts(Counter(row.tally for row in rows), sum(row.cost_micros for row in rows))


@dataclass
class MemoryMessageQueues:
    """The port MessageQueues; what was queued stands in `sends` and `polls`, with its delay."""

    sends: list[tuple[str, int, int]] = field(default_factory=list)
    polls: list[tuple[str, int, int]] = field(default_factory=list)

    def enqueue_sends(self, campaign_id: str, numbers: Sequence[int], delay_s: int = 0) -> None:
        self.sends += [(campaign_id, number, delay_s) for number in numbers]

    def enqueue_polls(self, campaign_id: str, numbers: Sequence[int], delay_s: int = 0) -> None:
        self.polls += [(campaign_id, number, delay_s) for number in numbers]


@dataclass
class MemoryContinuation:
    """The port Continuation."""

    requested: list[str] = field(default_factory=list)

    def request_planning(self, campaign_id: str) -> None:
        self.requested.append(campaign_id)


@dataclass
class MemorySources:
    """The port RowSources over lists of rows by the source's key; a place is how many rows are read."""

    rows: dict[str, Sequence[SourceRow]] = field(default_factory=dict)
    is_changed: bool = False

    def describe(self, source: Source, columns: Sequence[str]) -> Described:
        present = dict.fromkeys(name for row in self.rows.get(source.key, ()) for name in row.values)
        return Described(source, tuple(present) or tuple(columns))

    def store_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> Source:
        self.rows[name] = [
            SourceRow(f"line {number}", {key: str(value) for key, value in row.items()}, str(number))
            for number, row in enumerate(rows, 1)
        ]
        return Source(kind="jsonl", key=name)

    def read_rows(self, source: Source, columns: Sequence[str], place: str) -> Iterator[SourceRow]:  # noqa: ARG002
        if self.is_changed:
            raise RefusedError("s3", "the campaign's file was replaced or removed")
        yield from self.rows[source.key][int(place or 0) :]


@dataclass
class MemorySuppressions:
    """The port Suppressions; `asked` are the addresses of each question."""

    reasons: dict[str, SkipReason] = field(default_factory=dict)
    asked: list[Sequence[str]] = field(default_factory=list)

    def find_suppressed(self, addresses: Sequence[str]) -> Mapping[str, SkipReason]:
        self.asked.append(addresses)
        return {address: self.reasons[address] for address in addresses if address in self.reasons}


@dataclass
class MemorySenders:
    """The port OwnSenders: whatever is not `known` is unknown."""

    known: frozenset[str] = frozenset()

    def find_unknown(self, numbers: Sequence[str], messaging_services: Sequence[str]) -> list[str]:
        return [each for each in (*numbers, *messaging_services) if each not in self.known]
