"""A vendor's limiter: whoever asks, from wherever, requests start 250 ms apart."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from random import Random

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.sizes import size
from twilio_bridge.adapters.state.limiter import Pace, SlotLimiter
from twilio_bridge.errors import RateLimitedError

SLOT_S = 0.25


class Moment:
    """A clock that sleeping moves; a list of when requests started."""

    def __init__(self) -> None:
        self.at = 1_760_000_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@pytest.fixture
def moment() -> Moment:
    return Moment()


def limiter(aws: Aws, moment: Moment, account: str = "app1") -> SlotLimiter:
    return SlotLimiter(aws.table(SYNC_STATE), "airtable", account, clock=moment.now, sleep=moment.sleep)


def start(one: SlotLimiter, at: float, patience_s: float = 1_000.0) -> float:
    """Return when a caller who comes at that moment may start, without letting time pass for the others."""
    elsewhere = Moment()
    elsewhere.at = at
    one._clock, one._sleep = elsewhere.now, elsewhere.sleep
    one.reserve_slot(patience_s)
    return elsewhere.at


def apart(starts: list[float]) -> list[float]:
    ordered = sorted(starts)
    return [after - before for before, after in pairwise(ordered)]


def test_the_first_caller_starts_at_once(aws: Aws, moment: Moment) -> None:
    """Where nobody asked before there is nothing to wait for."""
    limiter(aws, moment).reserve_slot(0)
    assert [] == moment.slept


def test_callers_start_a_slot_apart(aws: Aws, moment: Moment) -> None:
    """Twenty who come together, to several limiters, start 250 ms apart."""
    limiters = [limiter(aws, moment) for _ in range(4)]
    starts = [start(limiters[number % 4], moment.at) for number in range(20)]
    assert [SLOT_S] * 19 == [round(gap, 3) for gap in apart(starts)]
    assert moment.at == min(starts)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(size(2, 6)))
def test_never_more_than_five_in_any_second(aws: Aws, moment: Moment, seed: int) -> None:
    """However callers come, the starts lie a slot apart, so no second sees a sixth."""
    random = Random(seed)  # noqa: S311  made-up callers, no secret
    limiters = [limiter(aws, moment) for _ in range(3)]
    starts = []
    for _ in range(60):
        starts.append(start(random.choice(limiters), moment.at))
        moment.at += random.choice([0, 0.001, 0.12, 0.249, 0.25, 0.251, 0.3, random.random(), 2 * random.random()])
    assert min(apart(starts)) > SLOT_S - 0.0015
    assert max(sum(first <= other < first + 1 for other in starts) for first in starts) <= 5


def test_idle_time_is_not_saved_up(aws: Aws, moment: Moment) -> None:
    """After an hour without requests they start a slot apart all the same."""
    one = limiter(aws, moment)
    one.reserve_slot(0)
    moment.at += 3_600
    starts = [start(one, moment.at) for _ in range(10)]
    assert [SLOT_S] * 9 == [round(gap, 3) for gap in apart(starts)]


def test_who_asks_now_and_then_never_waits(aws: Aws, moment: Moment) -> None:
    """A caller every 300 ms does not wait at all."""
    one = limiter(aws, moment)
    for _ in range(10):
        one.reserve_slot(0)
        moment.at += 0.3
    assert [] == moment.slept


@pytest.mark.parametrize(("overslept", "starts"), [((0.1,), 0.35), ((0.2, 0.0), 0.5), ((0.2, 0.2), 0.7)])
def test_a_slot_that_has_passed_is_given_up_once(
    aws: Aws, moment: Moment, overslept: tuple[float, ...], starts: float
) -> None:
    """Used late it would fall together with the next ones; a little late does no harm, and always late is tried."""
    one = limiter(aws, moment)
    one.reserve_slot(0)
    began, late = moment.at, iter(overslept)
    one._sleep = lambda seconds: moment.sleep(seconds + next(late))
    one.reserve_slot(5)
    assert began + starts == pytest.approx(moment.at)
    assert 1 + len(overslept) == one.count_calls()


def test_an_impatient_caller_takes_no_slot_away(aws: Aws, moment: Moment) -> None:
    """Who would wait too long is refused at once, and the next one's slot is as it was."""
    one = limiter(aws, moment)
    for _ in range(4):
        start(one, moment.at)
    one._clock, one._sleep = moment.now, moment.sleep
    for _ in range(10):
        with pytest.raises(RateLimitedError) as refused:
            one.reserve_slot(0.9)
        assert refused.value.retry_after == pytest.approx(1.0, abs=0.01)
    assert [] == moment.slept
    assert start(one, moment.at, patience_s=1.1) == pytest.approx(moment.at + 1.0, abs=0.01)


def test_a_caller_waits_as_long_as_its_patience(aws: Aws, moment: Moment) -> None:
    """The last slot within the patience is taken."""
    one = limiter(aws, moment)
    start(one, moment.at)
    start(one, moment.at)
    assert start(one, moment.at, patience_s=0.5) == pytest.approx(moment.at + 0.5, abs=0.01)


def test_a_block_stops_everybody_and_ends(aws: Aws, moment: Moment) -> None:
    """For 30 s nobody starts, then they do, a slot apart."""
    one, other = limiter(aws, moment), limiter(aws, moment)
    one.reserve_slot(0)
    one.block_slots(30)
    with pytest.raises(RateLimitedError) as refused:
        other.reserve_slot(5)
    assert refused.value.retry_after == pytest.approx(30, abs=0.3)
    moment.at += 20
    with pytest.raises(RateLimitedError) as refused:
        other.reserve_slot(5)
    assert refused.value.retry_after == pytest.approx(10, abs=0.3)
    moment.at += 10.3
    starts = [start(limiter(aws, moment), moment.at) for _ in range(4)]
    assert [SLOT_S] * 3 == [round(gap, 3) for gap in apart(starts)]


def test_a_block_is_waited_for_by_who_can(aws: Aws, moment: Moment) -> None:
    """A job with patience starts when the block ends, not before."""
    one = limiter(aws, moment)
    one.block_slots(30)
    assert start(one, moment.at, patience_s=120) == pytest.approx(moment.at + 30, abs=0.3)


def test_a_shorter_block_does_not_end_a_longer_one(aws: Aws, moment: Moment) -> None:
    """What is blocked stays so."""
    one = limiter(aws, moment)
    one.block_slots(30)
    one.block_slots(1)
    with pytest.raises(RateLimitedError) as refused:
        one.reserve_slot(5)
    assert refused.value.retry_after == pytest.approx(30, abs=0.3)


def test_a_block_does_not_give_back_slots_taken(aws: Aws, moment: Moment) -> None:
    """Where the slots reach beyond the block, who comes next starts behind them."""
    one = limiter(aws, moment)
    starts = [start(one, moment.at) for _ in range(9)]
    one._clock = moment.now
    one.block_slots(1)
    assert start(one, moment.at) == pytest.approx(max(starts) + SLOT_S, abs=0.01)


def test_accounts_have_limits_of_their_own(aws: Aws, moment: Moment) -> None:
    """One base's callers do not wait for another's."""
    limiter(aws, moment, "app1").block_slots(30)
    limiter(aws, moment, "app2").reserve_slot(0)
    assert [] == moment.slept


def test_a_slot_takes_one_request(aws: Aws, moment: Moment) -> None:
    """Reserving is one update while others ask too, two after a pause; nobody polls."""
    one = limiter(aws, moment)
    assert ["UpdateItem"] * 2 == aws.count(lambda: one.reserve_slot(0))
    assert ["UpdateItem"] == aws.count(lambda: one.reserve_slot(5))


def test_threads_at_the_same_time(aws: Aws) -> None:
    """Eight real callers get slots 250 ms apart, however busy the machine is when they wake."""
    table, slots = aws.one_by_one(SYNC_STATE), list[float]()
    now = time.time()

    def reserve() -> None:
        limiter = SlotLimiter(table, "airtable", "app1", clock=lambda: now, sleep=slots.append)
        limiter.reserve_slot(10)

    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(reserve) for _ in range(8)]:
            each.result()

    expected = [SLOT_S * n for n in range(1, 8)]  # the first does not wait
    assert sorted(slots)[-7:] == pytest.approx(expected, abs=SLOT_S / 2)
    assert min(apart(sorted(slots)[-7:])) == pytest.approx(SLOT_S, abs=0.002)


def test_bulk_takes_one_slot_in_four_while_callbacks_wait(aws: Aws) -> None:
    """With callbacks queued, every fourth slot at most is bulk's; without them bulk has them all."""
    now = [1_760_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    table = aws.table(SYNC_STATE)
    callback = SlotLimiter(table, "airtable", "app1", clock=lambda: now[0], sleep=lambda _s: None)
    bulk = SlotLimiter(table, "airtable", "app1", bulk=True, clock=lambda: now[0], sleep=sleep)
    bulk.reserve_slot(10)
    alone = now[0]
    bulk.reserve_slot(10)
    assert 0.25 == pytest.approx(now[0] - alone)
    for _ in range(8):  # two seconds of callbacks are waiting
        callback.reserve_slot(10)
    began = now[0]
    bulk.reserve_slot(10)
    bulk.reserve_slot(10)
    assert now[0] - began > 2


def test_the_months_requests_are_counted(aws: Aws) -> None:
    """Each slot taken is a request; refusals are none."""
    limiter = SlotLimiter(aws.table(SYNC_STATE), "airtable", "app1", sleep=lambda _s: None)
    for _ in range(3):
        limiter.reserve_slot(10)
    with pytest.raises(RateLimitedError):
        limiter.reserve_slot(0)

    assert 3 == limiter.count_calls()


def test_a_vendor_has_a_pace_of_its_own(aws: Aws, moment: Moment) -> None:
    """Brevo's contacts start 111 ms apart."""
    one = SlotLimiter(aws.table(SYNC_STATE), "brevo", "contacts", pace=Pace(slot_ms=111))
    starts = [start(one, moment.at) for _ in range(10)]
    assert [0.111] * 9 == [round(gap, 3) for gap in apart(starts)]


def test_saved_slots_are_taken_at_once(aws: Aws, moment: Moment) -> None:
    """After a rest the first few need not wait; then everybody starts a slot apart."""
    one = SlotLimiter(aws.table(SYNC_STATE), "brevo", "the rest", pace=Pace(slot_ms=1_000, saved=3))
    for _ in range(2):
        starts = [start(one, moment.at) - moment.at for _ in range(6)]
        assert [0, 0, 0, 0, 1, 2] == [round(after, 3) for after in starts]
        moment.at += 3_600


@pytest.mark.prove
def test_no_more_than_the_hours_limit_in_any_hour(aws: Aws, moment: Moment) -> None:
    """A hundred with those that were saved up, and eighty an hour from then on."""
    one = SlotLimiter(aws.table(SYNC_STATE), "brevo", "the rest", pace=Pace(slot_ms=45_000, saved=19))
    starts = [start(one, moment.at, patience_s=10_000) for _ in range(size(120, 200))]
    most = max(sum(first <= other < first + 3_600 for other in starts) for first in starts)
    assert 99 == most


def test_a_block_ends_what_was_saved(aws: Aws, moment: Moment) -> None:
    """Nobody starts before the block ends, however long nobody asked."""
    one = SlotLimiter(aws.table(SYNC_STATE), "brevo", "the rest", pace=Pace(slot_ms=1_000, saved=3), clock=moment.now)
    one.block_slots(30)
    starts = [start(one, moment.at, patience_s=60) - moment.at for _ in range(3)]
    assert [30, 31, 32] == [round(after) for after in starts]
