"""Events onto a Kinesis stream: as Twilio puts them there, in requests as large as Kinesis takes them.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from twilio_bridge.adapters.aws.batches import PartlyRefusedError, send_batch
from twilio_bridge_cli import aws
from twilio_bridge_cli.errors import CommandError, UnreachableError

MAX_PUT_COUNT: Final = 500  # records of a request
MAX_PUT_BYTES: Final = 5 * 1024 * 1024  # bytes of a request, partition keys among them
MAX_RECORD_BYTES: Final = 1024 * 1024
_MAX_KEY_LENGTH: Final = 256


@dataclass(frozen=True, slots=True)
class Record:
    """An event as it goes on the stream."""

    data: bytes
    key: str

    @property
    def size(self) -> int:
        """What Kinesis counts, in bytes."""
        return len(self.data) + len(self.key.encode())


class NotTakenError(Exception):
    """Kinesis did not take all of a request: how many records are `left`, and why (`codes`)."""

    def __init__(self, left: int, codes: set[str]) -> None:
        super().__init__(", ".join(sorted(codes)))
        self.left = left


def make_record(place: str, event: Mapping[str, Any], *, as_string: bool) -> Record:
    """Make the record of an event; `as_string` writes its data as text, as Twilio's Kinesis sinks do."""
    sent = dict(event)
    if as_string and "data" in sent and not isinstance(sent["data"], str):
        sent["data"] = json.dumps(sent["data"], separators=(",", ":"), ensure_ascii=False)
    data = json.dumps(sent, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
    made = Record(data, choose_partition_key(event))
    if made.size > MAX_RECORD_BYTES:
        raise CommandError(f"{place} is larger than a record may be (1 MiB).")
    return made


def choose_partition_key(event: Mapping[str, Any]) -> str:
    """Return what keeps events in order among each other: the task's SID, else the event's own id."""
    data = event.get("data")
    if isinstance(data, str):
        data = parse_json(data)
    payload = data.get("payload") if isinstance(data, dict) else None
    task = payload.get("task_sid") if isinstance(payload, dict) else None
    own = next((each for each in (task, event.get("id")) if isinstance(each, str) and each), "")
    return own[:_MAX_KEY_LENGTH].encode(errors="replace").decode() or str(uuid.uuid4())


def group_records(records: Iterable[Record], max_count: int = MAX_PUT_COUNT) -> Iterator[list[Record]]:
    """Return requests' worth of records, in order."""
    group: list[Record] = []
    size = 0
    for each in records:
        if group and (len(group) == max_count or size + each.size > MAX_PUT_BYTES):
            yield group
            group, size = [], 0
        group.append(each)
        size += each.size
    if group:
        yield group


def put_records(kinesis: Any, stream: str, group: list[Record]) -> int:  # noqa: ANN401  boto3 makes its clients' classes late
    """Put a group on the stream and return how many requests that took.

    Raise NotTakenError where Kinesis, however often it is asked, does not take all of it.
    """
    requests = 0
    codes: set[str] = set()

    def put_once(records: Sequence[Record]) -> list[Record]:
        nonlocal requests
        requests += 1
        entries = [{"Data": each.data, "PartitionKey": each.key} for each in records]
        answer = kinesis.put_records(StreamName=stream, Records=entries)

        codes.clear()
        codes.update(result["ErrorCode"] for result in answer["Records"] if result.get("ErrorCode"))
        results = zip(records, answer["Records"], strict=True)
        return [record for record, result in results if result.get("ErrorCode")]

    try:
        send_batch("kinesis", group, put_once)
    except PartlyRefusedError as error:
        raise NotTakenError(error.left, codes) from error
    return requests


def explain_failure(error: NotTakenError | BotoCoreError | ClientError, missing: str) -> CommandError:
    """Turn what ended the putting into a sentence with its remedy."""
    if not isinstance(error, NotTakenError):
        return aws.explain_failure(error, missing)
    remedy = "Put them again in a moment, what is there already changes nothing; or give the stream more shards."
    return UnreachableError(f"{missing}: Kinesis did not take them ({error}).", remedy)


def parse_json(text: str | bytes) -> object:
    """Read JSON; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
