"""Rows that wait for their turn in SendQueue."""

import json
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.queues import MAX_DELAY_S

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsHeldSends:
    """The port HeldSends."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def hold_send(self, campaign_id: str, number: int, stage: int, turn_at: int, delay_s: int) -> None:
        """Send the row's message again, with its turn."""
        body = {"campaign": campaign_id, "row": str(number), "stage": stage, "turn_at": turn_at}
        delay = min(max(delay_s, 0), MAX_DELAY_S)
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(body), DelaySeconds=delay)
        except clients.FAILURES as error:
            raise clients.unavailable("sqs", error) from error
