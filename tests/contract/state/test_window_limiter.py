"""No more requests than a window allows, in any sliding window, whoever is slow, crashes or comes at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.dynamodb import Dictionary, LockedDictionary
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.window_limiter import MAX_HOLD_S, MAX_SKEW_S, Window, WindowLimiter
from twilio_bridge.errors import RateLimitedError, UnavailableError

THREE = Window(3, 1.0)


@dataclass
class Clock:
    """A clock that moves when somebody sleeps."""

    at: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "dynamodb"])
def table(request: pytest.FixtureRequest) -> Table:
    if request.param == "memory":
        return Dictionary().table
    found: Table = request.getfixturevalue("aws").table(SYNC_STATE)
    return found


def limiter(table: Table, clock: Clock, window: Window = THREE) -> WindowLimiter:
    return WindowLimiter(table, "brevo", "contacts", window, clock=clock.now, sleep=clock.sleep)


def most_in_a_window(moments: list[float], seconds: float) -> int:
    """Count independently of the limiter: the most moments that any sliding window holds."""
    ordered = sorted(moments)
    return max(sum(start <= each < start + seconds for each in ordered) for start in ordered)


def test_as_many_as_the_window_allows_do_not_wait(table: Table, clock: Clock) -> None:
    """The next one waits until a window after the first answer."""
    one = limiter(table, clock)
    for _ in range(3):
        with one.hold_token(0):
            clock.at += 0.01
    assert [] == clock.slept
    with one.hold_token(5):
        pass
    assert 1 + MAX_SKEW_S - 0.03 <= sum(clock.slept) <= 1 + MAX_SKEW_S + 0.01


def test_who_has_no_patience_learns_when_to_come_again(table: Table, clock: Clock) -> None:
    """At once, and without a sleep."""
    one, other = limiter(table, clock), limiter(table, clock)
    for _ in range(3):
        with one.hold_token(0):
            pass
    with pytest.raises(RateLimitedError) as refused, other.hold_token(0):
        pass
    assert (1 <= refused.value.retry_after <= 1.1, []) == (True, clock.slept)


def test_a_slow_request_keeps_its_token(table: Table, clock: Clock) -> None:
    """The vendor may count it at its end: the window begins there."""
    one = limiter(table, clock, Window(1, 1.0))
    with one.hold_token(0):
        clock.at += 7
        with pytest.raises(RateLimitedError), limiter(table, clock, Window(1, 1.0)).hold_token(1):
            pass
    ended = clock.at
    with one.hold_token(2):
        assert clock.at >= ended + 1


@pytest.mark.parametrize("error", [UnavailableError("brevo", "down"), ValueError("x")])
def test_a_request_that_fails_returns_its_token(table: Table, clock: Clock, error: Exception) -> None:
    """It may have been counted all the same."""
    one = limiter(table, clock, Window(1, 1.0))
    with pytest.raises(type(error)), one.hold_token(0):
        raise error
    with pytest.raises(RateLimitedError), one.hold_token(0.5):
        pass
    with one.hold_token(2):
        pass


def test_a_token_whose_holder_crashed_comes_back(table: Table, clock: Clock) -> None:
    """After longer than any request lasts."""
    one = limiter(table, clock, Window(1, 1.0))
    one._take_token(0)
    clock.at += MAX_HOLD_S
    with pytest.raises(RateLimitedError), limiter(table, clock, Window(1, 1.0)).hold_token(0):
        pass
    clock.at += 1
    with limiter(table, clock, Window(1, 1.0)).hold_token(0):
        pass


def test_a_block_stops_everybody(table: Table, clock: Clock) -> None:
    """For as long as the vendor says; a shorter one does not end it."""
    one, other = limiter(table, clock), limiter(table, clock)
    one.block(40)
    other.block(3)
    for each in (one, other):
        with pytest.raises(RateLimitedError) as refused, each.hold_token(1):
            pass
        assert 38 <= refused.value.retry_after <= 40
    clock.at += 40
    with other.hold_token(0):
        pass


def test_a_failing_table_does_not_spoil_a_request_that_is_done(aws: Aws, clock: Clock) -> None:
    """Its token runs out by itself."""
    one = limiter(aws.table(SYNC_STATE), clock)
    with one.hold_token(0):
        aws.client.delete_table(TableName=SYNC_STATE)
    with pytest.raises(UnavailableError), one.hold_token(0):
        pass


def test_many_callers_on_a_busy_machine() -> None:
    """Each pauses where it likes, before and after the vendor counts it: the count holds in any sliding window."""
    counted: list[float] = []
    table, lock = LockedDictionary().table, threading.Lock()
    window = Window(5, 0.2)

    def call(number: int) -> None:
        chance = Random(number)  # noqa: S311  a seed, not a secret
        own = WindowLimiter(table, "brevo", "events", window)
        for _ in range(8):
            with own.hold_token(60):
                time.sleep(chance.choice([0, 0, 0.01, 0.1, 0.25]))
                with lock:
                    counted.append(time.time())
                time.sleep(chance.choice([0, 0.05]))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(8)))
    assert 64 == len(counted)
    assert window.count >= most_in_a_window(counted, window.seconds)


def test_what_a_request_costs(aws: Aws, clock: Clock) -> None:
    """Two writes; nothing is read while tokens are free."""
    one = limiter(aws.table(SYNC_STATE), clock)

    def use() -> None:
        with one.hold_token(1):
            pass

    assert ["UpdateItem"] * 2 == aws.count(use)
