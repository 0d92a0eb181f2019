"""SQS queues and Lambda's asynchronous invocations: work handed on."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from twilio_bridge.adapters import aws
from twilio_bridge.ports import Notes

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

# A started refresh is given this long to show before another is asked for.
ASK_AGAIN_S = 30
LONGEST_DELAY_S = 900
ASKED = "refresh asked"


class SqsOutbox:
    """The port Outbox, and the delays between a consumer's tries."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def tell_airtable(self, address: str) -> None:
        """Queue the delivery of what was said at an address."""
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps({"address": address}))
        except aws.FAILURES as error:
            raise aws.unavailable("sqs", error) from error

    def try_again(self, receipt: str, seconds: float) -> None:
        """Hide a message that failed for a while."""
        delay = int(min(max(seconds, 1), LONGEST_DELAY_S))
        try:
            self._client.change_message_visibility(
                QueueUrl=self._queue_url, ReceiptHandle=receipt, VisibilityTimeout=delay
            )
        except aws.FAILURES as error:
            raise aws.unavailable("sqs", error) from error


class LambdaRefresh:
    """The port Refresh: RefreshContactsFunction, invoked at most once in a while whoever asks."""

    def __init__(self, client: Callable[[], "LambdaClient"], function: Callable[[], str], notes: Notes) -> None:
        self._client = client
        self._function = function
        self._notes = notes

    def start(self) -> None:
        """Ask for a load unless somebody has just done so."""
        if not self._notes.claim(ASKED, ASK_AGAIN_S):
            return
        try:
            self._client().invoke(FunctionName=self._function(), InvocationType="Event", Payload=b"{}")
        except aws.FAILURES as error:
            self._notes.note(ASKED, "", 0)  # so that the next caller asks again
            raise aws.unavailable("lambda", error) from error
