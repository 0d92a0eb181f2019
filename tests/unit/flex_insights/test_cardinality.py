"""What nearly every task has another value of."""

from collections.abc import Callable
from typing import Any

import pytest

from twilio_bridge.flex_insights.cardinality import MIN_TASKS_COUNT, Cardinality


def look(make: Callable[[int], Any], count: int = 100) -> list[str]:
    cardinality = Cardinality()
    for number in range(count):
        cardinality.add_task(f"WT{number}", make(number))
    return [finding.place for finding in cardinality.list_findings()]


@pytest.mark.parametrize(
    ("make", "places"),
    [
        (lambda number: {"conversations": {"outcome": f"x{number}"}}, ["conversations.outcome"]),
        (lambda number: {"conversations": {"outcome": f"x{number % 79}"}}, []),
        (lambda number: {"conversations": {"outcome": f"x{number % 80}"}}, ["conversations.outcome"]),
        (lambda number: {"customers": {"category": f"x{number}", "name": f"y{number}"}}, ["customers.category"]),
        (lambda number: {"conversations": {"conversation_label_1": f"x{number}"}}, []),  # that is what labels are for
        (lambda number: {"conversations": {"outcome": number, "queue": None, "xyz": f"{number}"}}, []),
        (lambda number: {"conversations": {"outcome": f"x{number}" if number < MIN_TASKS_COUNT - 1 else None}}, []),
        (lambda number: [number], []),
        (lambda number: {"conversations": f"x{number}"}, []),
    ],
)
def test_cardinality(make: Callable[[int], Any], places: list[str]) -> None:
    """Attributes that categories are made of, from twenty tasks and four different values in five on."""
    assert look(make) == places


def test_a_task_counts_once() -> None:
    """However often it is looked at, by its latest value."""
    cardinality = Cardinality()
    for number in range(100):
        cardinality.add_task("WT1", {"conversations": {"outcome": f"x{number}"}})

    assert cardinality.list_findings() == []
