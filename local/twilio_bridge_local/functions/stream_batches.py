"""Batches of a stream's records as Lambda makes, splits and discards them; used by the poller of streams.

Everything here is a plain function of a batch and of what an invocation came to.
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import base64
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from twilio_bridge_local.credentials import AWS_ACCOUNT_ID, AWS_REGION
from twilio_bridge_local.functions.processes import Outcome
from twilio_bridge_local.template.bundle import StreamSource

LARGEST: Final = 6 * 1024 * 1024  # bytes of an invocation's payload
_AROUND: Final = len('{"Records": []}')

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one shard in order, as Lambda hands them over, and how many retries they have cost."""

    records: tuple[Record, ...]
    retries: int = 0

    @property
    def event(self) -> dict[str, Any]:
        """What the function gets."""
        return {"Records": list(self.records)}


def record(taken: Mapping[str, Any], shard_id: str, stream_arn: str) -> dict[str, Any]:
    """A record as Lambda hands it over; `taken` is one as GetRecords returns it."""
    number = taken["SequenceNumber"]
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": taken["PartitionKey"],
            "sequenceNumber": number,
            "data": base64.b64encode(taken["Data"]).decode(),
            "approximateArrivalTimestamp": taken["ApproximateArrivalTimestamp"].timestamp(),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{AWS_ACCOUNT_ID}:role/local",
        "awsRegion": AWS_REGION,
        "eventSourceARN": stream_arn,
    }


def number_of(taken: Record) -> str:
    """A record's sequence number."""
    return str(taken["kinesis"]["sequenceNumber"])


def arrival_of(taken: Record) -> float:
    """When a record came to the stream, in seconds since 1970."""
    return float(taken["kinesis"]["approximateArrivalTimestamp"])


def take(waiting: deque[Record], most: int) -> Batch:
    """The next batch out of what waits: `most` records and 6 MB at most, but always one."""
    records: list[Record] = []
    size = _AROUND
    while waiting and len(records) < most:
        size += len(json.dumps(waiting[0])) + 2
        if records and size > LARGEST:
            break
        records.append(waiting.popleft())
    return Batch(tuple(records))


def reported(payload: object) -> set[str] | None:
    """The identifiers under `batchItemFailures`; None if the answer cannot be read, and so counts as a failure."""
    if payload is None:
        return set()
    try:
        failures = payload.get("batchItemFailures") or ()  # type: ignore[attr-defined]  # a function answers anything
        return {failure["itemIdentifier"] for failure in failures}
    except (AttributeError, KeyError, TypeError):
        return None


def failed_from(records: Sequence[Record], outcome: Outcome, *, partial_responses: bool) -> int | None:
    """The index of the first record that is reported as failed; None if the batch failed as a whole."""
    if not outcome.ok:
        return None
    numbers = [number_of(each) for each in records]
    failed = reported(outcome.payload) if partial_responses else set()
    if failed is None or not failed <= set(numbers):
        return None
    return min((numbers.index(number) for number in failed), default=len(numbers))


def remaining(batch: Batch, outcome: Outcome, source: StreamSource) -> tuple[Batch, ...]:
    """What is still to be done after an invocation, in order.

    Everything from the lowest failed number on comes again, also what went well. A split costs no retry, be
    it at a reported number or in the middle; nor does an invocation that was throttled.
    """
    if outcome.failure == "throttled":
        return (batch,)
    first = failed_from(batch.records, outcome, partial_responses=source.partial_responses)
    if first is None and source.bisect and len(batch.records) > 1:
        middle = len(batch.records) // 2
        return replace(batch, records=batch.records[:middle]), replace(batch, records=batch.records[middle:])
    rest = batch.records[first or 0 :]
    if not rest:
        return ()
    return (Batch(rest, batch.retries if first and source.bisect else batch.retries + 1),)


def is_exhausted(batch: Batch, source: StreamSource) -> bool:
    """Whether a batch has been tried as often as it may be."""
    return 0 <= source.retries < batch.retries


def aged(batch: Batch, source: StreamSource, now: float) -> tuple[Batch, Batch]:
    """The records that are too old to be tried (again), and the others; `now` in seconds since 1970."""
    if source.record_age_s < 0:
        return replace(batch, records=()), batch
    old = sum(1 for each in batch.records if now - arrival_of(each) > source.record_age_s)
    return replace(batch, records=batch.records[:old]), replace(batch, records=batch.records[old:])
