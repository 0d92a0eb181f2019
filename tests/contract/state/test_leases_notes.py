"""Notes, leases and opt-outs behave the same in memory and in DynamoDB."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.tables import CONTACT_CACHE, SYNC_STATE, Aws, Time
from tests.fakes.base import FakeLeases, FakeNotes, FakeOptOuts
from tests.sizes import size
from twilio_bridge.adapters.state.leases_notes import DynamoLeases, DynamoNotes
from twilio_bridge.adapters.state.opt_outs import DynamoOptOuts
from twilio_bridge.ports import Leases, Notes, OptOut, OptOuts

T = TypeVar("T")

NUMBER, OTHER_NUMBER = "+447900000012", "+447900000013"
NOW = 1_760_000_000.25
NAMES = ["templates", "alias rec1", "é" * 3_000, "a\nb\x00c", "#", "😀"]


@pytest.fixture(params=["memory", "dynamodb"])
def notes(request: pytest.FixtureRequest, clock: Time) -> Notes:
    clock.stop()
    if request.param == "memory":
        return FakeNotes()
    return DynamoNotes(request.getfixturevalue("aws").table(CONTACT_CACHE))


@pytest.fixture(params=["memory", "dynamodb"])
def leases(request: pytest.FixtureRequest, clock: Time) -> Leases:
    clock.stop()
    if request.param == "memory":
        return FakeLeases()
    return DynamoLeases(request.getfixturevalue("aws").table(SYNC_STATE))


@pytest.fixture(params=["memory", "dynamodb"])
def opt_outs(request: pytest.FixtureRequest) -> OptOuts:
    if request.param == "memory":
        return FakeOptOuts()
    return DynamoOptOuts(request.getfixturevalue("aws").table(SYNC_STATE))


def at_once(count: int, action: Callable[[], T]) -> list[T]:
    """Let threads do the same at the same moment."""
    barrier = threading.Barrier(count)

    def act() -> T:
        barrier.wait(5)
        return action()

    with ThreadPoolExecutor(count) as pool:
        return [each.result(5) for each in [pool.submit(act) for _ in range(count)]]


@pytest.mark.parametrize("name", NAMES)
def test_a_note_is_recalled(notes: Notes, name: str) -> None:
    """A text comes back under its name, the latest one, and under no other name."""
    assert notes.read_note(name) is None
    notes.write_note(name, "first", 60)
    notes.write_note(name, 'second\n😀"', 60)
    assert 'second\n😀"' == notes.read_note(name)
    assert notes.read_note(f"{name}x") is None


def test_an_empty_note_is_one(notes: Notes) -> None:
    """Nothing noted under a name differs from no note."""
    notes.write_note("unknown", "", 60)
    assert notes.read_note("unknown") == ""


def test_a_note_is_forgotten(notes: Notes, clock: Time) -> None:
    """After its time, and not before."""
    notes.write_note("name", "text", 60)
    clock.pass_(59)
    assert notes.read_note("name") == "text"
    clock.pass_(3)
    assert notes.read_note("name") is None


def test_a_note_again_lasts_longer(notes: Notes, clock: Time) -> None:
    """Its time begins anew."""
    notes.write_note("name", "text", 60)
    clock.pass_(50)
    notes.write_note("name", "text", 60)
    clock.pass_(50)
    assert notes.read_note("name") == "text"


def test_a_name_is_claimed_once(notes: Notes, clock: Time) -> None:
    """The first one has it, until its time is over; names do not meet."""
    assert notes.claim_name("name", 60)
    assert not notes.claim_name("name", 60)
    assert notes.claim_name("other", 60)
    clock.pass_(59)
    assert not notes.claim_name("name", 60)
    clock.pass_(3)
    assert notes.claim_name("name", 60)
    assert not notes.claim_name("name", 60)


def test_a_refused_claim_does_not_lengthen_the_first(notes: Notes, clock: Time) -> None:
    """Who comes too often is not kept out for ever."""
    notes.claim_name("name", 60)
    clock.pass_(40)
    notes.claim_name("name", 60)
    clock.pass_(23)
    assert notes.claim_name("name", 60)


def test_a_long_note_that_aws_would_not_take(aws: Aws, clock: Time) -> None:
    """350,000 bytes fit, so the templates do."""
    clock.stop()
    DynamoNotes(aws.table(CONTACT_CACHE)).write_note("templates", "é" * 175_000, 60)
    assert "é" * 175_000 == DynamoNotes(aws.table(CONTACT_CACHE)).read_note("templates")


def test_one_of_many_claims_at_once_holds(aws: Aws) -> None:
    """Of eight who claim a name at the same moment one is the first."""
    notes = DynamoNotes(aws.one_by_one(CONTACT_CACHE))
    assert [False] * 7 + [True] == sorted(at_once(8, lambda: notes.claim_name("name", 60)))


def test_one_of_many_gets_a_lease(aws: Aws) -> None:
    """Of eight who want a lease at the same moment one gets it."""
    leases = DynamoLeases(aws.one_by_one(SYNC_STATE))
    assert [1] == [number for number in at_once(8, lambda: leases.acquire("name", 60)) if number]


@pytest.mark.parametrize("name", NAMES)
def test_a_lease_has_one_holder(leases: Leases, name: str) -> None:
    """While one holds it nobody else does; given back, the next number is higher."""
    first = leases.acquire(name, 60)
    assert first is not None
    assert leases.acquire(name, 60) is None
    assert leases.acquire(f"{name}x", 60) is not None
    leases.release(name, first)
    second = leases.acquire(name, 60)
    assert second is not None
    assert second > first


def test_a_lease_that_ran_out_is_taken_over(leases: Leases, clock: Time) -> None:
    """A late holder's release has no effect on who holds it now."""
    first = leases.acquire("name", 60)
    assert first is not None
    clock.pass_(59)
    assert leases.acquire("name", 60) is None
    clock.pass_(2)
    second = leases.acquire("name", 60)
    assert second is not None
    assert second > first
    leases.release("name", first)
    assert leases.acquire("name", 60) is None
    leases.release("name", second)
    assert leases.acquire("name", 60) is not None


def test_releasing_what_was_never_held(leases: Leases) -> None:
    """It is fine, and holds for nobody later."""
    leases.release("name", 0)
    leases.release("name", 7)
    number = leases.acquire("name", 60)
    assert number is not None
    leases.release("name", number)
    leases.release("name", number)
    assert leases.acquire("name", 60) is not None


def test_nobody_said_anything(opt_outs: OptOuts) -> None:
    """Nothing is known of an address, nor of none."""
    assert [] == opt_outs.find_requests([NUMBER])
    assert [] == opt_outs.find_requests([])


@pytest.mark.parametrize("address", [NUMBER, "chat smith", "é" * 3_000, "a\nb'\"{}"])
def test_a_word_is_kept(opt_outs: OptOuts, address: str) -> None:
    """What a person asked for is known by address, once, and of no other address."""
    word = OptOut(address=address, out=True, at=NOW)
    assert word == opt_outs.record_request(address, True, NOW)
    assert [word] == opt_outs.find_requests([address, OTHER_NUMBER, address])
    assert [] == opt_outs.find_requests([address + "x"])


def test_the_latest_word_counts(opt_outs: OptOuts) -> None:
    """An earlier request that arrives later changes nothing."""
    opt_outs.record_request(NUMBER, True, NOW)
    assert opt_outs.record_request(NUMBER, False, NOW - 0.125) is None
    assert [OptOut(address=NUMBER, out=True, at=NOW)] == opt_outs.find_requests([NUMBER])
    assert OptOut(address=NUMBER, out=False, at=NOW + 0.125) == opt_outs.record_request(NUMBER, False, NOW + 0.125)


def test_the_same_word_again_keeps_who_was_told(opt_outs: OptOuts) -> None:
    """A webhook that is sent twice does not begin anew."""
    word = opt_outs.record_request(NUMBER, True, NOW)
    assert word
    opt_outs.mark_delivered(word, ["rec1"])
    again = opt_outs.record_request(NUMBER, True, NOW)
    assert again == OptOut(address=NUMBER, out=True, at=NOW, delivered_to=frozenset({"rec1"}))
    assert [again] == opt_outs.find_requests([NUMBER])


def test_of_two_words_at_the_same_moment_out_counts(opt_outs: OptOuts) -> None:
    """In whatever order they arrive."""
    opt_outs.record_request(NUMBER, True, NOW)
    assert opt_outs.record_request(NUMBER, False, NOW) is None
    opt_outs.record_request(OTHER_NUMBER, False, NOW)
    opt_outs.record_request(OTHER_NUMBER, True, NOW)
    assert [True, True] == [word.out for word in opt_outs.find_requests([NUMBER, OTHER_NUMBER])]


def test_an_opt_in_knows_whom_the_opt_out_was_told(opt_outs: OptOuts) -> None:
    """Only what we ticked ourselves does an opt-in speak against."""
    word = opt_outs.record_request(NUMBER, True, NOW)
    assert word
    opt_outs.mark_delivered(word, ["rec1"])
    later = opt_outs.record_request(NUMBER, False, NOW + 1)
    assert later
    assert (frozenset(), frozenset({"rec1"})) == (later.delivered_to, later.opt_out_delivered_to)


def test_told_contacts_add_up(opt_outs: OptOuts) -> None:
    """Each contact that has it is kept, none is too."""
    word = opt_outs.record_request(NUMBER, True, NOW)
    assert word
    assert opt_outs.mark_delivered(word, ["rec1"])
    assert opt_outs.mark_delivered(word, ["rec2", "rec1"])
    assert opt_outs.mark_delivered(word, [])
    assert [frozenset({"rec1", "rec2"})] == [known.delivered_to for known in opt_outs.find_requests([NUMBER])]


def test_a_new_word_is_to_be_told_to_all(opt_outs: OptOuts) -> None:
    """Nobody's record has it yet."""
    word = opt_outs.record_request(NUMBER, True, NOW)
    assert word
    opt_outs.mark_delivered(word, ["rec1"])
    expected = OptOut(address=NUMBER, out=False, at=NOW + 1, opt_out_delivered_to=frozenset({"rec1"}))
    assert expected == opt_outs.record_request(NUMBER, False, NOW + 1)
    assert [frozenset()] == [known.delivered_to for known in opt_outs.find_requests([NUMBER])]


def test_an_overtaken_word_is_not_marked(opt_outs: OptOuts) -> None:
    """Where a later request came in between, the record has the older one still."""
    word = opt_outs.record_request(NUMBER, True, NOW)
    assert word
    opt_outs.record_request(NUMBER, False, NOW + 1)
    assert not opt_outs.mark_delivered(word, ["rec1"])
    assert [frozenset()] == [known.delivered_to for known in opt_outs.find_requests([NUMBER])]


def test_whose_opt_out_was_set_here(opt_outs: OptOuts) -> None:
    """It is kept through later requests until it is lifted, and never starts again from what older items hold."""
    word = opt_outs.record_request(NUMBER, True, NOW)
    assert word
    assert opt_outs.mark_set(word, "rec1", is_set=True)
    assert opt_outs.mark_set(word, "rec2", is_set=True)
    opt_outs.mark_delivered(word, ["rec1", "rec2", "rec3"])
    later = opt_outs.record_request(NUMBER, False, NOW + 1)
    assert later
    assert {"rec1", "rec2"} == later.records_set
    assert not opt_outs.mark_set(word, "rec4", is_set=True)
    assert opt_outs.mark_set(later, "rec1", is_set=False)
    opt_outs.mark_delivered(later, ["rec1", "rec2", "rec3"])
    again = opt_outs.record_request(NUMBER, True, NOW + 2)
    assert again
    assert {"rec2"} == again.records_set
    assert opt_outs.mark_set(again, "rec2", is_set=False)
    assert [frozenset()] == [known.records_set for known in opt_outs.find_requests([NUMBER])]


@pytest.mark.parametrize(
    ("older", "expected"),
    [
        ({"opted_out": True, "told": {"rec1", "rec2"}}, {"rec1", "rec2"}),
        ({"opted_out": True, "told": {"rec2"}, "ticked": {"rec1"}}, {"rec1", "rec2"}),
        ({"opted_out": False, "told": {"rec1"}, "ticked": None}, set()),
        ({"opted_out": False, "told": {"rec1"}, "ticked": {"rec1", "rec2"}}, {"rec1", "rec2"}),
        ({"opted_out": True}, set()),
    ],
)
def test_what_items_of_the_former_version_hold(aws: Aws, older: dict[str, Any], expected: set[str]) -> None:
    """The records that an opt-out was delivered to count as set by it, also once another request has come."""
    opt_outs = DynamoOptOuts(aws.table(SYNC_STATE))
    item = {"pk": f"optout#{NUMBER}", "sk": "word", "address": NUMBER, "said_at": int(NOW * 1000), **older}
    aws.table(SYNC_STATE).put(item)
    [known] = opt_outs.find_requests([NUMBER])
    assert (expected, None) == (set(known.records_set), known.set_in)
    for after, out in enumerate((False, False, True), 1):
        later = opt_outs.record_request(NUMBER, out, NOW + after)
        assert later
        assert expected == later.records_set
        opt_outs.mark_delivered(later, ["rec1", "rec2", "rec3"])


def test_requests_of_the_same_kind_set_nothing(opt_outs: OptOuts) -> None:
    """An opt-in that was delivered is no opt-out of ours, however often it comes."""
    for after in range(3):
        request = opt_outs.record_request(NUMBER, False, NOW + after)
        assert request
        opt_outs.mark_delivered(request, ["rec1"])
    assert [frozenset()] == [known.records_set for known in opt_outs.find_requests([NUMBER])]


def test_a_word_nobody_recorded_is_not_marked(opt_outs: OptOuts) -> None:
    """Marking it returns that."""
    assert not opt_outs.mark_delivered(OptOut(address=NUMBER, out=True, at=NOW), ["rec1"])


@pytest.mark.prove
@settings(max_examples=size(10, 25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.tuples(st.booleans(), st.integers(0, 4_000), st.booleans()), max_size=8), name=st.text(min_size=1)
)
def test_any_words_end_the_same(aws: Aws, words: list[tuple[bool, int, bool]], name: str) -> None:
    """In whatever order requests and marks come, both implementations know the same."""
    name = name.encode("utf-8", "replace").decode()
    aws.client.delete_item(TableName=SYNC_STATE, Key={"pk": {"S": f"optout#{name}"}, "sk": {"S": "word"}})
    both: tuple[OptOuts, OptOuts] = FakeOptOuts(), DynamoOptOuts(aws.table(SYNC_STATE))
    for out, at_ms, marked in words:
        memory, dynamo = (each.record_request(name, out, NOW + at_ms / 1000) for each in both)
        assert memory == dynamo
        if memory and dynamo and marked:
            assert both[0].mark_delivered(memory, ["rec1"]) == both[1].mark_delivered(dynamo, ["rec1"])
    assert both[0].find_requests([name]) == both[1].find_requests([name])
