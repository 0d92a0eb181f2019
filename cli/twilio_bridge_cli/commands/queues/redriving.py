"""Dead letters back into their queue: received, sent in the same group, then deleted.

Not by StartMessageMoveTask: it refuses messages that were put among the dead letters by SendMessage
(CouldNotDetermineMessageSource), and stacks have some of those.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any, Final

_AT_ONCE: Final = 10
_HIDDEN_S: Final = 60  # a message that is received and not deleted is a dead letter again after so long


def find_dead_letters(sqs: Any, queue_url: str) -> str:  # noqa: ANN401  boto3 makes its clients' classes late
    """Return the URL of the queue's dead-letter queue, as its redrive policy names it."""
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(answer["Attributes"]["RedrivePolicy"])
    name = policy["deadLetterTargetArn"].rpartition(":")[2]
    url: str = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return url


def redrive_messages(sqs: Any, from_url: str, to_url: str, advance: Callable[[int], None]) -> int:  # noqa: ANN401  as above
    """Move messages until none is received any more, and return their number."""
    count = 0
    while messages := _receive(sqs, from_url):
        for message in messages:
            sqs.send_message(QueueUrl=to_url, MessageBody=message["Body"], **_fifo_parameters(message))
            sqs.delete_message(QueueUrl=from_url, ReceiptHandle=message["ReceiptHandle"])
            count += 1
            advance(1)
    return count


def _receive(sqs: Any, url: str) -> list[dict[str, Any]]:  # noqa: ANN401  as above
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=_AT_ONCE,
        AttributeNames=["MessageGroupId"],
        VisibilityTimeout=_HIDDEN_S,
        WaitTimeSeconds=1,
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def _fifo_parameters(message: dict[str, Any]) -> dict[str, str]:
    """Return the same group with a new id, for a FIFO queue: the former id may still count as a duplicate."""
    group = message.get("Attributes", {}).get("MessageGroupId")
    return {"MessageGroupId": group, "MessageDeduplicationId": uuid.uuid4().hex} if group else {}
