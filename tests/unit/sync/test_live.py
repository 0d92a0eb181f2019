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

TASKS = size(40, 3_000)
ENDS_S = BEGINS_S + (DAYS + 1) * DAY_S
SETTLED = SETTINGS.model_copy(update={"identity": flex.Identity(own_numbers=(COMPANY,))})
ORDERS = ("live", "live sync", "sync live", "half sync live", "sync sync live sync")
DELIVERED = ("live deliver sync", "sync deliver live", "half deliver sync deliver live")


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
        "deliver": world.job.deliver,
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
    assert expected_timeline == found_timeline
    assert expected_contacts == found_contacts
    assert expected_figures == found_figures


@pytest.mark.prove
@pytest.mark.parametrize("order", DELIVERED)
def test_what_was_delivered_before_is_not_sent_again(order: str) -> None:
    """Each event once, the same numbers and figures.

    What a sync had sent of a parked conversation's tasks, one by one, stands in place of what the stream shows.
    """
    expected_timeline, expected_contacts, expected_figures = played("live")
    found_timeline, found_contacts, found_figures = played(order)
    assert all(len(events) == 1 for events in found_timeline.values())
    expected, found, parked = list_moments(expected_timeline), list_moments(found_timeline), list_parked()
    assert {key.partition("#")[0] for key, _, _ in expected - found} <= parked
    assert {key.partition("#")[0] for key, _, _ in found - expected} <= parked
    assert {contact[:-1] for contact in expected_contacts} == {contact[:-1] for contact in found_contacts}
    assert expected_figures == found_figures


@pytest.mark.prove
def test_a_sync_alone_brings_the_same_tasks() -> None:
    """Without a stream: every task's event is there, and the queues' figures are equal."""
    expected, _, figures = played("live")
    found, _, own = played("sync")
    more = list_tasks(found) - list_tasks(expected)
    assert list_tasks(expected) <= list_tasks(found)
    assert {key.partition("#")[0] for key in more} <= list_parked()
    assert figures == own


def list_moments(timeline: Any) -> set[Any]:
    return {(key, event.name, event.at) for key, events in timeline.items() for event in events}


def list_tasks(events: Any) -> set[str]:
    return {key for key in events if key.startswith("WT")}


def list_parked() -> set[str]:
    """Return the tasks of conversations that were parked: nobody can ask Twilio for that, so they count one by one."""
    parked = {sid for sid, _, state in month().conversations if state == "inactive"}
    return {task.sid for task in month().tasks if task.conversation in parked}


@pytest.mark.prove
def test_old_events_change_numbers_only() -> None:
    """Without --with-events Brevo gets no event that is older than a day, and the same attributes."""
    world = SyncWorld(ENDS_S, SETTLED)
    fill(world)
    world.sync(type="full", resources=("tasks",))
    world.job.finish()
    recent = (ENDS_S - DAY_S) * 1000
    assert all(event.at >= recent for events in timeline(world.job).values() for event in events)
    assert world.job.crm.contacts
    sent_to = {number for number, _ in world.job.crm.timeline}
    assert not any(contact.lists for number, contact in world.job.crm.contacts.items() if number not in sent_to)

    numbers = {
        name: contact.attributes["SUPPORT_TICKET_COUNT"]
        for name, contact in sorted(world.job.crm.contacts.items())
        if "SUPPORT_TICKET_COUNT" in contact.attributes
    }
    assert numbers
    world.sync(type="full", resources=("tasks",), with_events=True)
    world.job.finish()
    sent = timeline(world.job)
    assert list_tasks(sent) == list_tasks(played("sync")[0])
    assert all(len(events) == 1 for events in sent.values())
