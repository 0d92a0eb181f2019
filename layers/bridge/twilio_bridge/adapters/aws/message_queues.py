"""The queues of rows, and the invocation that goes on planning a campaign."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.batches import send_batch, split_into
from twilio_bridge.adapters.aws.queues import MAX_DELAY_S, MAX_MESSAGES_PER_BATCH

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient


class SqsMessageQueues:
    """The port MessageQueues; a row that is queued twice is looked at twice, and sent once."""

    def __init__(self, client: "SQSClient", *, send_queue_url: str, poll_queue_url: str) -> None:
        self._client = client
        self._send_queue_url = send_queue_url
        self._poll_queue_url = poll_queue_url

    def enqueue_sends(self, campaign_id: str, numbers: Sequence[int], delay_s: int = 0) -> None:
        """Queue rows for sending."""
        self._enqueue(self._send_queue_url, campaign_id, numbers, delay_s)

    def enqueue_polls(self, campaign_id: str, numbers: Sequence[int], delay_s: int = 0) -> None:
        """Queue rows whose status is to be asked for."""
        self._enqueue(self._poll_queue_url, campaign_id, numbers, delay_s)

    def _enqueue(self, queue_url: str, campaign_id: str, numbers: Sequence[int], delay_s: int) -> None:
        delay = min(max(delay_s, 0), MAX_DELAY_S)

        def send(waiting: Sequence[int]) -> list[int]:
            entries: Any = [
                {
                    "Id": str(number),
                    "MessageBody": json.dumps({"campaign": campaign_id, "row": str(number)}),
                    "DelaySeconds": delay,
                }
                for number in waiting
            ]
            try:
                answer = self._client.send_message_batch(QueueUrl=queue_url, Entries=entries)
            except clients.FAILURES as error:
                raise clients.unavailable("sqs", error) from error
            return [int(entry["Id"]) for entry in answer.get("Failed", [])]

        for batch in split_into(iter(dict.fromkeys(numbers)), MAX_MESSAGES_PER_BATCH):
            send_batch("sqs", batch, send)


class LambdaContinuation:
    """The port Continuation: this function, invoked asynchronously."""

    def __init__(self, client: Callable[[], "LambdaClient"], function: str) -> None:
        self._client = client
        self._function = function

    def request_planning(self, campaign_id: str) -> None:
        """Invoke the function with the campaign's id."""
        payload = json.dumps({"plan": campaign_id}).encode()
        try:
            self._client().invoke(FunctionName=self._function, InvocationType="Event", Payload=payload)
        except clients.FAILURES as error:
            raise clients.unavailable("lambda", error) from error
