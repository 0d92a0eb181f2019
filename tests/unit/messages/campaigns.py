"""What the tests of campaigns share: settings, rows of a source, and what planning and the sweep work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.messages import (
    MemoryCampaigns,
    MemoryContinuation,
    MemoryLedger,
    MemoryMessageQueues,
    MemorySources,
    MemorySuppressions,
)
from twilio_bridge.messages.campaign import Campaign, CampaignSettings, Sender, Source
from twilio_bridge.messages.planning.planner import PlanningDeps
from twilio_bridge.messages.ports import SourceRow
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sweep import SweepDeps

# A Tuesday, nine in the morning in London.
NINE = 1_796_115_600_000


def make_settings(**more: Any) -> CampaignSettings:
    values: dict[str, Any] = {
        "id": "spring",
        "fingerprint": "f",
        "source": Source(kind="csv", key="list"),
        "sender": Sender(number="+15005550006"),
        "text": "Hi <Name>",
    }
    return CampaignSettings(**(values | more))


def make_rows(count: int, first: int = 1) -> list[SourceRow]:
    return [
        SourceRow(f"line {n + 1}", {"to": f"+4479460{n:05}", "Name": f"P{n}"}, str(n))
        for n in range(first, first + count)
    ]


@dataclass
class World:
    """Everything that planning and the sweep work with, in memory, and a clock."""

    campaigns: MemoryCampaigns = field(default_factory=MemoryCampaigns)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    queues: MemoryMessageQueues = field(default_factory=MemoryMessageQueues)
    sources: MemorySources = field(default_factory=MemorySources)
    suppressions: MemorySuppressions = field(default_factory=MemorySuppressions)
    continuation: MemoryContinuation = field(default_factory=MemoryContinuation)
    prices: Mapping[str, float] = field(default_factory=dict)
    at: int = NINE

    def now(self) -> int:
        return self.at

    def planning(self, **other: Any) -> PlanningDeps:
        own: dict[str, Any] = {
            "campaigns": self.campaigns,
            "ledger": self.ledger,
            "sources": self.sources,
            "suppressions": self.suppressions,
            "continuation": self.continuation,
            "prices": lambda: self.prices,
            "now": self.now,
        }
        return PlanningDeps(**(own | other))

    def sweeping(self) -> SweepDeps:
        return SweepDeps(self.campaigns, self.ledger, self.queues, self.continuation, self.now)

    def create(self, rows: list[SourceRow], **settings: Any) -> Campaign:
        self.sources.rows["list"] = rows
        return self.campaigns.create_campaign(make_settings(**settings), self.at)

    @property
    def campaign(self) -> Campaign:
        found = self.campaigns.find_campaign("spring")
        assert found
        return found

    def rows(self) -> list[Row]:
        return [self.ledger.rows[key] for key in sorted(self.ledger.rows)]
