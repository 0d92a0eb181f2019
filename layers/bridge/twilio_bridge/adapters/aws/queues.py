"""SQS queues and Lambda's asynchronous invocations: work handed on."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.errors import UnavailableError
from twilio_bridge.ports import Notes

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

# A started refresh is given this long to show before another is asked for.
ASK_AGAIN_S = 30
MAX_DELAY_S = 900
ASKED = "refresh asked"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatchRequestEntry.html
GROUP = re.compile(r"[!-~]{1,128}")


class SqsOutbox:
    """The port Outbox; Brevo's queue is FIFO."""

    def __init__(self, client: "SQSClient", airtable_queue_url: str, brevo_queue_url: str) -> None:
        self._client = client
        self._airtable_queue_url = airtable_queue_url
        self._brevo_queue_url = brevo_queue_url

    def enqueue_airtable_delivery(self, address: str) -> None:
        """Queue an address."""
        try:
            self._client.send_message(QueueUrl=self._airtable_queue_url, MessageBody=json.dumps({"address": address}))
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error

    def enqueue_brevo_delivery(self, address: str) -> None:
        """Queue an address, behind what waits for the same one."""
        text, own, group = json.dumps({"address": address}), uuid.uuid4().hex, group_of(address)
        try:
            self._client.send_message(
                QueueUrl=self._brevo_queue_url, MessageBody=text, MessageGroupId=group, MessageDeduplicationId=own
            )
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error


def group_of(name: str) -> str:
    """Return a name as SQS takes it for a message group."""
    return name if GROUP.fullmatch(name) else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


class SqsQueue:
    """A queue as its consumer sees it."""

    def __init__(self, client: "SQSClient", queue_url: str, dead_letters_url: str = "") -> None:
        self._client = client
        self._queue_url = queue_url
        self._dead_letters_url = dead_letters_url

    def try_again(self, receipt: str, seconds: float) -> None:
        """Hide a message that failed for a while."""
        delay = int(min(max(seconds, 1), MAX_DELAY_S))
        try:
            self._client.change_message_visibility(
                QueueUrl=self._queue_url, ReceiptHandle=receipt, VisibilityTimeout=delay
            )
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error

    def set_aside(self, message: Mapping[str, str]) -> None:
        """Put a message among the dead letters (FIFO), from where it can be brought back."""
        text, own = json.dumps(message), uuid.uuid4().hex
        try:
            self._client.send_message(
                QueueUrl=self._dead_letters_url, MessageBody=text, MessageGroupId=own, MessageDeduplicationId=own
            )
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error


class LambdaRefresh:
    """The port Refresh: RefreshContactsFunction, invoked asynchronously."""

    def __init__(self, client: Callable[[], "LambdaClient"], function: Callable[[], str], notes: Notes) -> None:
        self._client = client
        self._function = function
        self._notes = notes

    def request_refresh(self) -> None:
        """Invoke the function unless that was done within ASK_AGAIN_S."""
        if not self._notes.claim_name(ASKED, ASK_AGAIN_S):
            return
        try:
            self.request_continuation()
        except UnavailableError:
            self._notes.write_note(ASKED, "", 0)  # so that the next caller asks again
            raise

    def request_changes(self) -> None:
        """Invoke the function to read the webhook's payloads."""
        self._invoke(b'{"hear": true}')

    def request_continuation(self) -> None:
        """Invoke the function."""
        self._invoke(b"{}")

    def _invoke(self, payload: bytes) -> None:
        try:
            self._client().invoke(FunctionName=self._function(), InvocationType="Event", Payload=payload)
        except clients.FAILURES as error:
            raise clients.unavailable("lambda", error) from error
