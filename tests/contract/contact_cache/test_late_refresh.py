"""Whoever held the lease and wakes up late undoes nothing; who reads while a load is swapped in gets a whole one."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.contract.contact_cache.killing import Client, Stop
from tests.contract.contact_cache.readers import (
    BASE,
    DIFFERING,
    EVERYBODY,
    LATER,
    NEXT,
    OWNERS,
    SHARED,
    TARGETS,
    WRITES,
    Action,
    after,
    cache,
    holds_everybody,
    killed,
    loaded_cache,
    run,
    seen,
    update,
    whole,
    woken_late,
)
from tests.contract.tables import Time, contact
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory
from twilio_bridge.contacts.contact import Contact

# More than any question takes.
MAX_REQUESTS = 12


@pytest.fixture
def loaded(clock: Time) -> Client:
    """A cache that load 1 has filled, an hour ago."""
    clock.stop()
    client = loaded_cache()
    clock.pass_(3_600)
    return client


def test_a_load_that_wakes_up_late_undoes_nothing(loaded: Client) -> None:
    """Whatever it was about to write, the newer load stays as it is, and so does the one after it."""
    late, newer, next_ = whole(NEXT, 2, ago=30), whole(LATER, 3), whole(BASE, 4)
    expected = seen(after(loaded, newer), EVERYBODY)
    last = seen(after(loaded, newer, next_), EVERYBODY)
    for left in woken_late(loaded, late, [newer]):
        assert expected == seen(left, EVERYBODY)
        assert last == seen(after(left, next_), EVERYBODY)


@pytest.mark.parametrize("again", [False, True], ids=["unchanged", "the same load"])
def test_a_load_that_wakes_up_late_undoes_nothing_that_a_newer_one_left_alone(loaded: Client, *, again: bool) -> None:
    """Where the newer load found nothing to write, the late one's writes do not count either."""
    late, newer = whole(NEXT, 2, ago=30), whole(NEXT if again else BASE, 3)
    expected = seen(after(loaded, newer), EVERYBODY)
    for left in woken_late(loaded, late, [newer]):
        assert expected == seen(left, EVERYBODY)


def test_a_load_that_wakes_up_after_an_update_undoes_nothing(loaded: Client) -> None:
    """The update's contacts stay; where the load had not ended, the next one takes everything in."""
    late, newer, next_ = whole(BASE[5:], 2, ago=30), update(DIFFERING, 3), whole(LATER, 4)
    expected = seen(after(loaded, newer), EVERYBODY)
    last = seen(after(loaded, newer, next_), EVERYBODY)
    for left in woken_late(loaded, late, [newer]):
        assert expected == seen(left, EVERYBODY)
        assert last == seen(after(left, next_), EVERYBODY)


@pytest.mark.parametrize("contacts", [BASE, NEXT, LATER], ids=["unchanged", "the same", "another"])
def test_an_update_that_wakes_up_late_undoes_nothing(loaded: Client, contacts: list[Contact]) -> None:
    """What it still writes is older than the load and does not count, not even in lists the load left alone."""
    late, newer = update(DIFFERING, 2, ago=30), whole(contacts, 3)
    expected = seen(after(loaded, newer), EVERYBODY)
    after_update = update(DIFFERING, 4)
    lists = seen(after(loaded, newer, after_update), EVERYBODY).lists
    for left in woken_late(loaded, late, [newer]):
        found = seen(left, EVERYBODY)
        assert replace(expected, positions={}) == replace(found, positions={})
        assert {key for key, place in expected.positions.items() if place} <= {
            *filter(found.positions.get, found.by_id)
        }
        assert lists == seen(after(left, after_update), EVERYBODY).lists


def test_an_update_that_wakes_up_after_another_undoes_nothing(loaded: Client) -> None:
    """Of two that read the same contacts the later one counts, wherever the contacts went."""
    elsewhere = [replace(each, owner=OWNERS[2], name=f"{each.name} again") for each in DIFFERING]
    late, newer = update(DIFFERING, 2, ago=30), update(elsewhere, 3)
    expected = seen(after(loaded, newer), EVERYBODY)
    for left in woken_late(loaded, late, [newer]):
        assert expected == seen(left, EVERYBODY)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_wakes_up_late_undoes_nothing(loaded: Client, name: str) -> None:
    """What a callback wrote before a load began to read is older than the load, whenever it arrives."""
    load = whole(NEXT, 2, ago=-10)
    expected = seen(after(loaded, load), EVERYBODY)
    for left in woken_late(loaded, WRITES[name], [load]):
        found = seen(left, EVERYBODY)
        assert expected.lists == found.lists
        assert expected.by_id == found.by_id
        assert expected.by_address == found.by_address


@pytest.mark.parametrize("name", WRITES)
def test_a_write_during_a_load_survives_it(loaded: Client, clock: Time, name: str) -> None:
    """Whichever of the load's writes it comes before, and wherever the load found the contact."""
    elsewhere = replace(BASE[9], owner=OWNERS[3], name="somewhere else")
    contacts = [*(each for each in BASE if each.id != elsewhere.id), elsewhere]
    load = whole(contacts, 2)
    clock.pass_(5)
    now = cache(after(loaded, WRITES[name])).get_contact(contact(TARGETS[name]).id)
    assert now
    then = [*(each for each in contacts if each.id != now.id), now]
    for left in woken_late(loaded, load, [WRITES[name]]):
        found = seen(left, [*EVERYBODY, now])
        holds_everybody(found, then, then)
        shown = [each for listed in found.lists.values() for each in listed]
        assert sorted(then, key=lambda each: each.id) == sorted(shown, key=lambda each: each.id)


QUESTIONS: dict[str, Action] = {
    "page": lambda found: found.list_page(OWNERS[1], "", 1_000),
    "search": lambda found: found.search_page(OWNERS[1], "a", "", 1_000),
    "get": lambda found: found.get_contact(contact(3).id),
    "owners": lambda found: found.list_owners(),
}


def read_during(client: Client, loads: Sequence[Action], ask: Action) -> list[Any]:
    """Return what is read where loads run before each of the reader's requests, be it after one that was killed."""
    answers = []
    for left in [client, *killed(client, loads[0])[::4]]:
        for at in range(MAX_REQUESTS):
            copy = left.copy()
            copy.reads = Stop(at, partial(run, Client(copy.partitions), loads))
            answers.append(ask(cache(copy, ChunkMemory())))
    return answers


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("count", [1, 2])
def test_a_reader_during_a_load_gets_the_whole_of_one(loaded: Client, question: str, count: int) -> None:
    """Whatever is written, and one load or two swapped in between its requests, it is all of one of them."""
    ask = QUESTIONS[question]
    loads = [whole(NEXT, 2), whole(LATER, 3)][:count]
    expected = [ask(after_loads) for after_loads in [cache(after(loaded, *loads[:n])) for n in range(count + 1)]]
    assert all(answer in expected for answer in read_during(loaded, loads, ask))


def test_whoever_is_looked_for_during_a_load_is_found(loaded: Client) -> None:
    """At an address that several have, each of them as they were or as they are."""
    loads = [whole(NEXT, 2), whole(LATER, 3)]
    held = [cache(after(loaded, *loads[:n])).find_by_address(SHARED) for n in range(3)]
    always = set.intersection(*({each.id for each in found} for found in held))
    assert always
    for answer in read_during(loaded, loads, lambda found: found.find_by_address(SHARED)):
        assert always <= {each.id for each in answer}
        assert all(each in itertools.chain(*held) for each in answer)


def test_a_contact_that_moves_while_it_is_looked_for_is_found(loaded: Client) -> None:
    """By id and by address, whichever request the write comes before."""
    moves: list[Action] = [WRITES["moved and renamed"], WRITES["moved"]]
    for answer in read_during(
        loaded, moves, lambda found: [found.get_contact(BASE[9].id), *found.find_by_address(SHARED)]
    ):
        assert BASE[9].id in {each.id for each in answer[1:]}
        assert answer[0]
