"""Queues feed functions as Lambda's event source mappings do."""

import base64
import hashlib
import json
from collections.abc import Sequence

import pytest

from tests.integration.local.project import Project, eventually, warm
from twilio_bridge_local.functions.processes import Outcome
from twilio_bridge_local.functions.queue_poller import done
from twilio_bridge_local.stack import Stack

SHOW = """
    import json
    def lambda_handler(event, context):
        for record in event["Records"]:
            print("got", record["body"], record["attributes"]["ApproximateReceiveCount"])
        if any(record["body"] == "break" for record in event["Records"]):
            raise ValueError("broken")
        failed = [r["messageId"] for r in event["Records"] if r["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}
"""


def _queues(project: Project, code: str, *, batch_size: int = 10, visibility_s: int = 30, receives: int = 1) -> None:
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": receives}
    project.resources["Work"] = {
        "Type": "AWS::SQS::Queue",
        "Properties": {"VisibilityTimeout": visibility_s, "RedrivePolicy": redrive},
    }
    project.resources["Dead"] = {"Type": "AWS::SQS::Queue"}
    properties = {
        "Queue": {"Fn::GetAtt": ["Work", "Arn"]},
        "BatchSize": batch_size,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    project.function("Worker", code, {"Queue": {"Type": "SQS", "Properties": properties}})


def _send(stack: Stack, bodies: Sequence[str]) -> str:
    sqs = stack.client("sqs")
    url = str(sqs.get_queue_url(QueueName="Work")["QueueUrl"])
    entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return url


def _left(stack: Stack, queue: str) -> int:
    sqs = stack.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def _seen(project: Project) -> list[str]:
    return sorted(line.split("got ")[1] for line in project.log().splitlines() if "got " in line)


def test_what_failed_comes_back(project: Project) -> None:
    """Only the message reported as failed is delivered again."""
    _queues(project, SHOW, visibility_s=1, receives=9)
    with project.stack() as stack:
        warm(stack)
        _send(stack, ["good", "bad", "fine"])
        assert eventually(lambda: "bad 2" in _seen(project))
        assert eventually(lambda: _left(stack, "Work") == 1)
    assert _seen(project) == ["bad 1", "bad 2", "fine 1", "good 1"]


def test_what_keeps_failing_ends_among_the_dead_letters(project: Project) -> None:
    """SQS moves it there when it has been received as often as the redrive policy allows."""
    _queues(project, SHOW, visibility_s=1)
    with project.stack() as stack:
        warm(stack)
        _send(stack, ["good", "bad"])
        assert eventually(lambda: _left(stack, "Dead") == 1)
        assert _left(stack, "Work") == 0
    assert _seen(project) == ["bad 1", "good 1"]


def test_a_failed_function_has_nothing_deleted(project: Project) -> None:
    """The whole batch stays in the queue, also what went well."""
    _queues(project, SHOW)
    with project.stack() as stack:
        _send(stack, ["break", "good"])
        assert eventually(lambda: "ValueError" in project.log())
        assert _left(stack, "Work") == 2
    assert "broken" in project.log()


def test_a_record_looks_like_lambdas(project: Project) -> None:
    """Ids, attributes of both kinds, checksum and source are where Lambda puts them."""
    _queues(project, "import json\ndef lambda_handler(e, c): print('record', json.dumps(e['Records'][0]))")
    attributes = {
        "Kind": {"DataType": "String", "StringValue": "x"},
        "Raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    with project.stack() as stack:
        sqs = stack.client("sqs")
        url = sqs.get_queue_url(QueueName="Work")["QueueUrl"]
        sent = sqs.send_message(QueueUrl=url, MessageBody="höre", MessageAttributes=attributes)
        assert eventually(lambda: "record " in project.log())
        (line,) = [line for line in project.log().splitlines() if "record " in line]
    record = json.loads(line.split("record ", 1)[1])
    assert record["messageId"] == sent["MessageId"]
    assert record["md5OfBody"] == hashlib.md5("höre".encode(), usedforsecurity=False).hexdigest()
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == "arn:aws:sqs:us-east-1:123456789012:Work"
    assert record["awsRegion"] == "us-east-1"
    assert {"SentTimestamp", "ApproximateReceiveCount"} <= set(record["attributes"])
    assert record["messageAttributes"]["Kind"]["stringValue"] == "x"
    assert base64.b64decode(record["messageAttributes"]["Raw"]["binaryValue"]) == b"\x00\xff"


def test_a_batch_is_no_larger_than_it_may_be(project: Project) -> None:
    """BatchSize bounds what one call gets, and everything is delivered."""
    _queues(project, "def lambda_handler(e, c): print('size', len(e['Records']))", batch_size=2)
    with project.stack() as stack:
        _send(stack, ["a", "b", "c", "d", "e"])
        assert eventually(lambda: _left(stack, "Work") == 0)
    sizes = [int(line.split("size ")[1]) for line in project.log().splitlines() if "size " in line]
    assert sum(sizes) == 5
    assert max(sizes) <= 2


BATCH = [{"MessageId": "1"}, {"MessageId": "2"}]


@pytest.mark.parametrize(
    ("payload", "partial", "deleted"),
    [
        ({"batchItemFailures": [{"itemIdentifier": "2"}]}, True, ["1"]),
        ({"batchItemFailures": [{"itemIdentifier": "2"}]}, False, ["1", "2"]),
        ({"batchItemFailures": []}, True, ["1", "2"]),
        ({"batchItemFailures": None}, True, ["1", "2"]),
        ({}, True, ["1", "2"]),
        (None, True, ["1", "2"]),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, True, []),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, True, []),
        ({"batchItemFailures": [{"wrong": "2"}]}, True, []),
        ("text", True, []),
    ],
)
def test_what_may_be_deleted(payload: object, partial: bool, deleted: list[str]) -> None:
    """An answer that Lambda cannot read counts as a failed batch."""
    messages = done(BATCH, Outcome(payload), partial_responses=partial)
    assert [message["MessageId"] for message in messages] == deleted
    assert done(BATCH, Outcome(payload, "error"), partial_responses=partial) == []
