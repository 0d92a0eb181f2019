"""Dead letters come back into the queue that they came from, each in its group and in order."""

import json
from typing import Any

import pytest

from tests.contract.tables import aws_client
from twilio_bridge_cli.commands.queues.redriving import find_dead_letters, redrive_messages

FIFO = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}


def make_queues(*, fifo: bool) -> tuple[Any, str, str]:
    """Return a client, a queue and its dead letters."""
    sqs, end, own = aws_client("sqs"), ".fifo" if fifo else "", FIFO if fifo else {}
    dead = sqs.create_queue(QueueName=f"Dead{end}", Attributes=own)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 900})
    queue = sqs.create_queue(QueueName=f"Queue{end}", Attributes={**own, "RedrivePolicy": policy})["QueueUrl"]
    return sqs, queue, dead


def taken_out(sqs: Any, url: str) -> list[tuple[str, str]]:
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages"):
        for message in messages:
            found.append((message["Body"], message["Attributes"].get("MessageGroupId", "")))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("fifo", [True, False])
def test_dead_letters_come_back(fifo: bool) -> None:
    """However they got there: by SendMessage, as former versions did, too."""
    sqs, queue, dead = make_queues(fifo=fifo)
    sent = [(json.dumps({"person": f"p{n % 3}", "n": n}), f"p{n % 3}" if fifo else "") for n in range(25)]
    for number, (body, group) in enumerate(sent):
        more = {"MessageGroupId": group, "MessageDeduplicationId": f"{number}"} if fifo else {}
        sqs.send_message(QueueUrl=dead, MessageBody=body, **more)
    counted: list[int] = []

    assert dead == find_dead_letters(sqs, queue)
    assert 25 == redrive_messages(sqs, dead, queue, counted.append)
    assert 25 == sum(counted)
    back = taken_out(sqs, queue)
    assert sorted(sent) == sorted(back)
    for group in {group for _, group in sent}:
        assert [each for each in sent if each[1] == group] == [each for each in back if each[1] == group] or not fifo
    assert [] == taken_out(sqs, dead)


@pytest.mark.usefixtures("aws")
def test_there_are_none() -> None:
    """Then nothing is done."""
    sqs, queue, dead = make_queues(fifo=True)
    assert 0 == redrive_messages(sqs, dead, queue, lambda _count: None)


@pytest.mark.usefixtures("aws")
def test_a_message_that_cannot_be_sent_stays_a_dead_letter() -> None:
    """It is deleted only once it is back."""
    sqs, queue, dead = make_queues(fifo=True)
    sqs.send_message(QueueUrl=dead, MessageBody="{}", MessageGroupId="p", MessageDeduplicationId="1")
    sqs.delete_queue(QueueUrl=queue)
    with pytest.raises(sqs.exceptions.ClientError):
        redrive_messages(sqs, dead, queue, lambda _count: None)
    found = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]
    assert "1" == found["ApproximateNumberOfMessagesNotVisible"]
