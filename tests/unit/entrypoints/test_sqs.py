"""SQS batches: what is done, what comes again and when, and in which order."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.conftest import Lines
from twilio_bridge.entrypoints.sqs import MARGIN_S, MAX_WAIT_S, MIN_TIME_S, TURN_WAIT_S, Message, consume, wait_s
from twilio_bridge.errors import BridgeError, RateLimitedError, UnavailableError

AWAY = UnavailableError("airtable", "x")


class Context:
    """A call with so many seconds left."""

    aws_request_id = "r1"

    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@dataclass
class Work:
    """Does messages, but not those with `fails`; hides what failed."""

    done: list[Any] = field(default_factory=list)
    hidden: list[tuple[str, float]] = field(default_factory=list)

    def act(self, message: Message) -> None:
        if message.get("hangs"):
            time.sleep(5)
        if message.get("fails"):
            raise AWAY
        self.done.append(message["name"])

    def try_again(self, receipt: str, seconds: float) -> None:
        self.hidden.append((receipt, seconds))

    def consume(self, *records: dict[str, Any], seconds: float = 60) -> list[str]:
        answer = consume({"Records": records}, Context(seconds), self.act, self.try_again, 0.2)
        failures = answer["batchItemFailures"]
        assert isinstance(failures, list)
        return [failure["itemIdentifier"] for failure in failures]


def record(name: str, *, group: str = "", tries: int = 1, **more: bool) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": str(tries)} | ({"MessageGroupId": group} if group else {})
    body = json.dumps({"name": name, **more})
    return {"messageId": name, "receiptHandle": f"receipt-{name}", "body": body, "attributes": attributes}


def test_request_id(log: Lines) -> None:
    """Every line of a batch carries Lambda's id of the invocation."""
    Work().consume(record("a", fails=True))

    assert "r1" == log()[0]["request_id"]


def test_each_is_done() -> None:
    """And nothing comes again."""
    work = Work()
    assert [] == work.consume(record("a"), record("b"))
    assert (["a", "b"], []) == (work.done, work.hidden)


def test_one_that_fails_comes_again() -> None:
    """Later the more often it did; the others are done."""
    work = Work()
    assert ["a"] == work.consume(record("a", tries=3, fails=True), record("b"))
    assert (["b"], [("receipt-a", 60.0)]) == (work.done, work.hidden)


def test_a_group_keeps_its_order() -> None:
    """After one that failed nothing of its group is done, and all of it comes again together; other groups are done."""
    work = Work()
    records = (record("a1", group="a", tries=2, fails=True), record("b1", group="b"), record("a2", group="a"))
    assert ["a1", "a2"] == work.consume(*records)
    assert (["b1"], [("receipt-a1", 30.0), ("receipt-a2", 30.0)]) == (work.done, work.hidden)


def test_one_that_hangs_leaves_time_for_the_others() -> None:
    """Each has its own limit."""
    work = Work()
    assert ["a"] == work.consume(record("a", hangs=True), record("b"))
    assert ["b"] == work.done


def test_without_time_nothing_is_begun() -> None:
    """All come again."""
    work = Work()
    assert ["a", "b"] == work.consume(record("a"), record("b"), seconds=1)
    assert [] == work.done


@pytest.mark.parametrize("body", ["", "{", "[]", "{}"])
def test_rubbish_comes_again(body: str) -> None:
    """A message nobody can read ends as a dead letter, after its tries."""
    work = Work()
    assert ["a"] == work.consume({**record("a"), "body": body}, record("b"))
    assert ["b"] == work.done


@pytest.mark.parametrize(
    ("tries", "error", "expected"),
    [
        (1, AWAY, 15),
        (2, AWAY, 30),
        (7, AWAY, MAX_WAIT_S),
        (1_000_000, AWAY, MAX_WAIT_S),
        (0, AWAY, 7.5),
        (1, RateLimitedError("airtable", 30), 31),
        (9, RateLimitedError("airtable", 0), MAX_WAIT_S),
        (99, RateLimitedError("brevo", 3_600), 3_601),
        (1, BridgeError("x"), 15),
    ],
)
def test_how_long_what_failed_rests(tries: int, error: BridgeError, expected: float) -> None:
    """As long as the other side asks for, else ever longer, at most 15 minutes."""
    assert expected == wait_s(tries, error)


@pytest.mark.parametrize("tries", [1, 5, 40])
def test_a_message_whose_turn_did_not_come_comes_again_at_once(tries: int) -> None:
    """Those before it took the time: it is not done late for what it has not failed at."""
    work = Work()
    assert ["a"] == work.consume(record("a", tries=tries), seconds=MARGIN_S + MIN_TIME_S / 2)
    assert ([], [("receipt-a", TURN_WAIT_S)]) == (work.done, work.hidden)
