"""The figures' rows are kept in their latest version, the same in memory and in DynamoDB."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.tables import SYNC_STATE, Aws, Time
from tests.contract.units import Metered
from tests.fakes.dynamodb import Dictionary
from tests.fakes.support import FakeFigures
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge.support.ports import Figures

DAY, NEXT_DAY = "2026-03-02", "2026-03-03"
VALUES = {"queue": "Support 😀", "outcome": "accepted", "wait_s": 0, "score": 4.5}
DAY_S = 86_400


@pytest.fixture(params=["memory", "dynamodb"])
def figures(request: pytest.FixtureRequest, clock: Time) -> Figures:
    clock.stop()
    if request.param == "memory":
        return FakeFigures()
    return DynamoFigures(request.getfixturevalue("aws").table(SYNC_STATE))


def row(number: int = 1, version: int = 3, day: str = DAY, **values: Any) -> FigureRow:
    return FigureRow(day=day, key=f"queue#WQ1#WT{number}#0", version=version, values=values or VALUES)


def of(figures: Figures, day: str = DAY) -> list[FigureRow]:
    return sorted(figures.read_day(day), key=lambda each: each.key)


def test_rows_come_back(figures: Figures) -> None:
    """By day, each as it was written."""
    empty = FigureRow(day=DAY, key="activity#WK1#EV1", version=1)
    for each in (row(1), row(2), empty, row(1, day=NEXT_DAY, queue="Sales")):
        assert figures.put_row(each)
    assert [empty, row(1), row(2)] == of(figures)
    assert [row(1, day=NEXT_DAY, queue="Sales")] == of(figures, NEXT_DAY)
    assert [] == of(figures, "2026-03-04")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_later_version_stays(figures: Figures, version: int) -> None:
    """And so does the same one."""
    figures.put_row(row())
    assert not figures.put_row(row(version=version, queue="Sales"))
    assert [row()] == of(figures)
    assert figures.put_row(row(version=4, queue="Sales"))
    assert [row(version=4, queue="Sales")] == of(figures)


def test_many_rows_of_a_day(figures: Figures) -> None:
    """None is lost among the partitions, and none is given twice."""
    rows = [row(number) for number in range(1_000, 1_200)]
    assert all(figures.put_row(each) for each in rows)
    assert rows == of(figures)


def test_rows_go_after_400_days(aws: Aws, clock: Time) -> None:
    """And not before."""
    clock.stop()
    figures = DynamoFigures(aws.table(SYNC_STATE))
    figures.put_row(row())
    clock.pass_(399 * DAY_S)
    assert [row()] == of(figures)
    clock.pass_(2 * DAY_S)
    assert [] == of(figures)


def test_a_day_is_spread() -> None:
    """Over all sixteen partitions, about evenly: one takes no more than 1,000 writes a second."""
    held = Dictionary()
    figures = DynamoFigures(held.table)
    for number in range(400):
        figures.put_row(row(number))
    assert 16 == len(held.partitions)
    assert max(map(len, held.partitions.values())) <= 50


def test_what_it_costs(aws: Aws) -> None:
    """A row costs one request and one unit; a day is sixteen queries."""
    client: Any = Metered(aws.client)
    figures = DynamoFigures(Table(client, SYNC_STATE))
    figures.put_row(row())
    assert (1, 1) == (client.requests["put_item"], client.written)
    assert [row()] == of(figures)
    assert {"put_item": 1, "query": 16} == client.requests


def test_a_table_that_fails_is_unavailable(aws: Aws) -> None:
    """Whatever was asked comes again."""
    figures = DynamoFigures(aws.table(SYNC_STATE))
    aws.client.delete_table(TableName=SYNC_STATE)
    uses: list[Callable[[], object]] = [lambda: figures.put_row(row()), lambda: of(figures)]
    for use in uses:
        with pytest.raises(UnavailableError):
            use()
