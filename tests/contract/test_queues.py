"""What is handed on: opt-outs to a queue, a refresh to its function."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.contract.support import CONTACT_CACHE, Aws, Time, aws_client
from twilio_bridge.adapters.memory import MemoryOutbox, MemoryRefresh
from twilio_bridge.adapters.queues import ASK_AGAIN_S, LambdaRefresh, SqsOutbox
from twilio_bridge.adapters.state import DynamoNotes
from twilio_bridge.errors import UnavailableError
from twilio_bridge.ports import Outbox

NUMBER = "+447900000012"
FAILURES = [
    ClientError({"Error": {"Code": "ThrottlingException", "Message": NUMBER}}, "SendMessage"),
    ReadTimeoutError(endpoint_url="https://sqs.example.com"),
]


class Client:
    """A client that writes down what it is asked, and fails where it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.requests: list[dict[str, object]] = []

    def __getattr__(self, _operation: str) -> Callable[..., Any]:
        def call(**request: object) -> dict[str, object]:
            self.requests.append(request)
            if self.failure:
                raise self.failure
            return {}

        return call


def sqs() -> Any:
    return aws_client("sqs")


@pytest.mark.parametrize("kind", ["memory", "sqs"])
@pytest.mark.parametrize("address", [NUMBER, 'chat "smith"\n😀'])
def test_an_address_is_queued_once(kind: str, address: str, request: pytest.FixtureRequest) -> None:
    """Each telling is one message with the address alone."""
    outbox: Outbox
    if kind == "memory":
        outbox = memory = MemoryOutbox()
        outbox.tell_airtable(address)
        assert [address] == memory.addresses
        return
    request.getfixturevalue("aws")
    url = sqs().create_queue(QueueName="AirtableQueue")["QueueUrl"]
    outbox = SqsOutbox(sqs(), url)
    outbox.tell_airtable(address)
    messages = sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [{"address": address}] == [json.loads(message["Body"]) for message in messages]


@pytest.mark.usefixtures("aws")
def test_a_failed_message_is_hidden_for_a_while() -> None:
    """It is not seen again before its time."""
    url = sqs().create_queue(QueueName="AirtableQueue", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    outbox = SqsOutbox(sqs(), url)
    outbox.tell_airtable(NUMBER)
    receipt = sqs().receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    outbox.try_again(receipt, 600)
    assert "Messages" not in sqs().receive_message(QueueUrl=url)


@pytest.mark.parametrize(("wanted", "given"), [(-5, 1), (0, 1), (1.9, 1), (30, 30), (10_000, 900), (float("inf"), 900)])
def test_delays_are_what_sqs_takes(wanted: float, given: int) -> None:
    """Whole seconds, from one to fifteen minutes."""
    client: Any = Client()
    SqsOutbox(client, "url").try_again("receipt", wanted)
    assert [{"QueueUrl": "url", "ReceiptHandle": "receipt", "VisibilityTimeout": given}] == client.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_queue_that_fails_is_unavailable(failure: Exception) -> None:
    """There is one error, and it names nobody."""
    client: Any = Client(failure)
    outbox = SqsOutbox(client, "url")
    uses: list[Callable[[], None]] = [lambda: outbox.tell_airtable(NUMBER), lambda: outbox.try_again("receipt", 5)]
    for use in uses:
        with pytest.raises(UnavailableError) as raised:
            use()
        assert NUMBER not in str(raised.value)


@pytest.mark.usefixtures("aws")
def test_a_queue_that_is_not_there_is_unavailable() -> None:
    """As SQS words it."""
    url = sqs().create_queue(QueueName="AirtableQueue")["QueueUrl"]
    sqs().delete_queue(QueueUrl=url)
    with pytest.raises(UnavailableError):
        SqsOutbox(sqs(), url).tell_airtable(NUMBER)


def test_a_refresh_is_counted_in_memory() -> None:
    """Every asking counts."""
    refresh = MemoryRefresh()
    refresh.start()
    refresh.start()
    assert 2 == refresh.started


def test_a_refresh_is_asked_for_once_in_a_while(aws: Aws, clock: Time) -> None:
    """Whoever asks, from any instance, the function is invoked once within half a minute, without waiting for it."""
    clock.stop()
    client: Any = Client()
    refreshes = [
        LambdaRefresh(lambda: client, lambda: "RefreshContacts", DynamoNotes(aws.table(CONTACT_CACHE)))
        for _ in range(3)
    ]
    for refresh in refreshes * 2:
        refresh.start()
    assert [{"FunctionName": "RefreshContacts", "InvocationType": "Event", "Payload": b"{}"}] == client.requests
    clock.pass_(ASK_AGAIN_S + 2)
    refreshes[2].start()
    assert 2 == len(client.requests)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_function_that_cannot_be_invoked_is_unavailable(aws: Aws, failure: Exception) -> None:
    """There is one error."""
    client: Any = Client(failure)
    refresh = LambdaRefresh(lambda: client, lambda: "RefreshContacts", DynamoNotes(aws.table(CONTACT_CACHE)))
    with pytest.raises(UnavailableError):
        refresh.start()
