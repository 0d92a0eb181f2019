"""Crashes of the support job: whichever call outside fails, before or after its effect, the result is the same.

A small day is taken in and told; then once more for every call that this made, with that call failing. What failed
comes again as Lambda and SQS send it again.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import repeat
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sizes import size
from tests.unit.support.end_state import State, contacts, state, timeline
from tests.unit.support.job import Script, Trouble, World
from tests.unit.support.tasks import answered
from tests.unit.support.test_property import assert_same, batches, disordered
from twilio_bridge.errors import NotTakenError, OutOfTimeError, RateLimitedError, UnavailableError
from twilio_bridge_local.samples.envelopes import records
from twilio_bridge_local.samples.support_day import generate

# A day with somebody who leaves, a survey's answer, a chat that is closed, a word, and two persons who are one.
SEED, TASKS, BATCH = 185, 3, 7
LOST = UnavailableError("memory", "no answer")
OUT_OF_TIME = OutOfTimeError("the time is up")
NOT_TAKEN = (NotTakenError("memory", "refused"), RateLimitedError("memory", 1))
# What is called outside at least.
REDUCING = {
    "add_facts",
    "find_claims",
    "create_person",
    "attach_keys",
    "absorb_shell",
    "move_rows",
    "put_rows",
    "enqueue_brevo_delivery",
    "record_request",
}
DELIVERING = {
    "enqueue_brevo_opt_out",
    "load_dossier",
    "create_contact",
    "save_delivery",
    "mark_event",
    "post_event",
    "set_opted_out",
    "find_overdue",
}
# However often calls fail, at some point they do no more.
MAX_FAILING_CALLS = 500


@lru_cache(maxsize=1)
def day() -> list[bytes]:
    return records(generate(SEED, TASKS, workers=1), SEED)


def run(script: Script = lambda _name, _number: None) -> World:
    world = World(script=script)
    world.feed(day(), repeat(BATCH))
    finish(world)
    return world


def finish(world: World) -> None:
    """Tell everybody; a sweep that breaks off is made again the next time."""
    for _ in range(MAX_FAILING_CALLS):
        try:
            world.finish()
        except (UnavailableError, RateLimitedError, OutOfTimeError):
            continue
        return


@lru_cache(maxsize=1)
def expected() -> tuple[World, State]:
    world = run()
    return world, state(world)


def test_the_day_is_worth_it() -> None:
    """It tells Brevo of tasks, of a survey and of a conversation, writes every kind of row, and hears a word."""
    world, held = expected()
    kinds = {key.partition("#")[2] for key in timeline(world)}
    assert {"requested", "resolved", "abandoned", "csat", "ended"} == kinds
    assert {"customer", "queue", "reservation", "activity", "csat"} == {key.partition("#")[0] for _, key in held.rows}
    assert held.words
    assert REDUCING | DELIVERING <= {name for name, _ in world.calls}


@pytest.mark.prove
@pytest.mark.parametrize(
    ("error", "has_effect", "first"),
    [(LOST, False, 1), (LOST, True, 2), (OUT_OF_TIME, False, 3), (OUT_OF_TIME, True, 4)],
    ids=["lost-before", "lost-after", "out-of-time-before", "out-of-time-after"],
)
def test_any_call_may_fail(error: Exception, has_effect: bool, first: int) -> None:
    """No event lost, none told twice, figures exact: the same state, and the same Brevo, as without a crash.

    In `make test` every fourth call fails in each way, so that each call fails in one of them.
    """
    world, held = expected()
    for number in range(size(first, 1), len(world.calls) + 1, size(4, 1)):
        crashed = run(at(number, (error, has_effect)))
        assert held == state(crashed), number
        assert (timeline(world), contacts(world)) == (timeline(crashed), contacts(crashed)), number
        assert_looked_up(crashed)


def at(place: int, trouble: Trouble) -> Script:
    """Let one call fail."""
    return lambda _name, number: trouble if number == place else None


@pytest.mark.prove
@settings(max_examples=size(15, 50))
@given(st.integers(0, 10_000), st.randoms(use_true_random=True), st.sampled_from([0.02, 0.1, 0.3]))
def test_many_calls_may_fail(seed: int, chance: Random, share: float) -> None:
    """Again and again, with repeated events in any order and in other batches each time."""
    events = generate(seed, 3, workers=1)
    calm, world = World(), World(script=failing(chance, share))
    calm.feed(records(events, 0), repeat(len(events)))
    calm.finish()
    world.feed(disordered(events, chance), batches(chance))
    finish(world)
    assert_same(calm, world)
    assert_looked_up(world)


def failing(chance: Random, share: float) -> Script:
    """Let calls fail by chance; of some it is certain that nothing has happened."""

    def script(_name: str, number: int) -> Trouble | None:
        if number > MAX_FAILING_CALLS or chance.random() > share:
            return None
        has_effect = chance.random() < 0.5
        return chance.choice((LOST, OUT_OF_TIME) if has_effect else (LOST, OUT_OF_TIME, *NOT_TAKEN)), has_effect

    return script


def assert_looked_up(world: World) -> None:
    """Whatever was posted without a clear answer is looked up before it is posted again."""
    doubtful: set[str] = set()
    for name, event, error in answers(world):
        if name == "find_events":
            doubtful -= {event}
            continue
        assert event not in doubtful
        doubtful |= {event} if isinstance(error, UnavailableError | OutOfTimeError) else set()
        doubtful -= {event} if isinstance(error, NotTakenError) else set()


def answers(world: World) -> Iterator[tuple[str, str, Exception | None]]:
    """Return what Brevo was asked about events, with how it went."""
    for number, (name, arguments) in enumerate(world.calls, 1):
        if name == "post_event":
            yield name, arguments[-1].key, world.failures.get(number)
        elif name == "find_events" and number not in world.failures:
            yield from ((name, event.key, None) for event in arguments[-1])


@pytest.mark.parametrize(("has_effect", "posts"), [(True, 1), (False, 2)])
def test_a_row_left_in_sending_is_looked_up(has_effect: bool, posts: int) -> None:
    """The answer got lost: Brevo is asked whether it has the event, and told only if it has not."""
    failed: list[int] = []

    def script(name: str, number: int) -> Trouble | None:
        if name != "post_event" or failed:
            return None
        failed.append(number)
        return LOST, has_effect

    world = World(script=script)
    world.feed(records(answered()[:2], 0), repeat(2))
    finish(world)
    assert ["post_event", "find_events", "post_event"][: 1 + posts] == [name for name, _ in world.asked()]
    assert [1] == [len(events) for events in timeline(world).values()]


@pytest.mark.parametrize("error", NOT_TAKEN, ids=["not-taken", "rate-limited"])
def test_what_brevo_did_not_take_needs_no_look(error: Exception) -> None:
    """It is told again, and no more asked."""
    posted: list[int] = []

    def script(name: str, number: int) -> Trouble | None:
        if name != "post_event" or posted:
            return None
        posted.append(number)
        return error, False

    world = World(script=script)
    world.feed(records(answered()[:2], 0), repeat(2))
    finish(world)
    assert ["post_event", "post_event"] == [name for name, _ in world.asked()]
