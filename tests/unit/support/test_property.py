"""The support job as a whole, over memory stores: whatever order, repetition and batches events come in, one result."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import groupby, repeat
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.sizes import size
from tests.unit.support.end_state import contacts, state, timeline
from tests.unit.support.job import World
from tests.unit.support.tasks import AMARA, NINE, TASK, answered, event
from tests.unit.support.test_cloud_events import SAMPLES
from twilio_bridge.support.brevo.brevo_events import HOLD_MS, SETTLE_MS
from twilio_bridge.support.brevo.sweep import GRACE_MS
from twilio_bridge_local.samples.envelopes import records
from twilio_bridge_local.samples.support_day import generate

MAX_BATCH_COUNT = 20
# What Event Streams take until an event is on the stream, most of the time; less than what rows wait for.
LATE_MS = SETTLE_MS - 100
SEEDS = st.integers(0, 10_000)
# How many days, and orders of each, a property is tried with.
DAYS = profile(max_examples=size(16, 50))
CHANCES = st.randoms(use_true_random=True)


@lru_cache(maxsize=64)
def day(seed: int) -> list[dict[str, Any]]:
    return generate(seed, 4, workers=1)


@lru_cache(maxsize=1)
def samples() -> list[dict[str, Any]]:
    read = [json.loads(path.read_text()) for path in SAMPLES]
    return [one for each in read for one in (each if isinstance(each, list) else [each])]


@lru_cache(maxsize=1)
def samples_in_one() -> World:
    return in_one(samples())


def in_one(events: Sequence[dict[str, Any]]) -> World:
    """Return the result of a single batch, everything in order and once, and Brevo told at the end."""
    world = World()
    world.feed(records(events, 0), repeat(len(events)))
    world.finish()
    return world


def disordered(events: Sequence[dict[str, Any]], chance: Random) -> list[bytes]:
    """Return records with these events in any order, some several times, each in any of Twilio's forms."""
    told = [each for each in events for _ in range(chance.choice((1, 1, 1, 2, 3)))]
    chance.shuffle(told)
    return records(told, chance.randrange(1_000))


def batches(chance: Random) -> Iterator[int]:
    while True:
        yield chance.randint(1, MAX_BATCH_COUNT)


def assert_same(expected: World, actual: World) -> None:
    """Compare all that is held, and what Brevo holds."""
    assert state(expected) == state(actual)
    assert timeline(expected) == timeline(actual)
    assert contacts(expected) == contacts(actual)


@pytest.mark.prove
@DAYS
@given(SEEDS, CHANCES)
def test_a_day_has_one_result(seed: int, chance: Random) -> None:
    """Any order, any repetition, any batches: the same facts, persons, numbers, events, figures, and the same Brevo."""
    world = World()
    world.feed(disordered(day(seed), chance), batches(chance))
    world.finish()
    assert_same(in_one(day(seed)), world)


@pytest.mark.prove
@DAYS
@given(CHANCES)
def test_the_samples_have_one_result(chance: Random) -> None:
    """The same holds for every sample of Twilio's."""
    world = World()
    world.feed(disordered(samples(), chance), batches(chance))
    world.finish()
    assert_same(samples_in_one(), world)
    assert world.quarantine.kept == {}


@pytest.mark.prove
@DAYS
@given(SEEDS)
def test_each_event_stands_on_the_timeline_once(seed: int) -> None:
    """And nothing is left to be swept up, but of those whom Brevo could not find by anything."""
    world = in_one(day(seed))
    assert {1} >= {len(events) for events in timeline(world).values()}
    world.sweep()
    persons = [world.identities.person(person_id) for person_id in world.outbox.persons]
    assert [] == [key for person in persons for key in person.keys]


@pytest.mark.prove
@profile(max_examples=size(6, 15))
@given(SEEDS, CHANCES)
def test_everything_again_is_no_news(seed: int, chance: Random) -> None:
    """A whole day replayed after Brevo was told: nothing changes, and only words are told once more."""
    world = in_one(day(seed))
    expected, counted = state(world), len(world.metrics.rows)
    world.calls.clear()
    world.feed(disordered(day(seed), chance), batches(chance))
    world.finish()
    assert expected == state(world)
    assert [] == [name for name, _ in world.calls if name in {"upsert", "post", "has"}]
    assert counted == len(world.metrics.rows)


@pytest.mark.prove
@DAYS
@given(SEEDS, CHANCES)
def test_brevo_is_told_in_between(seed: int, chance: Random) -> None:
    """Events less than the settle time late, Brevo told after every batch: the same state, and the same timeline.

    What differs by nature: somebody who was told as two contacts, before an event said that they are one, stays two in
    Brevo, and an address learnt later is not written to a contact that was there. So contacts are compared by what is
    written of the person as they are now: attributes, lists, and the word about being written to.
    """
    expected, world = in_one(day(seed)), World()
    for now, arrived in arrivals(day(seed), chance):
        tell(world, arrived, now)
    world.finish()
    assert state(expected) == state(world)
    assert timeline(expected) == timeline(world)
    assert list_deliveries(expected) == list_deliveries(world)


@pytest.mark.prove
@DAYS
@given(SEEDS, CHANCES)
def test_stragglers_of_hours(seed: int, chance: Random) -> None:
    """Any order, with Brevo told in between: facts, numbers and figures are the same, and no event is told twice.

    What differs by nature: what was told cannot be taken back, nor told better. So an event may stand on the timeline
    with what was known then, and one that later facts withdrew stays there; but none that happened is missing.
    """
    expected, world = in_one(day(seed)), World()
    waiting = disordered(day(seed), chance)
    while waiting:
        size = chance.randint(1, MAX_BATCH_COUNT)
        batch, waiting = waiting[:size], waiting[size:]
        tell(world, batch, world.now + chance.choice((1, SETTLE_MS, 2 * HOLD_MS)))
    world.finish()
    before, after = state(expected), state(world)
    assert (before.facts, before.rows, before.reports) == (after.facts, after.rows, after.reports)
    assert {keys: held[:2] for keys, held in before.persons.items()} == {
        keys: held[:2] for keys, held in after.persons.items()
    }
    assert timeline(expected).keys() <= timeline(world).keys()
    assert {1} >= {len(events) for events in timeline(world).values()}
    assert list_deliveries(expected) == list_deliveries(world)


def test_a_straggler_after_the_telling() -> None:
    """The resolution is told without the wait after a quarter of an hour; the number is right all the same."""
    reservation = [one for one in answered() if one["type"].endswith("reservation.accepted")]
    others = [one for one in answered() if one not in reservation]
    world = World()
    tell(world, records(others, 0), NINE)
    tell(world, [], NINE + HOLD_MS - 1)
    assert [f"{TASK}#requested"] == list(timeline(world))
    tell(world, [], NINE + HOLD_MS + GRACE_MS + 1)
    assert "wait_s" not in timeline(world)[f"{TASK}#resolved"][0].properties
    tell(world, records(reservation, 0), NINE + 4 * HOLD_MS)
    world.finish()
    assert [1, 1] == [len(events) for events in timeline(world).values()]
    assert [40] == [contact.attributes["AVG_WAIT_TIME"] for contact in world.crm.contacts.values()]


def test_what_was_withdrawn_may_hold_again() -> None:
    """Abandoned; no, answered before; but Flex says abandoned: the last word counts, and Brevo hears only that."""
    said = {**AMARA, "conversations": {"abandoned": "Yes"}}
    steps = [event("task.created"), event("task-queue.entered", 1), event("task.canceled", 60)]
    later = [event("reservation.accepted", 30), event("task.updated", 50, said)]
    world = World()
    for one in (*steps, *later):
        world.feed(records([one], 0), repeat(1))
    world.finish()
    assert_same(in_one([*later, *steps]), world)
    assert [f"{TASK}#requested", f"{TASK}#abandoned"] == list(timeline(world))


def arrivals(events: Sequence[dict[str, Any]], chance: Random) -> Iterator[tuple[int, list[bytes]]]:
    """Return batches by the moment they are taken in: everything that arrived in the second before."""
    due = sorted((at(each) + chance.randint(0, LATE_MS), number) for number, each in enumerate(events))
    for second, group in groupby(due, key=lambda each: each[0] // 1000):
        arrived = [events[number] for _, number in group]
        yield (second + 1) * 1000, disordered(arrived, chance)


def at(given: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(given["time"]).timestamp() * 1000)


def tell(world: World, batch: Sequence[bytes], now: int) -> None:
    """Take in a batch and tell Brevo what is due."""
    world.now = now
    world.sweep()
    world.deliver()
    if batch:
        world.feed(batch, repeat(len(batch)))
    world.deliver()


def list_deliveries(world: World) -> dict[frozenset[str], Any]:
    """Return what Brevo has of everybody it knows."""
    found = {}
    for person in world.identities.profiles.values():
        dossier = world.persons.load_dossier(person.id)
        if not person.joined_into and dossier and dossier.person.contact_id is not None:
            contact = world.crm.contacts[dossier.person.contact_id]
            found[person.keys] = (contact.attributes, contact.lists, contact.opted_out)
    return found
