"""What lies in the quarantine bucket: records that nobody could read, and batches that Lambda gave up.

The former are the bridge's own objects, `<yyyy>/<mm>/<dd>/<sha256>.json` (see adapters.quarantine); the latter Lambda's
invocation records, whose `payload` is the whole event, as text:
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from twilio_bridge.adapters.aws.clients import FAILURES, code_of
from twilio_bridge_cli import aws
from twilio_bridge_cli.commands.events.kinesis_put import MAX_RECORD_BYTES, Record, choose_partition_key, parse_json

_OF_LAMBDA: Final = "aws/lambda/"
_DAY: Final = re.compile(rf"(?:{_OF_LAMBDA}[^/]+/[^/]+/)?([0-9]{{4}})/([0-9]{{2}})/([0-9]{{2}})/")
_NOT_AS_EXPECTED: Final = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class QuarantinedObject:
    """An object: when it came there (ISO 8601), why, and the records it holds; or what is wrong with it."""

    key: str
    at: str = ""
    reason: str = ""
    records: tuple[Record, ...] = ()
    problem: str = ""


def list_keys(s3: Any, bucket: str, since: str, until: str) -> list[str]:  # noqa: ANN401  boto3 makes its clients' classes late
    """Return the keys of the objects of these UTC days (`2026-03-02`), oldest first; others are not the bridge's."""
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        found = [each["Key"] for page in pages for each in page.get("Contents", [])]
    except FAILURES as error:
        raise aws.explain_failure(error, f"{bucket} cannot be read") from error
    days = [("-".join(day.groups()), key) for key in found if (day := _DAY.match(key))]
    return [key for day, key in sorted(days) if since <= day <= until]


def read_objects(s3: Any, bucket: str, wanted: list[str]) -> Iterator[QuarantinedObject]:  # noqa: ANN401  same
    """Read objects, in order."""
    return aws.read_in_order(lambda key: _read(s3, bucket, key), wanted)


def _read(s3: Any, bucket: str, key: str) -> QuarantinedObject:  # noqa: ANN401  same
    try:
        return read_object(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    except FAILURES as error:
        if code_of(error) == "NoSuchKey":
            return QuarantinedObject(key, problem="it has been deleted just now")
        raise aws.explain_failure(error, f"{bucket} cannot be read") from error


def read_object(key: str, body: bytes) -> QuarantinedObject:
    """Return what an object holds."""
    try:
        document = json.loads(body)
        found = _given_up(key, document) if key.startswith(_OF_LAMBDA) else _unreadable(key, document)
    except _NOT_AS_EXPECTED:
        return QuarantinedObject(key, problem="it is not what the bridge or Lambda write")
    if any(record.size > MAX_RECORD_BYTES for record in found.records):
        return QuarantinedObject(
            key, found.at, found.reason, problem="a record in it is larger than one may be (1 MiB)"
        )
    return found


def _unreadable(key: str, document: dict[str, Any]) -> QuarantinedObject:
    data = _decoded(document["record"])
    event = parse_json(data)
    record = Record(data, choose_partition_key(event if isinstance(event, dict) else {}))
    return QuarantinedObject(key, str(document["received_at"]), str(document["reason"]), (record,))


def _given_up(key: str, document: dict[str, Any]) -> QuarantinedObject:
    event = json.loads(document["payload"]) if isinstance(document["payload"], str) else document["payload"]
    of_stream = [each["kinesis"] for each in event["Records"]]
    records = tuple(Record(_decoded(each["data"]), str(each["partitionKey"])) for each in of_stream)
    return QuarantinedObject(key, str(document["timestamp"]), str(document["requestContext"]["condition"]), records)


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
