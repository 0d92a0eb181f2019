"""Answering a sink's test, and sweeping up what was to be told and was not."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.ports import Dossiers, Notices
from twilio_bridge.support.sinks import AT_ONCE, sweep, validate

Lines = Callable[[], list[dict[str, Any]]]
ARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/events"


@dataclass
class Sinks:
    """The port Sinks: one that waits for one test."""

    asked: list[tuple[str, str]] = field(default_factory=list)

    def validate(self, test_id: str, stream_arn: str) -> str | None:
        self.asked.append((test_id, stream_arn))
        return "DG" + "1" * 32 if test_id == "mine" else None


@dataclass
class Overdue:
    """The part of Dossiers and Notices that a sweep uses; `breaks_at` is the message that fails."""

    persons: Iterable[str]
    breaks_at: int = -1
    asked: list[int] = field(default_factory=list)
    told: list[list[str]] = field(default_factory=list)

    def overdue(self, now: int) -> Iterator[str]:
        self.asked.append(now)
        yield from self.persons

    def enqueue_brevo_delivery(self, person_ids: Iterable[str]) -> None:
        if len(self.told) == self.breaks_at:
            raise UnavailableError("sqs", "down")
        self.told.append([*person_ids])

    def sweep(self) -> int:
        return sweep(cast("Dossiers", self), cast("Notices", self), 7)


@pytest.mark.parametrize(("test_id", "found"), [("mine", True), ("another", False)])
def test_a_test_event_is_answered(test_id: str, found: bool, log: Lines) -> None:
    """For the sinks that lead to our stream; that none waits is said, and is no error."""
    sinks = Sinks()
    assert found == validate(test_id, ARN, sinks)
    assert [(test_id, ARN)] == sinks.asked
    assert ["INFO"] == [line["level"] for line in log()]


def test_whoever_waits_is_told_again() -> None:
    """Each person once, however many of their events are due."""
    outside = Overdue(["a", "b", "a"])
    assert 2 == outside.sweep()
    assert ([7], [["a", "b"]]) == (outside.asked, outside.told)


def test_many_are_told_in_portions() -> None:
    """So that one request to the queue does not hold them all."""
    outside = Overdue(f"p{number}" for number in range(2 * AT_ONCE + 1))
    assert 2 * AT_ONCE + 1 == outside.sweep()
    assert [AT_ONCE, AT_ONCE, 1] == [len(told) for told in outside.told]


def test_nobody_waits() -> None:
    """Then nobody is asked anything."""
    outside = Overdue([])
    assert (0, []) == (outside.sweep(), outside.told)


def test_a_sweep_that_fails_says_so() -> None:
    """Its next run finds the rest: nothing was changed."""
    outside = Overdue((f"p{number}" for number in range(2 * AT_ONCE)), breaks_at=1)
    with pytest.raises(UnavailableError):
        outside.sweep()
    assert [AT_ONCE] == [len(told) for told in outside.told]
