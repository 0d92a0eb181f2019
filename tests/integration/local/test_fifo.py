"""FIFO queues: message groups in order, one batch of a group at a time, also after failures."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from tests.integration.local.project import Project, eventually, warm
from twilio_bridge_local.functions.queue_poller import overtaken
from twilio_bridge_local.stack import Stack

FAIL_ONCE = """
    import json, pathlib
    def lambda_handler(event, context):
        bodies = [r["body"] for r in event["Records"]]
        print("got", json.dumps(bodies))
        flag = pathlib.Path("failed")
        if "a1" in bodies and not flag.exists():
            flag.touch()
            groups = [r for r in event["Records"] if r["attributes"]["MessageGroupId"] == "a"]
            return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in groups]}
"""
FAIL_ONLY_THE_FIRST = """
    import json, time
    def lambda_handler(event, context):
        print("got", json.dumps([r["body"] for r in event["Records"]]))
        failed = [r["messageId"] for r in event["Records"] if r["body"] == "a1"]
        return {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}
"""
FAIL_GROUP_A = """
    import json
    def lambda_handler(event, context):
        print("got", json.dumps([r["body"] for r in event["Records"]]))
        bodies = [r["body"] for r in event["Records"]]
        failed = [r["messageId"] for r in event["Records"] if "a1" in bodies and r["body"][0] == "a"]
        return {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}
"""
SLOW = """
    import json, time
    def lambda_handler(event, context):
        print("began", json.dumps([r["body"] for r in event["Records"]]))
        time.sleep(1.5)
        print("ended", json.dumps([r["body"] for r in event["Records"]]))
"""
SHOW = """
    import json
    def lambda_handler(event, context):
        for record in event["Records"]:
            print("record", json.dumps(record))
"""


def _queue(project: Project, code: str, *, visibility_s: int = 30, receives: int = 9, **properties: object) -> None:
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": receives}
    own = {"FifoQueue": True, "VisibilityTimeout": visibility_s, "RedrivePolicy": redrive, **properties}
    project.resources["Work"] = {"Type": "AWS::SQS::Queue", "Properties": own}
    project.resources["Dead"] = {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}}
    source = {"Queue": {"Fn::GetAtt": ["Work", "Arn"]}, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    project.function("Worker", code, {"Queue": {"Type": "SQS", "Properties": source}})


def _send(stack: Stack, bodies: Sequence[str], **more: Any) -> None:
    """Send bodies like `a1`: the first letter is the group."""
    sqs = stack.client("sqs")
    url = sqs.get_queue_url(QueueName="Work.fifo")["QueueUrl"]
    entries = [
        {"Id": body, "MessageBody": body, "MessageGroupId": body[0], "MessageDeduplicationId": body, **more}
        for body in bodies
    ]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)


def _batches(project: Project, word: str = "got") -> list[list[str]]:
    lines = [line for line in project.log().splitlines() if f"{word} [" in line]
    return list(filter(None, (json.loads(line.split(f"{word} ", 1)[1]) for line in lines)))


def _left(stack: Stack, queue: str) -> int:
    sqs = stack.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def test_a_batch_holds_several_groups_each_in_order(project: Project) -> None:
    """What is there at once comes at once."""
    _queue(project, FAIL_ONCE)
    with project.stack() as stack:
        _send(stack, ["b1", "c1", "b2", "c2", "c3"])
        assert eventually(lambda: _left(stack, "Work.fifo") == 0)
    seen = [body for batch in _batches(project) for body in batch]
    assert [body for body in seen if body[0] == "b"] == ["b1", "b2"]
    assert [body for body in seen if body[0] == "c"] == ["c1", "c2", "c3"]
    assert any(len({body[0] for body in batch}) > 1 for batch in _batches(project))


def test_what_failed_holds_up_its_group_and_no_other(project: Project) -> None:
    """The group comes again from its first failed message on, in order; later ones wait for it."""
    _queue(project, FAIL_ONCE, visibility_s=3)
    with project.stack() as stack:
        warm(stack)
        _send(stack, ["a1", "a2", "b1", "a3"])
        assert eventually(lambda: _batches(project))
        _send(stack, ["a4", "b2"])
        assert eventually(lambda: "b2" in [body for batch in _batches(project) for body in batch])
        assert eventually(lambda: _left(stack, "Work.fifo") == 0, 10)
    seen = [body for batch in _batches(project)[1:] for body in batch]
    assert [body for body in seen if body[0] == "a"] == ["a1", "a2", "a3", "a4"]
    assert seen.index("b2") < seen.index("a1")


def test_a_group_is_out_once_at_a_time(project: Project) -> None:
    """While one batch of a group is being worked on, there is no other, though the function could run twice."""
    _queue(project, SLOW, visibility_s=30)
    with project.stack() as stack:
        _send(stack, ["a1", "b1"])
        assert eventually(lambda: _batches(project, "began"))
        _send(stack, ["a2", "c1"])
        assert eventually(lambda: _left(stack, "Work.fifo") == 0, 8)
    log = project.log()
    assert log.index('began ["a2') > log.index('ended ["a1')
    assert log.index('began ["c1') < log.index('ended ["a1')


def test_a_lost_order_is_told(project: Project) -> None:
    """Who reports a failed message but not those behind it in the group is warned, as Lambda deletes them."""
    _queue(project, FAIL_ONLY_THE_FIRST)
    with project.stack() as stack:
        _send(stack, ["a1", "a2", "b1"])
        assert eventually(lambda: "overtook one that failed in its group" in project.log())
        assert eventually(lambda: _left(stack, "Work.fifo") == 1)
    assert project.log().count("overtook") == 1


def test_dead_letters_free_the_group(project: Project) -> None:
    """A message that has been received too often goes to its own FIFO queue, and the next one comes."""
    _queue(project, FAIL_GROUP_A, visibility_s=1, receives=2)
    with project.stack() as stack:
        warm(stack)
        _send(stack, ["a1"])
        assert eventually(lambda: len(_batches(project)) == 2, 5)
        _send(stack, ["a2"])
        assert eventually(lambda: _left(stack, "Work.fifo") == 0, 5)
        assert _left(stack, "Dead.fifo") == 1
    assert _batches(project) == [["a1"], ["a1"], ["a2"]]


def test_a_queues_delay_holds(project: Project) -> None:
    """DelaySeconds of the queue is waited for, and the order stays."""
    _queue(project, FAIL_ONCE, DelaySeconds=2)
    with project.stack() as stack:
        began = time.monotonic()
        _send(stack, ["b1", "b2"])
        assert eventually(lambda: _batches(project), 5)
        assert time.monotonic() - began >= 2
        assert eventually(lambda: "b2" in str(_batches(project)))
    assert [body for batch in _batches(project) for body in batch] == ["b1", "b2"]


def test_the_same_word_twice_is_one_message(project: Project) -> None:
    """The queue takes the second one for a repetition for five minutes, also after the first one is done."""
    _queue(project, FAIL_ONCE, ContentBasedDeduplication=True)
    with project.stack() as stack:
        sqs = stack.client("sqs")
        url = sqs.get_queue_url(QueueName="Work.fifo")["QueueUrl"]
        for body in ("b1", "b1", "b2"):
            sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="b")
        assert eventually(lambda: "b2" in str(_batches(project)) and _left(stack, "Work.fifo") == 0)
        sqs.send_message(QueueUrl=url, MessageBody="b1", MessageGroupId="b")
        assert _left(stack, "Work.fifo") == 0
    assert [body for batch in _batches(project) for body in batch] == ["b1", "b2"]


@pytest.mark.parametrize(("scope", "kept"), [("queue", 1), ("messageGroup", 2)])
def test_a_repetition_is_one_of_its_scope(project: Project, scope: str, kept: int) -> None:
    """The same id in another group is another message only where the queue says so."""
    _queue(project, FAIL_ONCE, DeduplicationScope=scope, FifoThroughputLimit="perQueue", DelaySeconds=9)
    with project.stack() as stack:
        sqs = stack.client("sqs")
        url = sqs.get_queue_url(QueueName="Work.fifo")["QueueUrl"]
        for group in "bc":
            sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId=group, MessageDeduplicationId="same")
        names = ["ApproximateNumberOfMessagesDelayed"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert int(attributes["ApproximateNumberOfMessagesDelayed"]) == kept


def test_a_record_has_its_group(project: Project) -> None:
    """Group, deduplication id and a sequence number that grows stand among its attributes."""
    _queue(project, SHOW)
    with project.stack() as stack:
        _send(stack, ["a1", "a2"])
        assert eventually(lambda: _left(stack, "Work.fifo") == 0)
    lines = [line for line in project.log().splitlines() if "record " in line]
    first, second = (json.loads(line.split("record ", 1)[1])["attributes"] for line in lines)
    assert (first["MessageGroupId"], first["MessageDeduplicationId"]) == ("a", "a1")
    assert (len(first["SequenceNumber"]), len(second["SequenceNumber"])) == (20, 20)
    assert first["SequenceNumber"] < second["SequenceNumber"]


def test_only_what_stands_behind_a_failure_is_overtaking() -> None:
    """Messages in front of it, of other groups, or of no group are not."""
    batch = [{"MessageId": name, "Attributes": {"MessageGroupId": name[0]}} for name in ("a1", "b1", "a2", "a3", "b2")]
    finished = [message for message in batch if message["MessageId"] != "a2"]
    assert [message["MessageId"] for message in overtaken(batch, finished)] == ["a3"]
    assert list(overtaken([{"MessageId": "1"}, {"MessageId": "2"}], [{"MessageId": "2"}])) == []
