"""What an object of the quarantine bucket holds."""

import base64
import json
from typing import Any

import pytest

from twilio_bridge_cli.commands.events.kinesis_put import MAX_RECORD_BYTES, Record
from twilio_bridge_cli.commands.events.quarantined import QuarantinedObject, read_object

OURS = "2026/03/02/0a1b.json"
GIVEN_UP = "aws/lambda/c1a2/shardId-000000000000/2026/03/02/2026-03-02T09.00.00-d4e5"
AT = "2026-03-02T09:00:00+00:00"
EVENT = b'{"type":"t","id":"EV1","data":{"payload":{"task_sid":"WT1"}}}'


def ours(record: bytes, /, **others: object) -> bytes:
    found = {"reason": "it has no id", "record": base64.b64encode(record).decode(), "received_at": AT}
    return json.dumps({**found, **others}).encode()


def invocation(*records: bytes, **others: object) -> dict[str, Any]:
    """Return Lambda's record as its documentation shows it, the event within as an object."""
    each = [
        {"eventID": f"shardId-0:{number}", "kinesis": {"data": base64.b64encode(data).decode(), "partitionKey": "WT9"}}
        for number, data in enumerate(records)
    ]
    return {
        "requestContext": {"requestId": "r", "condition": "RecordAgeExceeded", "approximateInvokeCount": 400},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-03-02T09:00:00.021Z",
        "KinesisBatchInfo": {"shardId": "shardId-0", "batchSize": len(records)},
        "payload": {"Records": each},
        **others,
    }


def test_a_record_of_ours_is_what_it_was() -> None:
    """To the byte, with its reason and time; events of a task share its SID as partition key."""
    assert QuarantinedObject(OURS, AT, "it has no id", (Record(EVENT, "WT1"),)) == read_object(OURS, ours(EVENT))


@pytest.mark.parametrize("record", [b"\xff\x00no JSON", b"[1]", b"", b"3"])
def test_what_is_no_event_has_a_key_too(record: bytes) -> None:
    """Kinesis wants one."""
    found = read_object(OURS, ours(record)).records[0]
    assert (record, 36) == (found.data, len(found.key))


@pytest.mark.parametrize("as_text", [True, False])
def test_a_batch_that_was_given_up_comes_with_its_keys(as_text: bool) -> None:
    """All its records in order; Lambda writes the event as text, an object is understood as well."""
    found = invocation(EVENT, b"second")
    found["payload"] = json.dumps(found["payload"]) if as_text else found["payload"]
    records = (Record(EVENT, "WT9"), Record(b"second", "WT9"))
    assert QuarantinedObject(GIVEN_UP, found["timestamp"], "RecordAgeExceeded", records) == read_object(
        GIVEN_UP, json.dumps(found).encode()
    )


@pytest.mark.parametrize(
    ("key", "body"),
    [
        (OURS, b"no JSON"),
        (OURS, b"[" * 100_000),
        (OURS, b"[]"),
        (OURS, b"{}"),
        (OURS, ours(EVENT, record="no base64!")),
        (OURS, ours(EVENT, record=3)),
        (GIVEN_UP, b'"text"'),
        (GIVEN_UP, ours(EVENT)),
        (GIVEN_UP, json.dumps(invocation(EVENT, payload="<Whole Event>")).encode()),
        (GIVEN_UP, json.dumps(invocation(EVENT, payload={"Records": [{"kinesis": {}}]})).encode()),
        (GIVEN_UP, json.dumps(invocation(EVENT, payload={"Records": None})).encode()),
        (GIVEN_UP, json.dumps(invocation(EVENT, requestContext=[])).encode()),
    ],
    ids=range(12),
)
def test_what_is_neither_is_said(key: str, body: bytes) -> None:
    """It holds no records; of its content nothing is shown."""
    assert QuarantinedObject(key, problem="it is not what the bridge or Lambda write") == read_object(key, body)


def test_what_kinesis_would_refuse_is_said() -> None:
    """A record that is larger than 1 MiB with its key would take its whole request with it."""
    fits = b"x" * (MAX_RECORD_BYTES - 36)
    assert 1 == len(read_object(OURS, ours(fits)).records)
    found = read_object(OURS, ours(fits + b"x"))
    assert ((), "it has no id", True) == (found.records, found.reason, "larger" in found.problem)
