"""The Kinesis stream of events: what the webhook functions put there.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.batches import PartlyRefusedError, send_batch, split_into
from twilio_bridge.errors import BadRequestError
from twilio_bridge.retry import Retry

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import PutRecordsRequestEntryTypeDef

MAX_RECORDS_COUNT = 500
MAX_RECORD_BYTES = 1_000_000
# A webhook has to be answered within seconds; Twilio sends again what we refuse.
RESEND = Retry(attempts=4, first_wait_s=0.2, on=(PartlyRefusedError,))


class KinesisStream:
    """The port Stream."""

    def __init__(self, client: "KinesisClient", name: str) -> None:
        self._client = client
        self._name = name

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        """Put records, each with its partition key; where it raises, some of them may be there."""
        if any(len(data) > MAX_RECORD_BYTES for _, data in records):
            raise BadRequestError(f"an event is larger than {MAX_RECORD_BYTES:,} bytes")

        for batch in split_into(iter(records), MAX_RECORDS_COUNT):
            send_batch("kinesis", batch, self._put, RESEND)

    def _put(self, records: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        entries: list[PutRecordsRequestEntryTypeDef] = [{"PartitionKey": key, "Data": data} for key, data in records]
        try:
            answer = self._client.put_records(StreamName=self._name, Records=entries)
        except clients.FAILURES as error:
            raise clients.unavailable("kinesis", error) from error

        results = zip(records, answer["Records"], strict=True)
        return [record for record, result in results if result.get("ErrorCode")]
