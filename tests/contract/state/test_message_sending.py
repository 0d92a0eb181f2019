"""What sending messages keeps in SyncState: turns, which row a message belongs to, and numbers that nothing reaches."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.message_sending import FakeNumberMarks, FakePacer, FakeSentMessages
from twilio_bridge.adapters.state.message_turns import DynamoPacer
from twilio_bridge.adapters.state.number_marks import DynamoNumberMarks
from twilio_bridge.adapters.state.sent_messages import DynamoSentMessages
from twilio_bridge.messages.sending.ports import NumberMarks, Pacer, SentMessages

NUMBER, OTHER = "+14155550101", "+14155550102"


class Moment:
    """A clock that a test moves (epoch ms)."""

    def __init__(self) -> None:
        self.at = 1_795_000_000_000

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture(params=["memory", "dynamodb"])
def pacer(request: pytest.FixtureRequest, moment: Moment) -> Pacer:
    if request.param == "memory":
        return FakePacer(moment)
    aws: Aws = request.getfixturevalue("aws")
    return DynamoPacer(aws.table(SYNC_STATE), clock=lambda: moment() / 1000)


@pytest.fixture(params=["memory", "dynamodb"])
def sent(request: pytest.FixtureRequest) -> SentMessages:
    if request.param == "memory":
        return FakeSentMessages()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoSentMessages(aws.table(SYNC_STATE))


@pytest.fixture(params=["memory", "dynamodb"])
def marks(request: pytest.FixtureRequest) -> NumberMarks:
    if request.param == "memory":
        return FakeNumberMarks()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoNumberMarks(aws.table(SYNC_STATE))


def test_turns_are_as_far_apart_as_the_rate_asks_for(pacer: Pacer, moment: Moment) -> None:
    """The first is now; they go on far ahead, and nobody waits for them here."""
    turns = [pacer.take_turn("sender +1", 4) for _ in range(50)]
    assert moment() == turns[0]
    assert {250} == {after - before for before, after in pairwise(turns)}


def test_names_have_turns_of_their_own(pacer: Pacer, moment: Moment) -> None:
    """A sender holds up no other."""
    assert [moment(), moment()] == [pacer.take_turn(name, 1) for name in ("sender +1", "sender +2")]


def test_turns_that_nobody_took_are_not_saved_up(pacer: Pacer, moment: Moment) -> None:
    """Behind a pause they begin with the moment, one by one."""
    pacer.take_turn("campaign a", 1)
    moment.at += 60_000
    assert [moment(), moment() + 1_000] == [pacer.take_turn("campaign a", 1) for _ in range(2)]


@pytest.mark.parametrize("rate", [0.1, 3, 80, 1_000])
def test_no_rate_is_passed(pacer: Pacer, rate: float) -> None:
    """A millisecond is never shared, and rates below one a second hold."""
    turns = [pacer.take_turn("sender +1", rate) for _ in range(5)]
    assert all(after - before >= 1_000 / rate - 1 for before, after in pairwise(turns))


def test_instances_share_turns(aws: Aws, moment: Moment) -> None:
    """Nobody gets another's."""
    table = aws.one_by_one(SYNC_STATE)

    def take(_: int) -> int:
        return DynamoPacer(table, clock=lambda: moment() / 1000).take_turn("sender +1", 10)

    with ThreadPoolExecutor(8) as pool:
        turns = list(pool.map(take, range(24)))
    assert 24 == len(set(turns))


def test_a_message_belongs_to_its_first_row(sent: SentMessages) -> None:
    """Which may say so again."""
    assert [True, True, False] == [sent.claim_message("SM1", row) for row in ("a.1", "a.1", "b.1")]
    assert sent.claim_message("SM2", "b.1")


def test_a_message_is_moved_to_whose_it_is_for_certain(sent: SentMessages) -> None:
    """The row that had it is named, so that it can be mended."""
    assert ["", "a.1", "a.1"] == [sent.move_message("SM3", row) for row in ("a.1", "a.1", "b.1")]
    assert [False, True] == [sent.claim_message("SM3", row) for row in ("a.1", "b.1")]


def test_marks(marks: NumberMarks) -> None:
    """The latest reason counts; others have none."""
    assert {} == marks.find_marked([NUMBER, OTHER])
    marks.mark_number(NUMBER, "unreachable_number")
    marks.mark_number(NUMBER, "landline")
    assert {NUMBER: "landline"} == marks.find_marked([NUMBER, OTHER, NUMBER])


def test_strikes(marks: NumberMarks) -> None:
    """Three rows are a mark; one row is one strike, however often."""
    for row in ("a.1", "a.1", "a.1", "b.1"):
        marks.add_strike(NUMBER, row)
        assert {} == marks.find_marked([NUMBER])
    marks.add_strike(NUMBER, "c.1")
    assert {NUMBER: "unreachable_number"} == marks.find_marked([NUMBER])


def test_an_arrival_clears(marks: NumberMarks) -> None:
    """Strikes and marks, and of a number that has none nothing."""
    marks.clear_strikes(OTHER)
    for row in ("a.1", "b.1"):
        marks.add_strike(NUMBER, row)
    marks.clear_strikes(NUMBER)
    marks.add_strike(NUMBER, "c.1")
    assert {} == marks.find_marked([NUMBER])
    marks.mark_number(NUMBER, "unreachable_number")
    marks.clear_strikes(NUMBER)
    assert {} == marks.find_marked([NUMBER, OTHER])
