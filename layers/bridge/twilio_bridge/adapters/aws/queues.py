"""SQS queues and Lambda's asynchronous invocations: work handed on."""

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.batches import send_batch, split_into
from twilio_bridge.errors import UnavailableError
from twilio_bridge.ports import Notes
from twilio_bridge.sync.slices import Slice

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# A started refresh is given this long to show before another is asked for.
ASK_AGAIN_S = 30
MAX_DELAY_S = 900
MAX_MESSAGES_PER_BATCH = 10
ASKED = "refresh asked"
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatchRequestEntry.html
GROUP = re.compile(r"[!-~]{1,128}")


class SqsOutbox:
    """The port Outbox; Brevo's queue is FIFO, with a message group for each person and each address.

    A queue without a URL belongs to a part of the bundle that is not deployed: nothing is queued there.
    """

    def __init__(
        self,
        client: "SQSClient",
        *,
        airtable_queue_url: str,
        brevo_queue_url: str,
        sync_queue_url: str = "",
        enrich_queue_urls: tuple[str, str] = ("", ""),
    ) -> None:
        self._client = client
        self._airtable_queue_url = airtable_queue_url
        self._brevo_queue_url = brevo_queue_url
        self._sync_queue_url = sync_queue_url
        self._enrich_queue_urls = enrich_queue_urls

    def enqueue_airtable_opt_out(self, address: str) -> None:
        """Queue an address for Airtable."""
        if self._airtable_queue_url:
            self._send(self._airtable_queue_url, {"address": address})

    def enqueue_brevo_opt_out(self, address: str) -> None:
        """Queue an address for Brevo, behind what waits for the same one."""
        if self._brevo_queue_url:
            self._send_batch(self._brevo_queue_url, [_message(address, {"address": address})])

    def enqueue_brevo_delivery(self, person_ids: Iterable[str]) -> None:
        """Queue a message for each person, ten a request."""
        messages = (_message(person_id, {"person": person_id}) for person_id in dict.fromkeys(person_ids))
        if self._brevo_queue_url:
            for batch in split_into(messages, MAX_MESSAGES_PER_BATCH):
                self._send_batch(self._brevo_queue_url, batch)

    def enqueue_enrichment(self, urgent: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> None:
        """Queue a message for each task, ten a request."""
        for queue_url, messages in zip(self._enrich_queue_urls, (urgent, others), strict=True):
            bodies = (json.dumps(message, ensure_ascii=False) for message in messages)
            for batch in split_into(bodies, MAX_MESSAGES_PER_BATCH):
                entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(batch)]
                self._send_batch(queue_url, entries)  # type: ignore[arg-type]  # what its stub calls an entry

    def enqueue_sink_validation(self, test_id: str) -> None:
        """Queue a test's id."""
        self._send(self._sync_queue_url, {"test_id": test_id})

    def _send(self, queue_url: str, body: Mapping[str, str]) -> None:
        try:
            self._client.send_message(QueueUrl=queue_url, MessageBody=json.dumps(body))
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error

    def _send_batch(self, queue_url: str, messages: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> None:
        """Send messages; one that is there twice costs a look at the person or task, and no more."""

        def send(
            waiting: "Sequence[SendMessageBatchRequestEntryTypeDef]",
        ) -> "list[SendMessageBatchRequestEntryTypeDef]":
            try:
                answer = self._client.send_message_batch(QueueUrl=queue_url, Entries=waiting)
            except clients.FAILURES as error:
                raise clients.unavailable("sqs", error) from error
            refused = {entry["Id"] for entry in answer.get("Failed", [])}
            return [message for message in waiting if message["Id"] in refused]

        send_batch("sqs", messages, send)


def _message(group: str, body: Mapping[str, str]) -> "SendMessageBatchRequestEntryTypeDef":
    """Return a message with an id of its own: another one with the same body may just be being worked on."""
    own = uuid.uuid4().hex
    return {
        "Id": own,
        "MessageBody": json.dumps(body),
        "MessageGroupId": group_of(group),
        "MessageDeduplicationId": own,
    }


def group_of(name: str) -> str:
    """Return a name as SQS takes it for a message group."""
    return name if GROUP.fullmatch(name) else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


class SqsQueue:
    """A queue as its consumer sees it."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def try_again(self, receipt: str, seconds: float) -> None:
        """Hide a message that failed for a while."""
        delay = int(min(max(seconds, 1), MAX_DELAY_S))
        try:
            self._client.change_message_visibility(
                QueueUrl=self._queue_url, ReceiptHandle=receipt, VisibilityTimeout=delay
            )
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error


class SliceQueue(SqsQueue):
    """The port Wakeups: a message names a slice, whose state stands in SyncState."""

    def wake(self, slices: Iterable[Slice]) -> None:
        """Send a message a slice, ten a request."""
        messages = ({"run": each.run, "slice": each.name} for each in slices)
        for batch in split_into(messages, MAX_MESSAGES_PER_BATCH):
            entries = [{"Id": str(number), "MessageBody": json.dumps(body)} for number, body in enumerate(batch)]
            send_batch("sqs", entries, self._send)

    def _send(self, waiting: Sequence[Any]) -> list[Any]:
        try:
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=waiting)
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error
        refused = {entry["Id"] for entry in answer.get("Failed", [])}
        return [entry for entry in waiting if entry["Id"] in refused]


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
