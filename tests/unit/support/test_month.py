"""A month, generated, against an oracle that shares no code with the product: nobody's number differs."""

import json
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import repeat
from random import Random
from typing import Any

import pytest

from tests.sizes import size
from tests.unit.support.job import SETTINGS, World
from tests.unit.support.month import BEGINS_S, COMPANY, DAY_S, DAYS, Maker, Month, render
from tests.unit.support.oracle import LEVEL_S, expect_contacts, expect_customers, expect_queues
from twilio_bridge.config import flex
from twilio_bridge.support.daily_figures import sum_customers, sum_queues

TASKS = size(600, 20_000)
BATCH = 200
# How far an event is behind those that happened with it, in events.
DISORDER = 40
TWICE = 0.05


@lru_cache(maxsize=1)
def played() -> tuple[Month, World]:
    """Take in the month as Event Streams send it: a little out of order, and some of it twice."""
    month = Maker(7, TASKS).month
    channels = ("voice", "sms", "whatsapp", "webchat")
    settled = SETTINGS.model_copy(update={"identity": flex.Identity(own_numbers=(COMPANY,))})
    assert channels == settled.connectors.twilio_flex.channels
    world = World(settings=settled)
    world.feed(disordered(render(month), Random(1)), repeat(BATCH))  # noqa: S311  made-up, no secrets
    world.calls.clear()
    world.now = (BEGINS_S + (DAYS + 3) * DAY_S) * 1000
    world.finish()
    return month, world


def disordered(events: list[dict[str, Any]], chance: Random) -> list[bytes]:
    told = [each for each in events for _ in range(2 if chance.random() < TWICE else 1)]
    order = sorted(range(len(told)), key=lambda place: place + chance.uniform(0, DISORDER))
    return [json.dumps(told[place]).encode() for place in order]


@pytest.mark.prove
def test_tickets_waits_and_scores() -> None:
    """Everybody's, and of nobody else."""
    month, world = played()
    names = ("SUPPORT_TICKET_COUNT", "AVG_WAIT_TIME", "CSAT_SCORE")
    found = {}
    for contact in world.crm.contacts.values():
        attributes = {name: contact.attributes[name] for name in names if name in contact.attributes}
        found[external_id(contact)] = attributes
    expected = {name: each.attributes() for name, each in expect_contacts(month).items()}
    assert {} == differences(expected, found)


@pytest.mark.prove
def test_timelines() -> None:
    """Each event once, on the right contact."""
    month, world = played()
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for owner, event in world.crm.timeline:
        found[external_id(world.crm.contacts[owner])][event.name] += 1
    expected = {name: each.events for name, each in expect_contacts(month).items()}
    assert {} == differences(expected, found)


@pytest.mark.prove
def test_figures() -> None:
    """Customers' and queues', day by day."""
    month, world = played()
    rows = [row for day in days() for row in world.figures.read_day(day)]
    limits = flex.Figures(service_level_s=LEVEL_S)
    for expected, found in (
        (expect_customers(month), sum_customers(rows, limits)),
        (expect_queues(month), sum_queues(rows, limits)),
    ):
        known = {place: keep(values) for place, values in found.items() if place[1] != "Survey"}
        assert {} == differences({place: reckon(day) for place, day in expected.items() if place[0] in days()}, known)


def keep(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in NAMES and (value or name == "avg_wait_s")}


NAMES = frozenset(
    (
        *("entered", "accepted", "answered", "abandoned", "short_abandons", "expired", "follow_ups", "moved"),
        *("outbound", "avg_wait_s", "max_wait_s", "service_level"),
    )
)


def reckon(day: dict[str, Any]) -> dict[str, Any]:
    """Return a day's figures by their names, without those that are 0."""
    counts, waits = day["counts"], day["waits"]
    served = counts["accepted"] + counts["answered"] + counts["abandoned"]
    level = round(sum(wait <= LEVEL_S for wait in waits) / served, 4) if served else None
    mean = round(sum(waits) / len(waits), 1) if waits else None
    found = {**counts, "avg_wait_s": mean, "max_wait_s": max(waits, default=None), "service_level": level}
    return {name: value for name, value in found.items() if value or name == "avg_wait_s"}


def days() -> list[str]:
    return [f"2026-03-{number + 1:02}" for number in range(DAYS)]


def external_id(contact: Any) -> str:
    """Return whose contact it is: a customer's number stands in each of their addresses."""
    if contact.external_id:
        return str(contact.external_id)
    number = contact.email.split("@")[0].split(".")[1] if contact.email else contact.phone[-8:]
    return f"crm-{int(number):05}"


def differences(expected: dict[Any, Any], found: dict[Any, Any]) -> dict[Any, Any]:
    names = expected.keys() | found.keys()
    pairs = {name: (expected.get(name) or {}, found.get(name) or {}) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
