"""Compute what a month costs in three sizes, from counted units and list prices; docs/operations.md shows the table.

Prices are AWS's list prices of us-east-1 in US dollars without a free tier, as of 2025: https://aws.amazon.com/pricing
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from twilio_bridge_local.template.reader import parse_template

TEMPLATE: Final = Path(__file__).parents[1] / "template.yaml"
HOURS: Final = 730
MILLION: Final = 1_000_000

# What one of it costs.
PRICES: Final[Mapping[str, float]] = {
    "Lambda, requests": 0.20 / MILLION,
    "Lambda, GB-seconds": 0.0000166667,
    "HTTP API, requests": 1.00 / MILLION,
    "DynamoDB, write units": 0.625 / MILLION,
    "DynamoDB, read units": 0.125 / MILLION,
    "SQS, requests": 0.45 / MILLION,
    "Kinesis, shard hours": 0.015,
    "Kinesis, put units": 0.014 / MILLION,
    "CloudWatch, alarms": 0.10,
    "CloudWatch, dashboards": 3.00,
    "CloudWatch, metrics": 0.30,
    "CloudWatch, log GB": 0.50,
    "Secrets Manager, secrets": 0.40,
}

# Long polling: an idle queue is asked about five times each 20 s.
IDLE_POLLS_A_QUEUE: Final = 5 * 3 * 60 * HOURS
# Seconds a function is billed for, at 1 GB. Assumed, not measured on Lambda: the local stack's times, doubled.
CALLBACK_S, BATCH_S, DELIVERY_S, LOAD_S = 0.15, 0.5, 0.5, 60
LOG_BYTES: Final = 1_500  # a line of Lambda's own and one of ours


@dataclass(frozen=True, slots=True)
class Size:
    """A month: callbacks and webhooks of Frontline, contacts in Airtable, interactions in Flex."""

    title: str
    callbacks: int = 0
    contacts: int = 0
    interactions: int = 0


SIZES: Final = (
    Size("Frontline alone: 20 workers, 4,000 contacts", callbacks=60_000, contacts=4_000),
    Size("both, 10,000 interactions", callbacks=60_000, contacts=4_000, interactions=10_000),
    Size("both, 100,000 interactions", callbacks=60_000, contacts=4_000, interactions=100_000),
)

# Counted by `make bench`: a page of the contact cache with the opt-outs and notes beside it; an event that comes alone;
# a delivery of a person, or of an event on the timeline; what a whole load writes.
READ_UNITS_A_CALLBACK, WRITE_UNITS_A_CALLBACK = 4, 1
EVENTS_AN_INTERACTION = 11
READ_UNITS_AN_EVENT, WRITE_UNITS_AN_EVENT = 4.5, 4.2
DELIVERIES_AN_INTERACTION = 3
READ_UNITS_A_DELIVERY, WRITE_UNITS_A_DELIVERY = 0.8, 6.8
WRITE_UNITS_A_CONTACT = 0.1


def count(size: Size) -> dict[str, float]:
    """Return how much of everything a month takes."""
    support = size.interactions > 0
    events, deliveries = size.interactions * EVENTS_AN_INTERACTION, size.interactions * DELIVERIES_AN_INTERACTION
    loads = 30 * 2 if size.contacts else 0
    invocations = size.callbacks + events + deliveries + loads
    seconds = size.callbacks * CALLBACK_S + events * BATCH_S + deliveries * DELIVERY_S + loads * LOAD_S
    queues = (1 if size.callbacks else 0) + (2 if support else 0)

    return {
        "Lambda, requests": invocations,
        "Lambda, GB-seconds": seconds,
        "HTTP API, requests": size.callbacks,
        "DynamoDB, write units": size.callbacks * WRITE_UNITS_A_CALLBACK
        + loads * size.contacts * WRITE_UNITS_A_CONTACT
        + events * WRITE_UNITS_AN_EVENT
        + deliveries * WRITE_UNITS_A_DELIVERY,
        "DynamoDB, read units": size.callbacks * READ_UNITS_A_CALLBACK
        + events * READ_UNITS_AN_EVENT
        + deliveries * READ_UNITS_A_DELIVERY,
        "SQS, requests": queues * IDLE_POLLS_A_QUEUE + 3 * deliveries,
        "Kinesis, shard hours": HOURS if support else 0,
        "Kinesis, put units": events,
        "CloudWatch, alarms": sum(map(_count_watched, _deployed("AWS::CloudWatch::Alarm", support=support))),
        "CloudWatch, dashboards": 1,
        "CloudWatch, metrics": len(_deployed("AWS::Logs::MetricFilter", support=support)) + 1 + (15 if support else 0),
        "CloudWatch, log GB": invocations * LOG_BYTES / 1e9,
        "Secrets Manager, secrets": 3 if support else 2,
    }


def _deployed(kind: str, *, support: bool) -> list[dict[str, Any]]:
    """Return the template's resources of a type, those of support only where it is on."""
    resources = parse_template(TEMPLATE.read_text())["Resources"].values()
    found = [body for body in resources if body["Type"] == kind]
    return [body for body in found if support or body.get("Condition") != "HasSupport"]


def _count_watched(alarm: dict[str, Any]) -> int:
    """Return how many metrics an alarm is billed for."""
    return len([each for each in alarm["Properties"].get("Metrics", []) if "MetricStat" in each]) or 1


def table() -> str:
    """Return the costs as a Markdown table."""
    counts = [count(size) for size in SIZES]
    lines = [
        "| US dollars a month | " + " | ".join(size.title for size in SIZES) + " |",
        "|---|" + "---:|" * len(SIZES),
    ]
    for name, price in PRICES.items():
        lines.append(f"| {name} | " + " | ".join(f"{each[name] * price:,.2f}" for each in counts) + " |")
    sums = [sum(each[name] * price for name, price in PRICES.items()) for each in counts]
    lines.append("| **together** | " + " | ".join(f"**{total:,.0f}**" for total in sums) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table())
