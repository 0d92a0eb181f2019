"""SQS event source mappings as Lambda runs them; used by the stack, one poller a mapping.

A poller receives, calls the function, and deletes what the function got done. Of a function that failed
nothing is deleted; of one that reports `batchItemFailures`, all but those. What stays comes back after
the queue's visibility timeout, and SQS itself moves it to the dead-letter queue. Of a FIFO queue's message
group SQS returns nothing more while one of it is out, so a message that failed holds up its group, provided that
the function reports those behind it in the batch, too.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import base64
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from twilio_bridge_local.credentials import AWS_REGION
from twilio_bridge_local.functions.feeds import Call, Feed
from twilio_bridge_local.functions.processes import Outcome
from twilio_bridge_local.functions.stream_batches import reported
from twilio_bridge_local.logs import Sink
from twilio_bridge_local.template.bundle import QueueSource

_WAIT_S: Final = 1  # of a long poll, and so of a clean stop
_RECEIVE_LIMIT: Final = 10  # SQS gives no more at once
_PAUSE_S: Final = 1.0

Message = Mapping[str, Any]


class QueuePoller(Feed):
    """Feeds one function from one queue between `start` and `stop`."""

    def __init__(
        self,
        source: QueueSource,
        url: str,
        sqs: Any,  # noqa: ANN401  boto3 makes its clients' classes while it runs
        invoke: Call,
        log: Sink,
    ) -> None:
        super().__init__()
        self._source, self._url = source, url
        self._sqs, self._invoke, self._log = sqs, invoke, log
        self._slots = threading.Semaphore(source.concurrency)
        self._workers = ThreadPoolExecutor(source.concurrency, thread_name_prefix=f"poll-{source.queue}")

    def stop(self) -> None:
        """Poll no more and wait for what is being processed; end the function first if that may take long."""
        super().stop()
        self._workers.shutdown()

    def _run(self) -> None:
        arn = ""
        while not self.stopping.is_set():
            if not self._slots.acquire(timeout=_WAIT_S):
                continue
            batch: list[Message] = []
            try:
                arn = arn or self._arn()
                batch = self._gather()
            except (BotoCoreError, ClientError) as error:
                self._log(self._source.queue, f"[ERROR] cannot be polled: {error}")
                self.stopping.wait(_PAUSE_S)
            if batch:
                self._workers.submit(self._process, batch, arn)
            else:
                self._slots.release()

    def _gather(self) -> list[Message]:
        batch: list[Message] = []
        end = time.monotonic() + self._source.window_s
        while not self.stopping.is_set():
            batch += self._receive(min(self._source.batch_size - len(batch), _RECEIVE_LIMIT))
            if len(batch) >= self._source.batch_size or time.monotonic() >= end:
                break
        return batch

    def _receive(self, count: int) -> list[Message]:
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=count,
            WaitTimeSeconds=_WAIT_S,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages: list[Message] = answer.get("Messages", [])
        return messages

    def _process(self, batch: Sequence[Message], arn: str) -> None:
        try:
            outcome = self._invoke({"Records": [record(message, arn) for message in batch]})
            finished = done(batch, outcome, partial_responses=self._source.partial_responses)
            for message in overtaken(batch, finished):
                self._log(self._source.queue, f"[WARNING] {message['MessageId']} overtook one that failed in its group")
            self._delete(finished)
        except (BotoCoreError, ClientError) as error:
            self._log(self._source.queue, f"[ERROR] messages could not be deleted: {error}")
        finally:
            self._slots.release()

    def _delete(self, messages: Sequence[Message]) -> None:
        for start in range(0, len(messages), _RECEIVE_LIMIT):
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                for index, message in enumerate(messages[start : start + _RECEIVE_LIMIT])
            ]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _arn(self) -> str:
        answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])


def record(message: Message, arn: str) -> dict[str, Any]:
    """A message as Lambda hands it over."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": AWS_REGION,
    }


def done(batch: Sequence[Message], outcome: Outcome, *, partial_responses: bool) -> list[Message]:
    """The messages that may be deleted after this outcome."""
    if not outcome.ok:
        return []
    failed = reported(outcome.payload) if partial_responses else set()
    known = {message["MessageId"] for message in batch}
    if failed is None or not failed <= known:
        return []  # an answer that Lambda cannot read counts as a failed batch
    return [message for message in batch if message["MessageId"] not in failed]


def overtaken(batch: Sequence[Message], finished: Sequence[Message]) -> Iterator[Message]:
    """The finished messages of a group that stand behind one that is not: there, the group's order is lost."""
    held: set[str] = set()
    for message in batch:
        group = message.get("Attributes", {}).get("MessageGroupId")
        if group and message not in finished:
            held.add(group)
        elif group in held:
            yield message


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return attribute
