"""The Kinesis stream of events: what the webhook functions put there.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.errors import BadRequestError, UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

MAX_RECORDS_COUNT = 500
MAX_RECORD_BYTES = 1_000_000
# Of a request some records may be refused, because their shard is busy.
TRIES, WAIT_S = 4, 0.1


class KinesisStream:
    """The port Stream."""

    def __init__(self, client: "KinesisClient", name: str) -> None:
        self._client = client
        self._name = name

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        """Put records, each with its partition key; either all are there then, or it raises and some may be."""
        if any(len(data) > MAX_RECORD_BYTES for _, data in records):
            raise BadRequestError(f"an event is larger than {MAX_RECORD_BYTES:,} bytes")
        for start in range(0, len(records), MAX_RECORDS_COUNT):
            self._put(records[start : start + MAX_RECORDS_COUNT])

    def _put(self, records: Sequence[tuple[str, bytes]]) -> None:
        waiting = list(records)
        for attempt in range(TRIES):
            if attempt:
                time.sleep(WAIT_S * 2**attempt)
            waiting = self._refused(waiting)
            if not waiting:
                return
        raise UnavailableError("kinesis", f"{len(waiting)} records were refused")

    def _refused(self, records: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        entries: list[PutRecordsRequestEntryTypeDef] = [{"PartitionKey": key, "Data": data} for key, data in records]
        try:
            answer = self._client.put_records(StreamName=self._name, Records=entries)
        except clients.FAILURES as error:
            raise clients.unavailable("kinesis", error) from error
        results = zip(records, answer["Records"], strict=True)
        return [record for record, result in results if result.get("ErrorCode")]
