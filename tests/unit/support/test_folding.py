"""A task with thousands of facts ends as one with few: nothing that follows from them is lost."""

import json
from itertools import repeat
from typing import Any

from tests.unit.support.job import World
from tests.unit.support.tasks import NINE, TASK, event
from twilio_bridge.support.daily_figures import sum_customers, sum_queues
from twilio_bridge.support.tasks.facts import NewFacts
from twilio_bridge.support.tasks.folding import MAX_FACTS_COUNT

LOOPS = 1_000
DAY = "2026-03-02"


def looping() -> list[dict[str, Any]]:
    """Return a task that two queues pass to each other a thousand times, ten seconds each, before somebody answers."""
    told = {"from": "+447900000012", "customer_tier": "gold"}
    steps = [event("task.created", 0, told)]
    for number in range(LOOPS):
        queue, at = ("First", "Second")[number % 2], number * 10
        steps.append(event("task-queue.entered", at, {"from": "+447900000012"}, queue=queue, number=number))
        steps.append(event("task-queue.moved", at + 10, {"from": "+447900000012"}, queue=queue, number=number))
    end = LOOPS * 10
    steps += [event("task-queue.entered", end, queue="Third", told=told), event("reservation.accepted", end + 5, told)]
    return [*steps, event("reservation.completed", end + 65, told), event("task.completed", end + 65, told)]


def played(steps: list[dict[str, Any]], batch: int) -> World:
    world = World()
    world.feed([json.dumps(each).encode() for each in steps], repeat(batch))
    world.finish()
    return world


def test_thousands_of_facts_are_a_few() -> None:
    """The end is taken in, the customer waited from the first entry, and each stay is in the figures once."""
    world = played(looping(), 100)
    known = world.facts.add_facts(f"task#{TASK}", NewFacts())
    assert len(known.facts) <= MAX_FACTS_COUNT
    assert 2 * LOOPS + 5 == known.version
    assert ["SUPPORT_REQUESTED", "SUPPORT_RESOLVED"] == [each.name for _, each in world.crm.timeline]
    resolved = world.crm.timeline[-1][1].properties
    assert (LOOPS * 10 + 5, 60, LOOPS * 10 + 65) == tuple(resolved[name] for name in ("wait_s", "talk_s", "duration_s"))
    (contact,) = world.crm.contacts.values()
    assert ("gold", LOOPS * 10 + 5) == tuple(contact.attributes[name] for name in ("VIP_TIER", "AVG_WAIT_TIME"))
    rows = list(world.figures.read_day(DAY))
    queues = sum_queues(rows)
    assert [(500, 500), (500, 500)] == [
        tuple(queues[DAY, queue][name] for name in ("entered", "moved")) for queue in ("First", "Second")
    ]
    assert 1 == sum_customers(rows)[DAY, "voice"]["answered"]


def test_what_is_folded_does_not_come_back() -> None:
    """The same events again, in other batches: nothing changes, and nothing is sent twice."""
    steps = looping()
    world = played(steps, 100)
    before = {row.key: row.values for row in world.figures.read_day(DAY) if row.values}
    world.feed([json.dumps(each).encode() for each in steps], repeat(77))
    world.finish()
    assert before == {row.key: row.values for row in world.figures.read_day(DAY) if row.values}
    assert 2 == len(world.crm.timeline)
    assert NINE < world.now


def test_folded_talk_is_counted() -> None:
    """A task that hundreds of workers took in turn has all their talk."""
    steps = [event("task.created")]
    for number in range(300):
        offer: dict[str, Any] = {"reservation_sid": f"WR{number:032}", "number": number}
        steps.append(event("task-queue.entered", number * 100, number=number))
        steps.append(event("reservation.accepted", number * 100 + 10, **offer))
        steps.append(event("reservation.completed", number * 100 + 40, **offer))
    steps.append(event("task.completed", 30_000))
    world = played(steps, 50)
    assert 300 * 30 == world.crm.timeline[-1][1].properties["talk_s"]
