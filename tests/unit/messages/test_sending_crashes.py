"""Crashes of sending: whichever call outside fails or is the last before a kill, nobody gets a message twice.

A small campaign is sent; then once more for every call that this made, with that call failing, before or after its
effect. What failed comes again as SQS sends it again.
"""

from functools import lru_cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.messages.world import KilledError, Script, Trouble, World, row
from twilio_bridge.errors import NotTakenError, OutOfTimeError, RateLimitedError, UnavailableError

LOST = UnavailableError("memory", "no answer")
OUT_OF_TIME = OutOfTimeError("the time is up")
NOT_TAKEN = (NotTakenError("memory", "refused"), RateLimitedError("memory", 1))
OPTED_OUT, STOPPED, WRONG, UNKNOWN, SILENT, OFF, FIRST = (f"+1415555{n:04}" for n in range(1, 8))
ROWS = [row(number) for number in range(1, 8)]
# However often calls fail, at some point they do no more.
MAX_FAILING_CALLS = 300


def make_world(script: Script = lambda _name, _number: None) -> World:
    world = World(rows=ROWS, script=script, silent={SILENT, OFF})
    world.opt_outs.record_request(OPTED_OUT, True, 1.0)
    world.api.refusals = {STOPPED: 21610, WRONG: 21211}
    world.lives = {UNKNOWN: [("undelivered", 30005)], OFF: [("sent", None)]}
    return world


@lru_cache(maxsize=1)
def calm() -> World:
    return make_world().run()


def test_the_campaign_is_worth_it() -> None:
    """It holds every end that a row can have, and makes every call."""
    assert {
        1: ("skipped", "opted_out", 0),
        2: ("error", "Error", 21610),
        3: ("error", "Error", 21211),
        4: ("ended", "undelivered", 30005),
        5: ("ended", "delivered", 0),
        6: ("ended", "sent", 0),
        7: ("ended", "delivered", 0),
    } == calm().ends()
    called = {"create_message", "fetch_message", "save_row", "record_request", "mark_number", "enqueue_polls"}
    assert called | {"move_message", "take_turn", "enqueue_airtable_opt_out"} <= set(calm().calls)


@pytest.mark.parametrize("error", [LOST, OUT_OF_TIME, KilledError()], ids=["lost", "out-of-time", "killed"])
@pytest.mark.parametrize("has_effect", [False, True], ids=["before", "after"])
def test_any_call_may_fail(error: BaseException, has_effect: bool) -> None:
    """Each row ends as without it, and each person has at most one message."""
    for number in range(1, len(calm().calls) + 1):
        crashed = make_world(at(number, (error, has_effect))).run()
        assert_same(crashed, number)


def ends(crashed: World) -> dict[int, tuple[str, str, int]]:
    """Return the rows' ends; a refusal as an opt-out whose row could not be written is the next time no surprise."""
    found = crashed.ends()
    return found | ({2: calm().ends()[2]} if found[2] == ("skipped", "opted_out", 0) else {})


def at(place: int, trouble: Trouble) -> Script:
    return lambda _name, number: trouble if number == place else None


def assert_same(crashed: World, number: int) -> None:
    assert calm().messages_by_person() == crashed.messages_by_person(), number
    assert calm().ends() == ends(crashed), number
    assert calm().marks.reasons == crashed.marks.reasons, number
    assert 0 == crashed.metrics.counts["PossibleDuplicates"], number
    stopped = crashed.opt_outs.find_requests([STOPPED])
    assert [True] == [request.out for request in stopped], number
    assert STOPPED in crashed.outbox.addresses, number
    assert STOPPED in crashed.outbox.for_brevo, number


@given(st.randoms(use_true_random=True), st.sampled_from([0.02, 0.1, 0.3]))
def test_many_calls_may_fail(chance: Random, share: float) -> None:
    """Again and again, with kills among them."""

    def script(name: str, number: int) -> Trouble | None:
        if number > MAX_FAILING_CALLS or chance.random() > share:
            return None
        has_effect = chance.random() < 0.5
        sure = () if has_effect or name != "create_message" else NOT_TAKEN
        return chance.choice((LOST, OUT_OF_TIME, KilledError(), *sure)), has_effect

    crashed = make_world(script).run()
    assert all(count == 1 for count in crashed.messages_by_person().values())
    assert set(calm().messages_by_person()) >= set(crashed.messages_by_person())
    assert {1: "skipped", 2: "error", 3: "error"}.items() <= {n: e[0] for n, e in ends(crashed).items()}.items()
    counts = crashed.ledger.read_counts(ROWS[0].campaign)
    assert len(ROWS) == sum(counts.count_outcome(end) for end in ("sent", "skipped", "failed", "cancelled"))
