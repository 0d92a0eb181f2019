"""A sync and the live stream over the same month: one event each in Brevo, and equal numbers, whichever came first."""

import json
from collections.abc import Callable
from functools import lru_cache
from itertools import repeat
from typing import Any

import pytest

from tests.sizes import size
from tests.unit.support.end_state import contacts, state, timeline
from tests.unit.support.job import SETTINGS
from tests.unit.support.month import BEGINS_S, COMPANY, DAY_S, DAYS, Maker, Month, render
from tests.unit.sync import history
from tests.unit.sync.world import WORKSPACE, SyncWorld
from twilio_bridge.config import flex
from twilio_bridge.support.tasks.facts import NewFacts

TASKS = size(40, 2_000)
ENDS_S = BEGINS_S + (DAYS + 1) * DAY_S
SETTLED = SETTINGS.model_copy(update={"identity": flex.Identity(own_numbers=(COMPANY,))})
ORDERS = ("live", "live sync", "sync live", "half sync live", "sync sync live sync")


@lru_cache(maxsize=1)
def month() -> Month:
    return Maker(11, TASKS).month


def fill(world: SyncWorld) -> None:
    world.api.add_rows("taskrouter", f"/v1/Workspaces/{WORKSPACE}/Events", history.make_events(month()))
    for row, participants in history.make_conversations(month()):
        world.api.add_rows("conversations", "/v1/Conversations", [row])
        world.api.add_rows("conversations", f"/v1/Conversations/{row['sid']}/Participants", participants)


def live(world: SyncWorld, share: float = 1.0) -> None:
    events = [json.dumps(event).encode() for event in render(month())]
    world.job.feed(events[: int(len(events) * share)], repeat(100))


@lru_cache(maxsize=8)
def played(order: str) -> tuple[Any, Any, Any]:
    """Return the end of a month that was brought in this order: Brevo's timeline and contacts, and the figures."""
    world = SyncWorld(ENDS_S, SETTLED)
    fill(world)
    steps: dict[str, Callable[[], object]] = {
        "live": lambda: live(world),
        "half": lambda: live(world, 0.5),
        "sync": lambda: world.sync(type="full", resources=("tasks", "csat", "conversations"), with_events=True),
    }
    for step in order.split():
        steps[step]()
    world.job.finish()
    world.job.told.subjects |= {subject: NewFacts() for subject in world.job.facts._heard}
    return timeline(world.job), contacts(world.job), state(world.job).reports


@pytest.mark.prove
@pytest.mark.parametrize("order", ORDERS[1:])
def test_what_the_stream_brought_stays_as_it_is(order: str) -> None:
    """Before, after, or in between: each event once, the same contacts, the same figures."""
    expected_timeline, expected_contacts, expected_figures = played("live")
    found_timeline, found_contacts, found_figures = played(order)
    assert all(len(events) == 1 for events in found_timeline.values())
    assert {key: found_timeline.get(key) for key in expected_timeline} == expected_timeline
    assert expected_contacts == found_contacts
    assert expected_figures == found_figures


def test_a_sync_alone_brings_the_same_tasks() -> None:
    """Without a stream: every task's event is there, and the queues' figures are equal."""
    expected, _, figures = played("live")
    found, _, own = played("sync")
    tasks = {key: events for key, events in expected.items() if key.startswith("WT")}
    assert tasks.keys() == {key for key in found if key.startswith("WT")}
    assert figures == own


def test_old_events_change_numbers_only() -> None:
    """Without --with-events Brevo gets no event that is older than a day, and the same attributes."""
    world = SyncWorld(ENDS_S, SETTLED)
    fill(world)
    world.sync(type="full", resources=("tasks",))
    world.job.finish()
    assert {} == timeline(world.job)
    assert world.job.crm.contacts
    assert not any(contact.lists for contact in world.job.crm.contacts.values())

    numbers = {
        name: contact.attributes["SUPPORT_TICKET_COUNT"]
        for name, contact in sorted(world.job.crm.contacts.items())
        if "SUPPORT_TICKET_COUNT" in contact.attributes
    }
    assert numbers
    world.sync(type="full", resources=("tasks",), with_events=True)
    world.job.finish()
    sent = timeline(world.job)
    assert sent.keys() == {key for key in played("live")[0] if key.startswith("WT")}
    assert all(len(events) == 1 for events in sent.values())
