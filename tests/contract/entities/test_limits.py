"""No second holds more than 25 requests a node, whoever makes them; nearly as many are made where they are wanted."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.entities.limits import REQUESTS_A_NODE, NodeLimiter, ProcessLimiter, check_nodes
from twilio_bridge.adapters.state.limiter import pace_for
from twilio_bridge.errors import RateLimitedError, SettingError

ACCOUNT = "AC" + "1" * 32


@dataclass
class Moment:
    """A clock that sleeping moves."""

    at: float = 1_760_000_000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += max(seconds, 0)


@pytest.fixture
def moment() -> Moment:
    return Moment()


def busiest_second(starts: list[float]) -> int:
    return max(sum(1 for other in starts if start <= other < start + 1) for start in starts)


def starts_of(limiters: list[NodeLimiter], moment: Moment, count: int) -> Iterator[float]:
    """Yield when requests start that instances make by turns, each as soon as it may."""
    for number in range(count):
        limiters[number % len(limiters)].reserve(60)
        yield moment.now()


@pytest.mark.parametrize(("nodes", "instances"), [(1, 1), (2, 3), (6, 2)])
def test_no_second_holds_too_many(moment: Moment, nodes: int, instances: int) -> None:
    table = Dictionary().table
    limiters = [NodeLimiter(table, ACCOUNT, nodes, clock=moment.now, sleep=moment.sleep) for _ in range(instances)]
    limiters[0].reserve(1)
    moment.at += 30  # turns that nobody took are no debt of Twilio's
    starts = list(starts_of(limiters, moment, 2 * nodes * REQUESTS_A_NODE))
    assert busiest_second(starts) <= nodes * REQUESTS_A_NODE
    assert len(starts) / (starts[-1] - starts[0]) >= 0.8 * nodes * REQUESTS_A_NODE


@pytest.mark.parametrize("requests_per_s", range(25, 126, 5))
def test_slots_that_are_taken_late_are_counted(requests_per_s: int) -> None:
    """Whatever is taken late, the slots of a second and those kept from before it are no more than the limit."""
    pace = pace_for(requests_per_s)
    assert 1000 / pace.slot_ms + pace.saved + 1.5 <= requests_per_s
    assert 1000 / pace.slot_ms >= 0.79 * requests_per_s


def test_accounts_do_not_wait_for_each_other(aws: Aws, moment: Moment) -> None:
    first = NodeLimiter(aws.table(SYNC_STATE), ACCOUNT, clock=moment.now, sleep=moment.sleep)
    other = NodeLimiter(aws.table(SYNC_STATE), "AC" + "2" * 32, clock=moment.now, sleep=moment.sleep)
    first.block(20)
    other.reserve(0.1)
    assert not moment.slept


def test_a_429_stops_everybody_for_a_while(aws: Aws, moment: Moment) -> None:
    limiters = [NodeLimiter(aws.table(SYNC_STATE), ACCOUNT, 20, clock=moment.now, sleep=moment.sleep) for _ in range(2)]
    began = moment.at
    limiters[0].block(2)
    for _ in range(10):
        limiters[1].reserve(5)
    assert moment.at - began >= 2


def test_a_turn_that_would_come_too_late_is_refused_at_once(aws: Aws, moment: Moment) -> None:
    limiter = NodeLimiter(aws.table(SYNC_STATE), ACCOUNT, clock=moment.now, sleep=moment.sleep)
    limiter.block(20)
    with pytest.raises(RateLimitedError):
        limiter.reserve(5)
    assert not moment.slept


def test_a_turn_costs_one_write(aws: Aws, moment: Moment) -> None:
    limiter = NodeLimiter(aws.table(SYNC_STATE), ACCOUNT, clock=moment.now, sleep=moment.sleep)
    limiter.reserve(1)
    assert aws.count(lambda: limiter.reserve(1)) == ["UpdateItem"]


def test_a_process_alone_keeps_to_the_limit(moment: Moment) -> None:
    limiter = ProcessLimiter(2, clock=moment.now, sleep=moment.sleep)
    starts = []
    for _ in range(200):
        limiter.reserve(1)
        starts.append(moment.now())
    assert busiest_second(starts) <= 50 + 1  # of floats
    limiter.block(3)
    with pytest.raises(RateLimitedError):
        limiter.reserve(1)


@pytest.mark.parametrize("nodes", [0, 51, -1])
def test_there_are_one_to_fifty_nodes(nodes: int) -> None:
    with pytest.raises(SettingError, match="from 1 to 50"):
        check_nodes(nodes)
