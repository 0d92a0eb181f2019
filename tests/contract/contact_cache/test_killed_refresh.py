"""A refresh, or a write of ours, may be killed at any of its writes: nobody is lost, doubled or seen by half.

A whole load is seen as a whole: every list, id, address and owner is as before, or as the load says. A single contact
is written item by item: after each it stands once in its list, is found by id and address as it was or as it is, and
where it goes to another worker it is in both lists rather than in none.
"""

import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.contract.contact_cache.killing import Client
from tests.contract.contact_cache.readers import (
    BASE,
    DIFFERING,
    EVERYBODY,
    LATER,
    NEW_OWNER,
    NEXT,
    OWNERS,
    SHARED,
    TARGETS,
    WRITES,
    after,
    cache,
    changed,
    holds_everybody,
    killed,
    killed_at,
    loaded_cache,
    seen,
    slept_at,
    update,
    whole,
)
from tests.contract.tables import Time, contact
from tests.sizes import size
from twilio_bridge.adapters.contact_cache.generation import LASTS_S
from twilio_bridge.contacts.contact import Contact

RANDOM = settings(max_examples=size(8, 100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CONTACTS = st.builds(
    Contact,
    id=st.sampled_from([contact(n).id for n in range(8)]),
    name=st.sampled_from(["ada", "Ada", "Bo", "émile", "", "田中"]),
    owner=st.sampled_from([*OWNERS, NEW_OWNER]),
    sms=st.sampled_from(["", SHARED, "+447900000013"]),
    chat=st.sampled_from(["", "", "chatter"]),
)
BASES = st.lists(CONTACTS, max_size=8, unique_by=lambda each: each.id)


@pytest.fixture
def loaded(clock: Time) -> Client:
    """A cache that load 1 has filled, an hour ago."""
    clock.stop()
    client = loaded_cache()
    clock.pass_(3_600)
    return client


def test_a_load_that_is_killed_is_not_seen(loaded: Client) -> None:
    """Whatever was its last write, readers see all of what was before, or all of the load."""
    load = whole(NEXT, 2)
    before, then = seen(loaded, EVERYBODY), seen(after(loaded, load), EVERYBODY)
    assert before != then
    views = [seen(left, EVERYBODY) for left in killed(loaded, load)]
    assert [before] * (len(views) - 1) + [then] == views


def test_a_first_load_that_is_killed_is_not_seen(clock: Time) -> None:
    """An empty cache stays empty until all is there."""
    clock.stop()
    load = whole(BASE, 1)
    views = [seen(left, EVERYBODY) for left in killed(Client(), load)]
    assert [seen(Client(), EVERYBODY)] * (len(views) - 1) + [seen(after(Client(), load), EVERYBODY)] == views


@pytest.mark.parametrize("contacts", [NEXT, LATER, BASE, []], ids=["the same", "another", "the first again", "nobody"])
def test_the_load_after_a_killed_one_is_whole(loaded: Client, contacts: list[Contact]) -> None:
    """It says all there is to see, and nothing the killed one wrote comes back."""
    load, following = whole(NEXT, 2), whole(contacts, 3)
    views = [seen(after(left, following), EVERYBODY) for left in killed(loaded, load)]
    expected, last = after(loaded, following), after(loaded, load, following)
    assert [seen(expected, EVERYBODY)] * (len(views) - 1) + [seen(last, EVERYBODY)] == views


def test_loads_that_are_killed_one_after_another_are_not_seen(loaded: Client) -> None:
    """However many die, readers see what was before, and the one that ends is whole."""
    before = seen(loaded, EVERYBODY)
    expected = seen(after(loaded, whole(LATER, 9)), EVERYBODY)
    for left in killed(loaded, whole(NEXT, 2))[:-1:5]:
        for again in killed(left, whole(BASE[::2], 3))[:-1:9]:
            assert before == seen(again, EVERYBODY)
            assert expected == seen(after(again, whole(LATER, 9)), EVERYBODY)


def test_an_update_that_is_killed_loses_and_doubles_nobody(loaded: Client) -> None:
    """After every single write each contact is there, in its list once, as it was or as it is."""
    for left in killed(loaded, update(DIFFERING, 2)):
        found = seen(left, EVERYBODY)
        holds_everybody(found, BASE, changed(BASE))
        assert found.state.newest in ("2026-01-01", "2026-01-02")


def test_the_refresh_after_a_killed_update_mends_it(loaded: Client, clock: Time) -> None:
    """The next update reads the same contacts and ends what was begun; a whole load does so, too."""
    killed_ones = killed(loaded, update(DIFFERING, 2))
    updated = seen(after(loaded, update(DIFFERING, 2)), EVERYBODY)
    clock.pass_(60)
    again, load = update(DIFFERING, 3), whole(NEXT, 3)
    expected = seen(after(loaded, load), EVERYBODY)
    for left in killed_ones:
        mended = seen(after(left, again), EVERYBODY)
        assert replace(updated, state=mended.state) == mended
        assert (time.time(), "2026-01-03") == (mended.state.loaded_at, mended.state.newest)
        assert expected.lists == seen(after(left, load), EVERYBODY).lists


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_is_killed_loses_and_doubles_nobody(loaded: Client, clock: Time, name: str) -> None:
    """A create, a change or a move is to be seen in part at most, and the next refresh ends or replaces it."""
    written = after(loaded, WRITES[name])
    now = cache(written).get_contact(contact(TARGETS[name]).id)
    assert now
    then = [*(each for each in BASE if each.id != now.id), now]
    everybody = [*EVERYBODY, now]
    left_over = killed(loaded, WRITES[name])
    clock.pass_(60)
    mended = seen(after(loaded, update([now], 2)), everybody)
    load = seen(after(loaded, whole(then, 2)), everybody)
    for left in left_over:
        holds_everybody(seen(left, everybody), BASE, then)
        assert mended == seen(after(left, update([now], 2)), everybody)
        assert load == seen(after(left, whole(then, 2)), everybody)


def test_a_removal_that_is_killed_loses_and_doubles_nobody(loaded: Client, clock: Time) -> None:
    """The contact is there, or gone from its list, its id and its addresses in the same moment."""
    gone = BASE[9]
    left_over = killed(loaded, lambda found: found.remove_contact(gone.id))
    views = [seen(left, EVERYBODY) for left in left_over]
    removed = seen(after(loaded, lambda found: found.remove_contact(gone.id)), EVERYBODY)
    assert all(view in (seen(loaded, EVERYBODY), removed) for view in views)
    clock.pass_(60)
    rest = whole([each for each in BASE if each != gone], 2)
    expected = seen(after(loaded, rest), EVERYBODY)
    assert all(expected == seen(after(left, rest), EVERYBODY) for left in left_over)


@pytest.mark.prove
@RANDOM
@example(
    before=[contact(0, owner=OWNERS[1]), contact(1)], then=[contact(1, owner=OWNERS[1])], last=[], where=4
)  # the last one without owner has left
@given(before=BASES, then=BASES, last=BASES, where=st.integers(0, 1_000))
def test_any_bases(clock: Time, before: list[Contact], then: list[Contact], last: list[Contact], where: int) -> None:
    """Whatever the bases hold and wherever a load or an update is killed or sleeps, the same is true."""
    everybody = [*before, *then, *last]
    clock.stop()
    client = after(Client(), whole(before, 1))
    clock.pass_(3_600)
    load, next_, changes = whole(then, 2), whole(last, 3), update(then, 2, ago=30)
    views = [seen(made, everybody) for made in (client, after(client, load), after(client, next_))]
    left = killed_at(client, load, where)
    assert seen(left, everybody) in views[:2]
    assert views[2].lists == seen(after(left, next_), everybody).lists
    assert views[2] == seen(slept_at(client, load, where, [next_]), everybody)
    left = killed_at(client, changes, where)
    holds_everybody(seen(left, everybody), before, [*{c.id: c for c in [*before, *then]}.values()])
    assert views[2].lists == seen(after(left, next_), everybody).lists
    assert views[2].lists == seen(slept_at(client, changes, where, [next_]), everybody).lists


@pytest.mark.parametrize("days", [1.5, 2.1, 2.9, 4])
def test_what_has_expired_is_not_read_though_it_is_still_there(loaded: Client, clock: Time, days: float) -> None:
    """DynamoDB removes late: an old copy is empty, and neither it nor a killed load comes back with the next one."""
    left = killed(loaded, whole(NEXT, 2))[-2]
    before = seen(left, EVERYBODY)
    clock.pass_(days * 86_400)
    nobody = replace(seen(Client(), EVERYBODY), positions={})
    found = replace(seen(left, EVERYBODY), positions={})
    assert found == (replace(before, positions={}) if days < LASTS_S / 86_400 else nobody)
    last = whole([contact(1, owner=OWNERS[1])], 3)
    done = seen(after(left, last), EVERYBODY)
    assert replace(seen(after(Client(), last), EVERYBODY), positions={}) == replace(done, positions={})


def test_a_removal_of_somebody_unknown_survives_a_load_that_began_before(loaded: Client, clock: Time) -> None:
    """A deletion that is told while the load that had read the contact goes on is not undone by it."""
    load = whole(NEXT, 2)
    clock.pass_(1)
    gone = next(each for each in NEXT if each not in changed(BASE)[:-2])
    done = seen(after(loaded, lambda found: found.remove_contact(gone.id), load), EVERYBODY)
    assert done.by_id[gone.id] is None
    assert gone not in done.lists[gone.owner]
