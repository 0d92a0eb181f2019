"""How a stream's batches are made, split and given up, without a stream."""

import base64
from collections import deque
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from twilio_bridge_local.functions.processes import Outcome
from twilio_bridge_local.functions.stream_batches import (
    LARGEST,
    Batch,
    Record,
    aged,
    is_exhausted,
    record,
    remaining,
    take,
)
from twilio_bridge_local.template.bundle import StreamSource

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/Events"
SHARD = "shardId-000000000001"
AT = datetime(2026, 3, 2, 9, 0, 0, 250_000, UTC)
SOURCE = StreamSource("Events", partial_responses=True, retries=2)
BROKEN = Outcome({"errorMessage": "broken"}, "error")


def made(number: int, data: bytes = b"x", at: datetime = AT) -> Record:
    taken = {"SequenceNumber": str(number), "PartitionKey": "WT1", "Data": data, "ApproximateArrivalTimestamp": at}
    return record(taken, SHARD, ARN)


def numbers(batch: Batch) -> str:
    return "".join(each["kinesis"]["sequenceNumber"] for each in batch.records)


def reporting(*identifiers: object) -> Outcome:
    return Outcome({"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]})


FOUR = Batch(tuple(made(number) for number in range(1, 5)), retries=1)


def test_a_record_looks_like_lambdas() -> None:
    """Everything is where Lambda puts it; the time is in seconds."""
    assert record(
        {"SequenceNumber": "7", "PartitionKey": "WT1", "Data": "ø".encode(), "ApproximateArrivalTimestamp": AT},
        SHARD,
        ARN,
    ) == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "WT1",
            "sequenceNumber": "7",
            "data": base64.b64encode("ø".encode()).decode(),
            "approximateArrivalTimestamp": 1772442000.25,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:7",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/local",
        "awsRegion": "us-east-1",
        "eventSourceARN": ARN,
    }


def test_a_batch_is_bounded_by_count_and_size() -> None:
    """So many records, 6 MB of payload, and one record in any case."""
    waiting = deque(made(number) for number in range(1, 6))
    assert (numbers(take(waiting, 3)), numbers(take(waiting, 3)), numbers(take(waiting, 3))) == ("123", "45", "")
    large = deque([made(1, b"x" * LARGEST), *(made(number, b"x" * (LARGEST // 4)) for number in range(2, 6))])
    assert (numbers(take(large, 9)), numbers(take(large, 9)), numbers(take(large, 9))) == ("1", "23", "45")


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (reporting(), []),
        (Outcome({"batchItemFailures": None}), []),
        (Outcome({}), []),
        (Outcome(None), []),
        (reporting("3"), [("34", 2)]),
        (reporting("4", "2"), [("234", 2)]),
        (reporting("1"), [("1234", 2)]),
        (reporting(""), [("1234", 2)]),
        (reporting(None), [("1234", 2)]),
        (reporting("9", "3"), [("1234", 2)]),
        (Outcome({"batchItemFailures": [{"wrong": "3"}]}), [("1234", 2)]),
        (Outcome("text"), [("1234", 2)]),
        (BROKEN, [("1234", 2)]),
        (Outcome(None, "timeout"), [("1234", 2)]),
        (Outcome({}, "throttled"), [("1234", 1)]),
    ],
)
def test_the_lowest_failed_number_is_where_it_goes_on(outcome: Outcome, left: list[tuple[str, int]]) -> None:
    """Everything from there comes again at the cost of a retry; what cannot be read is a failure of all."""
    rest = remaining(FOUR, outcome, SOURCE)
    assert [(numbers(batch), batch.retries) for batch in rest] == left


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (BROKEN, [("12", 1), ("34", 1)]),
        (reporting("unknown"), [("12", 1), ("34", 1)]),
        (reporting("3"), [("34", 1)]),
        (reporting("1"), [("1234", 2)]),
        (Outcome({}, "throttled"), [("1234", 1)]),
        (reporting(), []),
    ],
)
def test_a_split_costs_no_retry(outcome: Outcome, left: list[tuple[str, int]]) -> None:
    """In the middle where all failed, else at the reported number; what cannot be split costs one."""
    rest = remaining(FOUR, outcome, replace(SOURCE, bisect=True))
    assert [(numbers(batch), batch.retries) for batch in rest] == left
    alone = Batch(FOUR.records[:1])
    assert remaining(alone, BROKEN, replace(SOURCE, bisect=True)) == (Batch(alone.records, 1),)


def test_without_response_types_an_answer_says_nothing() -> None:
    """Only a failure of the function counts."""
    source = replace(SOURCE, partial_responses=False)
    assert remaining(FOUR, reporting("1"), source) == ()
    assert remaining(FOUR, BROKEN, source) == (Batch(FOUR.records, 2),)


def test_retries_end() -> None:
    """Two retries are three invocations; -1 has no end, 0 allows none."""
    assert [is_exhausted(Batch((), retries), SOURCE) for retries in (1, 2, 3)] == [False, False, True]
    assert not is_exhausted(Batch((), 9999), replace(SOURCE, retries=-1))
    assert is_exhausted(Batch((), 1), replace(SOURCE, retries=0))


def test_old_records_are_set_apart() -> None:
    """Those that came longer ago than allowed; -1 allows any age."""
    now = AT.timestamp() + 100
    young = datetime.fromtimestamp(now - 5, UTC)
    batch = Batch((made(1), made(2), made(3, at=young)))
    old, fresh = aged(batch, replace(SOURCE, record_age_s=60), now)
    assert (numbers(old), numbers(fresh)) == ("12", "3")
    old, fresh = aged(batch, SOURCE, now)
    assert (numbers(old), numbers(fresh)) == ("", "123")
