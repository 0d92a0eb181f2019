"""What becomes of records that Lambda discards: a message at the mapping's on-failure destination.

Used by the poller of streams. A queue receives which records they were, a bucket the records too.
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.functions.processes import arn
from twilio_bridge_local.functions.stream_batches import Batch, Record, arrival_of, number_of
from twilio_bridge_local.template.bundle import StreamSource

Condition = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]
Clients = Callable[[str], Any]
"""Returns boto3's client of a service."""

_SUCCESS: Final = 200  # the status of an invocation, also of one that failed


@dataclass(frozen=True, slots=True)
class Discard:
    """A batch that a function did not get done, and why it is tried no more."""

    function: str
    batch: Batch
    condition: Condition
    failed: bool
    """Whether the function itself failed, in place of reporting failures."""

    @property
    def shard_id(self) -> str:
        """The shard that the records are from."""
        return str(self.batch.records[0]["eventID"].partition(":")[0])


def destination(source: StreamSource, clients: Clients) -> Callable[[Discard], None]:
    """Return what writes to the destination of a mapping; without one, it writes nothing."""
    target = source.on_failure or ""
    if not target:
        return lambda _discard: None
    if ":sqs:" in target:
        sqs = clients("sqs")
        return lambda discard: _tell_queue(sqs, target.rpartition(":")[2], discard)
    if ":s3:::" in target:
        s3 = clients("s3")
        return lambda discard: _tell_bucket(s3, target.rpartition(":")[2], discard)
    raise TemplateError(f"The local stack knows no on-failure destination {target}; there are queues and buckets")


def invocation_record(discard: Discard, at: datetime) -> dict[str, Any]:
    """Return what the destination receives; a bucket's has the event besides, as text under `payload`."""
    records = discard.batch.records
    response: dict[str, Any] = {"statusCode": _SUCCESS, "executedVersion": "$LATEST"}
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": arn(discard.function),
            "condition": discard.condition,
            "approximateInvokeCount": discard.batch.retries,
        },
        "responseContext": {**response, "functionError": "Unhandled"} if discard.failed else response,
        "version": "1.0",
        "timestamp": _moment(at),
        "KinesisBatchInfo": {
            "shardId": discard.shard_id,
            "startSequenceNumber": number_of(records[0]),
            "endSequenceNumber": number_of(records[-1]),
            "approximateArrivalOfFirstRecord": _arrived(records[0]),
            "approximateArrivalOfLastRecord": _arrived(records[-1]),
            "batchSize": len(records),
            "streamArn": records[0]["eventSourceARN"],
        },
    }


def key(discard: Discard, at: datetime) -> str:
    """Where a bucket keeps it: aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<random>."""
    stream = discard.batch.records[0]["eventSourceARN"]
    mapping = uuid.uuid5(uuid.NAMESPACE_URL, f"{stream} {discard.function}")
    return f"aws/lambda/{mapping}/{discard.shard_id}/{at:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"


def _tell_queue(sqs: Any, name: str, discard: Discard) -> None:  # noqa: ANN401  boto3 makes its clients' classes late
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(invocation_record(discard, datetime.now(UTC))))


def _tell_bucket(s3: Any, bucket: str, discard: Discard) -> None:  # noqa: ANN401  same
    at = datetime.now(UTC)
    content = {**invocation_record(discard, at), "payload": json.dumps(discard.batch.event)}
    s3.put_object(Bucket=bucket, Key=key(discard, at), Body=json.dumps(content).encode())


def _arrived(record: Record) -> str:
    return _moment(datetime.fromtimestamp(arrival_of(record), UTC))


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
