"""Facts are only ever added to, the same in memory and in DynamoDB, and no task can grow until it blocks the stream."""

import json
import uuid
from collections.abc import Iterable
from io import StringIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.tables import SYNC_STATE, Aws, Time
from tests.contract.units import Metered
from tests.fakes.support import FakeFacts
from tests.sizes import size
from twilio_bridge.adapters.aws.dynamodb import MAX_ITEM_BYTES, Table, item_size, unmarshal
from twilio_bridge.adapters.state.facts import LARGEST, MAX_WRITE_BYTES, DynamoFacts
from twilio_bridge.errors import UnavailableError
from twilio_bridge.logs import logger
from twilio_bridge.support.ports import Facts
from twilio_bridge.support.tasks.facts import Fact, KnownFacts, NewFacts, compute_digest
from twilio_bridge.support.tasks.folding import MAX_FACTS_COUNT, fold_facts

# A task's, of which five hundred are kept as they are: they are folded twice, or more often.
COUNT = size(905, 2_005)
TASK = f"task#WT{'0' * 31}1"
DAY_S = 86_400
HOSTILE = 'O\'Brien "😀" {x}\\ 田中\n\x00#:,'
TOLD = {"from": "+447900000012", "customers.email": "amara@example.com", "vip": True, "score": 4.5, "tags": ["a", "b"]}


@pytest.fixture(params=["memory", "dynamodb"])
def facts(request: pytest.FixtureRequest, clock: Time) -> Facts:
    clock.stop()
    if request.param == "memory":
        return FakeFacts()
    return DynamoFacts(request.getfixturevalue("aws").table(SYNC_STATE))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


def fact(number: int, kind: str = "task.updated", attributes: str = "", **values: Any) -> Fact:
    return Fact(f"EV{number:032}", kind, 1_772_442_000_000 + number, values, attributes)


def heard(*told: Fact, attributes: Iterable[Any] = ()) -> NewFacts:
    return NewFacts({each.id: each for each in told}, {compute_digest(each): each for each in attributes})


def test_what_was_heard_is_known(facts: Facts) -> None:
    """Every fact as it was, in order, with the attributes that held."""
    first = fact(2, "task.created", compute_digest(TOLD), queue=HOSTILE, age="0", count=7)
    second = fact(1, "reservation.accepted")
    known = facts.add_facts(TASK, heard(first, second, attributes=[TOLD]))
    assert KnownFacts(TASK, (second, first), {compute_digest(TOLD): TOLD}) == known
    assert known == facts.add_facts(TASK, heard(first, second, attributes=[TOLD]))


def test_later_facts_are_added(facts: Facts) -> None:
    """What was known stays, and the version counts it."""
    facts.add_facts(TASK, heard(fact(1), fact(2)))
    known = facts.add_facts(TASK, heard(fact(2), fact(3)))
    assert ((fact(1), fact(2), fact(3)), 3) == (known.facts, known.version)


def test_what_stands_there_stays(facts: Facts) -> None:
    """An event with a known id changes nothing, whatever it says."""
    facts.add_facts(TASK, heard(fact(1, queue="first")))
    assert (fact(1, queue="first"),) == facts.add_facts(TASK, heard(fact(1, "task.deleted", queue="second"))).facts


def test_nothing_new_tells_what_is_known(facts: Facts) -> None:
    """Somebody may only want to know."""
    facts.add_facts(TASK, heard(fact(1)))
    assert (fact(1),) == facts.add_facts(TASK, NewFacts()).facts
    assert () == facts.add_facts("task#WT2", NewFacts()).facts


def test_subjects_do_not_meet(facts: Facts) -> None:
    """Each has its own facts."""
    facts.add_facts(TASK, heard(fact(1)))
    assert (fact(2),) == facts.add_facts("conversation#CH1", heard(fact(2))).facts


def test_facts_go_a_month_after_the_last_word(facts: Facts, clock: Time) -> None:
    """And not before."""
    facts.add_facts(TASK, heard(fact(1)))
    clock.pass_(30 * DAY_S)
    facts.add_facts(TASK, heard(fact(2)))
    clock.pass_(30 * DAY_S)
    assert 3 == facts.add_facts(TASK, heard(fact(3))).version


def test_attributes_that_are_missing_are_unknown(facts: Facts) -> None:
    """A fact never names attributes that are not there."""
    known = facts.add_facts(TASK, heard(fact(1, attributes="0123456789abcdef")))
    assert "" == known.facts[0].attributes
    assert {} == known.latest_attributes()


BATCHES = st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=6), min_size=1, max_size=6)


@given(batches=BATCHES, draw=st.randoms(use_true_random=False))
@pytest.mark.prove
@settings(max_examples=size(10, 25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_and_repetition_do_not_matter(aws: Aws, batches: list[set[int]], draw: Any) -> None:
    """However batches are cut, repeated and turned round, the same is known in the end, in memory, too."""
    subject = f"task#WT{uuid.uuid4().hex}"
    turned = [*batches, *draw.sample(batches, len(batches) // 2)]
    draw.shuffle(turned)
    memory, stored = FakeFacts(), DynamoFacts(aws.table(SYNC_STATE))
    for batch in turned:
        news = heard(*(fact(number) for number in batch))
        assert memory.add_facts(subject, news) == stored.add_facts(subject, news)
    assert tuple(map(fact, sorted(set().union(*batches)))) == stored.add_facts(subject, NewFacts()).facts


def test_adding_is_one_request(aws: Aws) -> None:
    """For as many facts as an expression takes; what is longer takes two, and nothing is lost."""
    stored = DynamoFacts(aws.table(SYNC_STATE))
    few = heard(*map(fact, range(99)), attributes=[TOLD])
    assert ["UpdateItem"] == aws.count(lambda: stored.add_facts(TASK, few))
    many = heard(*map(fact, range(250)))
    assert ["UpdateItem"] * 3 == aws.count(lambda: stored.add_facts(TASK, many))
    assert 250 == stored.add_facts(TASK, NewFacts()).version


class Spying:
    """A client that keeps what it is asked to update."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.updates: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **request: Any) -> Any:
        self.updates.append(request)
        return self._client.update_item(**request)


def test_expressions_are_what_aws_takes(aws: Aws) -> None:
    """4 KB of expression and 300 operators at most, in each of the updates."""
    client: Any = Spying(aws.client)
    DynamoFacts(Table(client, SYNC_STATE)).add_facts(TASK, heard(*map(fact, range(250))))
    for update in client.updates:
        change = update["UpdateExpression"]
        assert len(change.encode()) <= 4_096
        assert change.count("=") + change.count("if_not_exists") <= 300


def test_a_life_costs_little(aws: Aws) -> None:
    """Ten events of a task, in two batches, cost at most a unit each."""
    client: Any = Metered(aws.client)
    stored = DynamoFacts(Table(client, SYNC_STATE))
    values = {"reservation": f"WR{0:032}", "worker_sid": f"WK{0:032}", "worker": "amara@example.com"}
    queue = {"queue_sid": f"WQ{0:032}", "queue": "Support in English"}
    for batch in (range(5), range(5, 10)):
        stored.add_facts(
            TASK,
            heard(*(fact(n, attributes=compute_digest(TOLD), **values, **queue) for n in batch), attributes=[TOLD]),
        )
    assert client.written <= 10
    assert 2 == client.requests.total()


def test_a_task_without_end_is_cut(aws: Aws, log: StringIO) -> None:
    """What comes when a task's item is full is dropped and counted; what is known stays, and nothing fails."""
    stored = DynamoFacts(aws.table(SYNC_STATE))
    for batch in range(12):
        news = heard(*(fact(batch * 10 + number, queue="x" * 4_000) for number in range(10)))
        known = stored.add_facts(TASK, news)
    raw = aws.client.get_item(TableName=SYNC_STATE, Key={"pk": {"S": TASK}, "sk": {"S": "facts"}})["Item"]
    assert LARGEST < item_size(unmarshal(raw)) <= MAX_ITEM_BYTES - MAX_WRITE_BYTES
    assert known.facts == stored.add_facts(TASK, heard(*(fact(n, queue="x" * 4_000) for n in range(10)))).facts
    dropped = [json.loads(line) for line in log.getvalue().splitlines()]
    assert 120 == known.version + sum(line["facts"] for line in dropped)
    assert {("ERROR", TASK)} == {(line["level"], line["subject"]) for line in dropped}


def test_what_is_too_large_alone_is_left_out(aws: Aws) -> None:
    """Attributes and values beyond anything that Twilio sends go; the fact itself stays."""
    stored = DynamoFacts(aws.table(SYNC_STATE))
    huge = {"tags": ["x" * 500] * 200}
    known = stored.add_facts(
        TASK, heard(fact(1, attributes=compute_digest(huge)), fact(2, tags="é" * 30_000), attributes=[huge])
    )
    assert (fact(1), fact(2)) == known.facts


def test_two_who_add_at_once(aws: Aws) -> None:
    """Of two who add the same event at the same time the first one's word stands, and both see all."""
    one, other = DynamoFacts(aws.table(SYNC_STATE)), DynamoFacts(aws.table(SYNC_STATE))
    one.add_facts(TASK, heard(fact(1, queue="one")))
    known = other.add_facts(TASK, heard(fact(1, queue="other"), fact(2)))
    assert (fact(1, queue="one"), fact(2)) == known.facts
    assert known == one.add_facts(TASK, heard(fact(2, queue="one")))


def test_half_characters_do_no_harm(aws: Aws) -> None:
    """DynamoDB takes no half of a character."""
    broken = json.loads('"\\ud800"')
    known = DynamoFacts(aws.table(SYNC_STATE)).add_facts(TASK, heard(fact(1, queue=broken)))
    assert "?" == known.facts[0].values["queue"]


def test_a_table_that_fails_is_unavailable(aws: Aws) -> None:
    """The batch comes again."""
    aws.client.delete_table(TableName=SYNC_STATE)
    with pytest.raises(UnavailableError):
        DynamoFacts(aws.table(SYNC_STATE)).add_facts(TASK, heard(fact(1)))


def test_facts_that_stand_there_are_repeated(facts: Facts) -> None:
    """Whoever adds them again is told so: what follows from them may not have been written."""
    first, second = heard(fact(1)), heard(fact(2))
    assert [False, False] == [facts.add_facts(TASK, told).is_repeated for told in (first, second)]
    assert [True, True] == [facts.add_facts(TASK, told).is_repeated for told in (first, heard(fact(2), fact(3)))]
    assert not facts.add_facts(TASK, heard(fact(4))).is_repeated


@pytest.mark.prove
def test_thousands_of_facts_are_folded(facts: Facts) -> None:
    """A task that never ends does not fill its item, and its end is taken in; a fact that was folded stays so."""
    kinds = ("task-queue.entered", "task-queue.moved")
    every = [
        fact(0, "task.created", compute_digest(TOLD)),
        *(fact(n, kinds[n % 2], queue="Support") for n in range(1, COUNT - 1)),
    ]
    for place in range(0, len(every), 100):
        facts.add_facts(TASK, heard(*every[place : place + 100], attributes=[TOLD]))
    known = facts.add_facts(TASK, heard(fact(9_999, "task.completed")))
    assert (COUNT, "task.completed") == (known.version, known.facts[-1].kind)
    assert (True, TOLD) == (len(known.facts) <= MAX_FACTS_COUNT, known.latest_attributes())
    assert known.facts == facts.add_facts(TASK, heard(*every[500:600])).facts


def test_an_item_that_was_full_has_room_again(aws: Aws) -> None:
    """A former version dropped what came then; now the end is taken in."""
    stored = DynamoFacts(aws.table(SYNC_STATE))
    stored.add_facts(TASK, heard(*(fact(n, "task-queue.entered") for n in range(400))))
    aws.table(SYNC_STATE).update(TASK, "facts", "SET is_full = :yes REMOVE revision", {":yes": True})
    known = stored.add_facts(TASK, heard(fact(9_999, "task.completed")))
    assert (401, "task.completed") == (known.version, known.facts[-1].kind)


def test_who_adds_meanwhile_is_not_folded_away(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary is written only over what it was made from."""
    one, other = DynamoFacts(aws.table(SYNC_STATE)), DynamoFacts(aws.table(SYNC_STATE))
    one.add_facts(TASK, heard(*(fact(n, "task-queue.entered") for n in range(490))))

    def disturbed(known: KnownFacts) -> KnownFacts:
        monkeypatch.undo()
        other.add_facts(TASK, heard(fact(7_777, "task.updated")))
        return fold_facts(known)

    monkeypatch.setattr("twilio_bridge.adapters.state.facts.fold_facts", disturbed)
    one.add_facts(TASK, heard(*(fact(n, "task-queue.entered") for n in range(490, 510))))
    known = one.add_facts(TASK, NewFacts())
    assert (511, True) == (known.version, any(each.id == fact(7_777).id for each in known.facts))
