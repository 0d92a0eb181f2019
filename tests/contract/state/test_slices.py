"""Slices, runs and open rows in SyncState, over moto and over the dictionary that the unit tests use."""

from dataclasses import replace

import pytest

from tests.contract.tables import SYNC_STATE
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.slices import DynamoOpenRows, DynamoSlices, hide_key
from twilio_bridge.sync.planning import OpenRow, Place
from twilio_bridge.sync.ports import Run
from twilio_bridge.sync.slices import Slice, make_run_id, read_run_id

ACCOUNT = "AC" + "0" * 32
NOW = 1_774_008_000_123
RUN = Run(id=make_run_id(NOW), request={"type": "full", "resources": ["messages"]})
DAY = Slice(run=RUN.id, stream="messages", account=ACCOUNT, kind="day", start=0, until=86_400_000)
NEWEST = replace(DAY, kind="newest", start=86_400_000, until=NOW)


@pytest.fixture(params=["memory", "dynamodb"])
def table(request: pytest.FixtureRequest) -> Table:
    return Dictionary().table if request.param == "memory" else request.getfixturevalue("aws").table(SYNC_STATE)


@pytest.fixture
def slices(table: Table) -> DynamoSlices:
    found = DynamoSlices(table, ACCOUNT)
    assert found.begin_run(RUN, [DAY, NEWEST])
    return found


def test_a_run_is_named_by_its_moment() -> None:
    """To the millisecond, and back."""
    assert NOW == read_run_id(RUN.id) == DAY.run_at


def test_one_run_at_a_time(slices: DynamoSlices) -> None:
    """Another one begins when this one has ended, and what ended stays as it is."""
    other = Run(id=make_run_id(NOW + 1), request={})
    assert not slices.begin_run(other, [])
    assert RUN == slices.read_run()
    slices.end_run(replace(RUN, phase="done", ended_at=NOW))
    assert slices.begin_run(other, [])
    slices.end_run(replace(RUN, phase="failed"))
    assert other == slices.read_run()
    assert [DAY, NEWEST] == slices.list_slices(RUN.id)
    assert 2 == slices.count_left(RUN.id, 0)


def test_a_slice_has_one_holder(slices: DynamoSlices) -> None:
    """Until the time is over, or it is released; whoever is late writes nothing."""
    first = slices.claim(RUN.id, DAY.name, NOW, 10)
    assert first is not None
    assert slices.claim(RUN.id, DAY.name, NOW + 9_999, 10) is None
    second = slices.claim(RUN.id, DAY.name, NOW + 10_000, 10)
    assert second is not None
    assert not slices.save(replace(first, page=7))
    assert slices.save(replace(second, page=1, next_uri="/x?PageToken=PA1"))
    assert 1 == slices.release(second).page
    third = slices.claim(RUN.id, DAY.name, NOW + 10_001, 10)
    assert third is not None
    assert ("/x?PageToken=PA1", 1) == (third.next_uri, third.page)


def test_what_is_not_due_or_has_ended_is_nobody_s(slices: DynamoSlices) -> None:
    """A slice that failed waits, one that is done stays so."""
    held = slices.claim(RUN.id, DAY.name, NOW, 10)
    assert held is not None
    assert slices.save(replace(held, due_at=NOW + 500, held_until=0, problem="down"))
    assert slices.claim(RUN.id, DAY.name, NOW + 499, 10) is None
    again = slices.claim(RUN.id, DAY.name, NOW + 500, 10)
    assert again is not None
    assert slices.save(replace(again, phase="done"))
    assert not slices.save(replace(again, page=9))
    assert slices.claim(RUN.id, DAY.name, NOW + 50_000, 10) is None
    slices.cancel(DAY)
    assert "done" == slices.list_slices(RUN.id)[0].phase


def test_halves_stand_with_what_they_replace(slices: DynamoSlices) -> None:
    """All or none."""
    held = slices.claim(RUN.id, DAY.name, NOW, 10)
    assert held is not None
    halves = [replace(DAY, until=1_000, depth=1), replace(DAY, start=1_000, depth=1)]
    assert slices.save(replace(held, phase="split"), halves)
    assert {"split", "open"} == {each.phase for each in slices.list_slices(RUN.id)}
    assert 4 == len(slices.list_slices(RUN.id))
    assert not slices.save(replace(held, phase="split"), halves)


def test_a_watermark_never_goes_back(slices: DynamoSlices) -> None:
    """Whoever writes late."""
    assert Place() == slices.read_place("messages", ACCOUNT)
    slices.write_place("messages", ACCOUNT, Place(None, (), {0: 1}))
    slices.write_place("messages", ACCOUNT, Place(2_000, (), {0: 5, 86_400_000: 7}))
    slices.write_place("messages", ACCOUNT, Place(1_000))
    slices.write_place("messages", ACCOUNT, Place(None))
    assert Place(2_000, (), {0: 5, 86_400_000: 7}) == slices.read_place("messages", ACCOUNT)
    assert Place() == slices.read_place("calls", ACCOUNT)


def test_open_rows(table: Table) -> None:
    """By stream and account, in order; the same row once."""
    rows = [OpenRow(f"SM{number}", number, NOW, NOW, number) for number in range(30)]
    store = DynamoOpenRows(table, ACCOUNT)
    store.put_rows("messages", ACCOUNT, reversed(rows))
    store.put_rows("messages", ACCOUNT, [replace(rows[0], looked_at=NOW + 1)])
    store.remove_rows("messages", ACCOUNT, ["SM1", "SM99"])
    found = store.list_rows("messages", ACCOUNT)
    assert sorted(row.sid for row in rows if row.sid != "SM1") == [row.sid for row in found]
    assert NOW + 1 == found[0].looked_at
    assert [] == store.list_rows("calls", ACCOUNT)


def test_the_key_is_made_once(table: Table) -> None:
    """So that a number is the same hash for ever."""
    assert b"first" == hide_key(table, ACCOUNT, b"first")
    assert b"first" == hide_key(table, ACCOUNT, b"second")
