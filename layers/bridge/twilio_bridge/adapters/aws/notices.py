"""What is to be done because of events, on queues: Brevo's, in order for each person, and that of other jobs."""

import json
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.queues import group_of
from twilio_bridge.errors import UnavailableError
from twilio_bridge.ports import Outbox

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

MAX_PER_BATCH = 10
# Of a batch some messages may be refused while others are taken.
TRIES, WAIT_S = 3, 0.1


class SqsNotices:
    """The port Notices; what is said at an address goes through the outbox."""

    def __init__(self, client: "SQSClient", brevo_queue_url: str, sync_queue_url: str, outbox: Outbox) -> None:
        self._client = client
        self._brevo_queue_url = brevo_queue_url
        self._sync_queue_url = sync_queue_url
        self._outbox = outbox

    def enqueue_brevo_delivery(self, person_ids: Iterable[str]) -> None:
        """Queue a message for each person, ten a request."""
        messages = [_message(person_id) for person_id in dict.fromkeys(person_ids)]
        for start in range(0, len(messages), MAX_PER_BATCH):
            self._send(messages[start : start + MAX_PER_BATCH])

    def blacklist(self, address: str) -> None:
        """Queue an address for Brevo and for Airtable."""
        self._outbox.enqueue_brevo_delivery(address)
        self._outbox.enqueue_airtable_delivery(address)

    def validate_sink(self, test_id: str) -> None:
        """Queue a test's id."""
        try:
            self._client.send_message(QueueUrl=self._sync_queue_url, MessageBody=json.dumps({"test_id": test_id}))
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error

    def _send(self, messages: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> None:
        """Send messages, those again that were refused; what was taken twice costs a look, and no more."""
        waiting = list(messages)
        for attempt in range(TRIES):
            if attempt:
                time.sleep(WAIT_S * 2**attempt)
            waiting = self._refused(waiting)
            if not waiting:
                return
        raise UnavailableError("sqs", f"{len(waiting)} messages were refused")

    def _refused(
        self, messages: "Sequence[SendMessageBatchRequestEntryTypeDef]"
    ) -> "list[SendMessageBatchRequestEntryTypeDef]":
        try:
            answer = self._client.send_message_batch(QueueUrl=self._brevo_queue_url, Entries=messages)
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error
        failed = {entry["Id"] for entry in answer.get("Failed", [])}
        return [message for message in messages if message["Id"] in failed]


def _message(person_id: str) -> "SendMessageBatchRequestEntryTypeDef":
    """Make a message of its own, though another one may say the same: that one may just be being worked on."""
    own, text = uuid.uuid4().hex, json.dumps({"person": person_id})
    return {"Id": own, "MessageBody": text, "MessageGroupId": group_of(person_id), "MessageDeduplicationId": own}
