"""Rows are queued ten a request, and what a queue did not take is sent again."""

import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.contract.tables import Aws, aws_client
from twilio_bridge.adapters.aws.batches import RESEND
from twilio_bridge.adapters.aws.message_queues import LambdaContinuation, SqsMessageQueues
from twilio_bridge.errors import UnavailableError


class Partly:
    """A queue that first takes every other message."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.batches: list[int] = []

    def send_message_batch(self, **request: Any) -> Any:
        self.batches.append(len(request["Entries"]))
        if len(self.batches) > 1:
            return self._client.send_message_batch(**request)
        request["Entries"], left = request["Entries"][::2], request["Entries"][1::2]
        return self._client.send_message_batch(**request) | {"Failed": [{"Id": each["Id"]} for each in left]}


@pytest.fixture
def urls(aws: Aws) -> tuple[str, str]:
    assert aws
    sqs = aws_client("sqs")
    return sqs.create_queue(QueueName="Send")["QueueUrl"], sqs.create_queue(QueueName="Poll")["QueueUrl"]


def bodies(url: str) -> list[tuple[str, str]]:
    found = []
    while messages := aws_client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return sorted((each["campaign"], each["row"]) for each in found)


def test_each_row_is_a_message_of_its_queue(urls: tuple[str, str]) -> None:
    """Once, however often it is named."""
    queues = SqsMessageQueues(aws_client("sqs"), send_queue_url=urls[0], poll_queue_url=urls[1])
    queues.enqueue_sends("spring", [*range(1, 26), 1])
    queues.enqueue_polls("spring", [7])
    queues.enqueue_polls("spring", [])

    assert bodies(urls[0]) == sorted(("spring", str(n)) for n in range(1, 26))
    assert bodies(urls[1]) == [("spring", "7")]


def test_what_was_not_taken_is_sent_again(urls: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And only that."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    client = Partly(aws_client("sqs"))
    made: Any = client
    SqsMessageQueues(made, send_queue_url=urls[0], poll_queue_url=urls[1]).enqueue_sends("spring", range(1, 11))

    assert (client.batches, len(bodies(urls[0]))) == ([10, 5], 10)
    assert RESEND.attempts > 1


@pytest.mark.parametrize(("asked", "delay"), [(-5, 0), (30, 30), (5_000, 900)])
def test_a_delay_is_one_that_sqs_takes(urls: tuple[str, str], asked: int, delay: int) -> None:
    """From nothing to a quarter of an hour."""
    seen: list[int] = []

    class Client:
        def send_message_batch(self, **request: Any) -> Any:
            seen.extend(entry["DelaySeconds"] for entry in request["Entries"])
            return {}

    made: Any = Client()
    SqsMessageQueues(made, send_queue_url=urls[0], poll_queue_url=urls[1]).enqueue_polls("spring", [1], asked)
    assert seen == [delay]


def test_failures_are_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQS's, and Lambda's."""
    monkeypatch.setattr("time.sleep", lambda _: None)

    class Away:
        def __getattr__(self, name: str) -> Any:
            def fail(**_request: Any) -> Any:
                raise ReadTimeoutError(endpoint_url=f"https://{name}.example.com")

            return fail

    away: Any = Away()
    with pytest.raises(UnavailableError):
        SqsMessageQueues(away, send_queue_url="", poll_queue_url="").enqueue_sends("spring", [1])
    with pytest.raises(UnavailableError):
        LambdaContinuation(lambda: away, "Campaigns").request_planning("spring")
