"""What became of a campaign: its rows by outcome, code, country, sender and segments, with what they cost.

Rows are read a thousand at a time and only their sums are kept. Nothing in it names a person.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from twilio_bridge.messages.campaign import MICROS, Campaign
from twilio_bridge.messages.ports import Ledger
from twilio_bridge.messages.row import Outcome, Row
from twilio_bridge.messages.sending.message_status import MEANINGS

ROWS_PER_READ = 1_000
OUTCOMES: tuple[Outcome, ...] = ("sent", "failed", "skipped", "cancelled")


@dataclass(slots=True)
class Group:
    """The rows that have something in common; amounts are millionths.

    `estimated` is what the messages should cost of which Twilio has not reported a price.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    segments: int = 0
    charged: int = 0
    estimated: int = 0

    def add_row(self, row: Row) -> None:
        """Count a row."""
        self.outcomes[row.outcome or "open"] += 1
        if not row.sid:
            return

        self.statuses[row.status] += 1
        self.segments += row.segments
        if row.price_micros is None:
            self.estimated += row.estimate_micros or 0
        else:
            self.charged += row.price_micros

    def describe(self) -> dict[str, Any]:
        """Return the sums; outcomes that no row has are left out."""
        found = {name: self.outcomes[name] for name in (*OUTCOMES, "open") if self.outcomes[name]}
        return {
            "rows": self.outcomes.total(),
            **found,
            "delivered": self.statuses["delivered"] + self.statuses["read"],
            "segments": self.segments,
            "charged": self.charged / MICROS,
            "estimated": self.estimated / MICROS,
        }


def build_report(ledger: Ledger, campaign: Campaign) -> dict[str, Any]:
    """Return the campaign's report; `isProved`: each row that was accepted has one outcome, and none is open."""
    whole = Group()
    groups: dict[str, dict[Any, Group]] = {"country": {}, "sender": {}, "segments": {}}
    codes: Counter[int] = Counter()
    reasons: Counter[str] = Counter()

    for row in _read_rows(ledger, campaign.id):
        whole.add_row(row)
        codes.update([row.error_code] if row.error_code else [])
        reasons.update([row.reason] if row.state == "skipped" else [])
        for name, value in (("country", row.country), ("sender", row.sender), ("segments", row.segments)):
            if value:
                groups[name].setdefault(value, Group()).add_row(row)

    accepted = campaign.planning.rows
    return {
        "id": campaign.id,
        "state": campaign.state,
        "cause": campaign.cause,
        "currency": campaign.settings.currency,
        "accepted": accepted,
        **{name: whole.outcomes[name] for name in (*OUTCOMES, "open")},
        "isProved": not whole.outcomes["open"] and whole.outcomes.total() == accepted and campaign.planning.is_complete,
        "segments": whole.segments,
        "charged": whole.charged / MICROS,
        "estimated": whole.estimated / MICROS,
        "byStatus": dict(whole.statuses.most_common()),
        "bySkipReason": dict(reasons.most_common()),
        "byCode": [
            {"code": code, "rows": count, "meaning": MEANINGS.get(code, "")} for code, count in codes.most_common()
        ],
        "byCountry": _describe_groups("country", groups["country"]),
        "bySender": _describe_groups("sender", groups["sender"]),
        "bySegments": _describe_groups("segmentsPerMessage", dict(sorted(groups["segments"].items()))),
    }


def _describe_groups(name: str, groups: dict[Any, Group]) -> list[dict[str, Any]]:
    return [{name: value, **group.describe()} for value, group in groups.items()]


def _read_rows(ledger: Ledger, campaign_id: str) -> Iterator[Row]:
    after = 0
    while rows := ledger.list_rows(campaign_id, after, ROWS_PER_READ):
        yield from rows
        after = rows[-1].number
