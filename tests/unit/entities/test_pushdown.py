"""What is given to Twilio for a comparison holds every row that SQL wants, on every reading of Twilio's pages."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.entities.pushdown import encode_filter
from twilio_bridge.entities.registry import Filter, load_registry

EPOCH = datetime.fromisoformat("1990-01-01")  # without a zone, as SQL has it
MOMENTS = st.integers(0, 70 * 365 * 86400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
COMPARE: Final[dict[str, Callable[[datetime, datetime], bool]]] = {
    "=": lambda row, value: row == value,
    "<": lambda row, value: row < value,
    "<=": lambda row, value: row <= value,
    ">": lambda row, value: row > value,
    ">=": lambda row, value: row >= value,
}
DAY = timedelta(days=1)


def read_bound(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


# How a bound may be read: (filter's operator, its kind of day) → the strictest reading of Twilio's page.
READINGS: Final[dict[tuple[str, str], Callable[[datetime, datetime], bool]]] = {
    ("=", "midnight"): lambda row, bound: bound <= row < bound + DAY,
    ("=", "inclusive"): lambda row, bound: bound <= row < bound + DAY,
    ("<", "midnight"): lambda row, bound: row < bound,  # "before this date"
    ("<", "inclusive"): lambda row, bound: row < bound + DAY,  # "on and before"
    ("<", "bounds"): lambda row, bound: row <= bound,
    ("<", ""): lambda row, bound: row < bound,
    (">", "midnight"): lambda row, bound: row >= bound,
    (">", "inclusive"): lambda row, bound: row >= bound,
    (">", "bounds"): lambda row, bound: row >= bound,
    (">", ""): lambda row, bound: row > bound,
}


@pytest.mark.parametrize(("operator", "day"), READINGS)
@given(row=MOMENTS, value=MOMENTS, near=st.integers(-2 * 86400, 2 * 86400), at_midnight=st.booleans())
def test_every_row_that_sql_wants_is_in_twilios_answer(
    operator: str, day: str, row: datetime, value: datetime, near: int, at_midnight: bool
) -> None:
    if at_midnight:
        value = value.replace(hour=0, minute=0, second=0)
    filter_ = Filter("X", "X", operator, "datetime", day=day)
    for row_moment in (row, value, value + timedelta(seconds=near)):
        for sql, holds in COMPARE.items():
            encoded = encode_filter(filter_, sql, value.isoformat(" "))
            if encoded is not None and holds(row_moment, value):
                assert READINGS[operator, day](row_moment, read_bound(encoded))


def test_a_day_costs_no_page_more_where_twilio_says_that_it_is_whole() -> None:
    found = {each.param: each for each in load_registry().entity("Messages").filters}
    assert encode_filter(found["DateSent<"], "<", "2026-11-20") == "2026-11-19"
    assert encode_filter(found["DateSent<"], "<=", "2026-11-20 23:59:59") == "2026-11-20"
    assert encode_filter(found["DateSent>"], ">=", "2026-11-20") == "2026-11-20"
    assert encode_filter(found["DateSent"], "=", "2026-11-20T10:00:00+02:00") == "2026-11-20"


@pytest.mark.parametrize(
    ("filter_", "operator", "value", "encoded"),
    [
        (Filter("A", "A"), "=", "x", "x"),
        (Filter("A", "A"), "=", "", None),
        (Filter("A", "A"), "=", None, None),
        (Filter("A", "A"), "<", "x", None),
        (Filter("A", "A", values=("a", "b")), "=", "c", None),
        (Filter("A", "A", pattern="^CA[0-9a-fA-F]{32}$"), "=", "CA1", None),
        (Filter("A", "A", pattern="^CA[0-9a-fA-F]{32}$"), "=", "CA" + "0" * 32, "CA" + "0" * 32),
        (Filter("A", "A", type="boolean"), "=", 1, "true"),
        (Filter("A", "A", type="boolean"), "=", "false", "false"),
        (Filter("A", "A", type="boolean"), "=", 2, None),
        (Filter("A", "A", type="integer"), "=", "07", "7"),
        (Filter("A", "A", type="integer"), "=", "1.5", None),
        (Filter("A", "A", type="integer"), "=", 1.5, None),
        (Filter("A", "A", type="datetime"), "=", "yesterday", None),
        (Filter("A", "A", "<", "date", day="midnight"), "<=", "9999-12-31", None),
        (Filter("A", "A", ">", "datetime"), ">=", "0001-01-01", None),
    ],
)
def test_only_what_twilio_takes_is_pushed_down(
    filter_: Filter, operator: str, value: str | float | None, encoded: str | None
) -> None:
    assert encode_filter(filter_, operator, value) == encoded


def test_a_hidden_moment_is_sent_as_it_is_meant() -> None:
    hidden = Filter("StartDate", "StartDate", type="datetime", hidden=True)
    assert encode_filter(hidden, "=", "2026-11-20 10:00:00") == "2026-11-20T10:00:00Z"
