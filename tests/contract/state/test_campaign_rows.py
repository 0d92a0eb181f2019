"""A row is added once, its address belongs to one row, and it is counted in the write that changes it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.contract.units import Metered
from tests.fakes.dynamodb import Dictionary
from tests.fakes.messages import MemoryLedger
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.campaign_rows import COUNT_ITEMS, DynamoLedger
from twilio_bridge.messages.ports import PARTITIONS, DueKind, Ledger
from twilio_bridge.messages.row import Row

NINE = 1_796_029_200_000


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    return DynamoLedger(request.getfixturevalue("aws").table(SYNC_STATE))


def row(number: int, address: str = "", **more: object) -> Row:
    made = Row(campaign="c", number=number, address=address or f"+4479460{number:05}", due_at=NINE)
    return replace(made, **more)  # type: ignore[arg-type]


def due(ledger: Ledger, kind: DueKind = "waiting", until: int = NINE, after: str = "", limit: int = 500) -> list[int]:
    found = [each for part in range(PARTITIONS) for each in ledger.list_due("c", kind, part, until, after, limit)]
    return [each.number for each in sorted(found, key=lambda each: each.place)]


@pytest.mark.parametrize("count", [3, 25], ids=["one by one", "in a transaction"])
def test_rows_that_are_added_again_stay_as_they_are(ledger: Ledger, count: int) -> None:
    """Also where one has been sent meanwhile, and where planning finds another text there."""
    rows = [
        row(number, values={"Name": "A 😀"}, closes_at=NINE + 9, estimate_micros=7) for number in range(1, count + 1)
    ]
    assert ledger.add_rows(rows) == rows
    assert ledger.save_row(rows[1], replace(rows[1], state="sending", due_at=NINE + 300_000, nonce="n"))

    again = ledger.add_rows([replace(each, values={"Name": "other"}) for each in rows])
    assert again[1] == replace(rows[1], state="sending", due_at=NINE + 300_000, nonce="n", version=2)
    assert (again[0], again[2:]) == (rows[0], rows[2:])
    assert ledger.find_row("c", 1) == rows[0]
    assert ledger.find_row("c", count + 1) is None


@pytest.mark.parametrize("count", [3, 25], ids=["one by one", "in a transaction"])
def test_an_address_belongs_to_its_first_row(ledger: Ledger, count: int) -> None:
    """Within a part and over parts, and the same rows again find the same."""
    first = [row(number, "+447946000001" if number < 3 else "") for number in range(1, count + 1)]
    second = [
        row(number, "whatsapp:+447946000001" if number == count + 1 else "")
        for number in range(count + 1, 2 * count + 1)
    ]

    for _ in range(2):
        assert Counter(each.reason for each in ledger.add_rows(first)) == {"": count - 1, "duplicate": 1}
        assert Counter(each.reason for each in ledger.add_rows(second)) == {"": count - 1, "duplicate": 1}
    skipped = ledger.find_row("c", 2)
    assert skipped is not None
    assert (skipped.state, skipped.due_at) == ("skipped", None)


def test_another_spelling_of_a_number_is_the_same_person(ledger: Ledger) -> None:
    """Brazil's mobiles are known with and without their ninth digit, and another campaign is another list."""
    added = ledger.add_rows([row(1, "+5511987654321"), row(2, "+551187654321")])
    other = ledger.add_rows([replace(row(1, "+551187654321"), campaign="d")])

    assert ["", "duplicate"] == [each.reason for each in added]
    assert [""] == [each.reason for each in other]


def test_rows_that_go_nowhere_claim_no_address(ledger: Ledger) -> None:
    """A blocked row does not make the one after it a duplicate."""
    added = ledger.add_rows(
        [row(1, "+447946000001", state="skipped", reason="landline", due_at=None), row(2, "+447946000001")]
    )

    assert ["skipped", "waiting"] == [each.state for each in added]


def test_of_two_changes_of_the_same_row_one_is_made(ledger: Ledger) -> None:
    """Whether it is counted elsewhere then or not."""
    (read,) = ledger.add_rows([row(1)])
    claimed = replace(read, state="sending", attempt=1, claimed_at=NINE, due_at=NINE + 1)

    assert ledger.save_row(read, claimed)
    assert not ledger.save_row(read, replace(read, state="cancelled", due_at=None))
    assert not ledger.save_row(read, claimed)
    found = ledger.find_row("c", 1)
    assert found == replace(claimed, version=2)
    assert ledger.read_counts("c").tallies == {}


def test_a_row_is_counted_by_each_change(ledger: Ledger) -> None:
    """What it cost, too: first as estimated, then as charged."""
    rows = ledger.add_rows([row(number, estimate_micros=7_000) for number in range(1, 4)])
    submitted = replace(rows[0], state="submitted", sid="SM1", status="queued", submitted_at=NINE)
    assert ledger.save_row(rows[0], submitted)
    assert ledger.save_row(rows[1], replace(rows[1], state="error", status="Error", error_code=21211, due_at=None))
    assert ledger.read_counts("c").tallies == {"waiting": -2, "submitted_queued": 1, "error": 1}
    assert ledger.read_counts("c").spent_micros == 7_000

    there = ledger.find_row("c", 1)
    assert there is not None
    ended = replace(there, state="ended", status="delivered", price_micros=7_900, due_at=None, ended_at=NINE)
    assert ledger.save_row(there, ended)
    assert ledger.read_counts("c").tallies == {"waiting": -2, "ended_delivered": 1, "error": 1}
    assert ledger.read_counts("c").spent_micros == 7_900
    found = ledger.tally_rows("c")
    assert (found.tallies, found.spent_micros) == ({"ended_delivered": 1, "error": 1, "waiting": 1}, 7_900)


def test_rows_are_listed_in_the_source_s_order(ledger: Ledger) -> None:
    """Over the bounds of partitions, and each page goes on behind the last."""
    for start in (95, 101, 1_595, 1_601):
        ledger.add_rows([row(number) for number in range(start, start + 6)])

    assert [each.number for each in ledger.list_rows("c", 96, 9)] == [*range(97, 106)]
    assert [each.number for each in ledger.list_rows("c", 1_598, 1_000)] == [*range(1_599, 1_607)]
    assert ledger.list_rows("c", 1_606, 100) == []
    assert ledger.list_rows("other", 0, 100) == []


def test_what_is_due_is_found_by_when(ledger: Ledger) -> None:
    """Whoever waits apart from what Twilio has, until a moment, behind a place, and nobody who has ended."""
    states = {1: NINE, 2: NINE - 5, 3: NINE + 1, 101: NINE - 9}
    for number, at in states.items():
        ledger.add_rows([row(number, due_at=at)])
    for number, state in ((4, "submitted"), (5, "uncertain"), (6, "sending"), (7, "skipped")):
        ledger.add_rows([row(number, state=state, due_at=None if state == "skipped" else NINE - number, send_at=9)])

    assert due(ledger) == [101, 2, 1]
    assert due(ledger, until=NINE + 1) == [101, 2, 1, 3]
    assert due(ledger, "lookup") == [6, 5, 4]
    assert due(ledger, limit=1) == [101, 2]
    first = ledger.list_due("c", "waiting", 0, NINE, "", 1)[0]
    assert [1] == [each.number for each in ledger.list_due("c", "waiting", 0, NINE, first.place, 9)]
    assert [] == ledger.list_due("c", "waiting", 0, NINE - 6, first.place, 9)
    looked = ledger.list_due("c", "lookup", 0, NINE, "", 1)[0]
    assert (looked.state, looked.due_at, looked.is_scheduled) == ("sending", NINE - 6, True)


def test_a_row_that_ends_is_due_no_more(ledger: Ledger) -> None:
    """And one that waits again is due then."""
    (read,) = ledger.add_rows([row(1)])
    assert ledger.save_row(read, replace(read, due_at=NINE + 50))
    assert due(ledger) == []
    assert due(ledger, until=NINE + 50) == [1]

    there = ledger.find_row("c", 1)
    assert there is not None
    assert ledger.save_row(there, replace(there, state="cancelled", due_at=None))
    assert due(ledger, until=NINE + 50) == []


def test_a_count_that_somebody_else_writes_just_then_is_tried_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is unchanged, so the transaction failed because of the counts."""
    table = aws.table(SYNC_STATE)
    ledger = DynamoLedger(table)
    (read,) = ledger.add_rows([row(1)])
    answers = iter([False, False])
    real: Callable[..., bool] = Table.transact
    monkeypatch.setattr(Table, "transact", lambda self, writes: next(answers, None) is None and real(self, writes))

    assert ledger.save_row(read, replace(read, state="cancelled", due_at=None))
    assert ledger.read_counts("c").tallies == {"waiting": -1, "cancelled": 1}


def test_what_a_row_costs() -> None:
    """Planned: two writes of a transaction, and one of the index. Claimed: one, and two of the index. Counted: four."""
    meter = Metered(Dictionary())
    ledger = DynamoLedger(meter.table)
    rows = ledger.add_rows([row(number, values={"Name": "A" * 100}) for number in range(1, 101)])
    assert meter.written / len(rows) == 5
    assert meter.requests == {"transact_write_items": 2}

    meter.reset()
    assert ledger.save_row(rows[0], replace(rows[0], state="sending", due_at=NINE + 9))
    assert (meter.written, dict(meter.requests)) == (3, {"put_item": 1})

    meter.reset()
    there = ledger.find_row("c", 1)
    assert there is not None
    assert ledger.save_row(there, replace(there, state="submitted", status="queued", sid="SM1", due_at=NINE + 99))
    assert dict(meter.requests) == {"get_item": 1, "transact_write_items": 1}
    assert meter.written <= 6
    assert COUNT_ITEMS == 32
