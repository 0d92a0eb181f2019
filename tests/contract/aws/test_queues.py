"""What is handed on: opt-outs to a queue, a refresh to its function."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.contract.tables import CONTACT_CACHE, Aws, Time, aws_client
from tests.fakes.base import FakeOutbox, FakeRefresh
from twilio_bridge.adapters.aws.queues import ASK_AGAIN_S, LambdaRefresh, SqsOutbox, SqsQueue
from twilio_bridge.adapters.state.leases_notes import DynamoNotes
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


Said = Callable[[], tuple[list[str], list[str]]]


@pytest.fixture(params=["memory", "sqs"])
def told(request: pytest.FixtureRequest) -> tuple[Outbox, Said]:
    """Return the port, and which addresses it was told: for Airtable, and for Brevo."""
    if request.param == "memory":
        memory = FakeOutbox()
        return memory, lambda: (memory.addresses, memory.for_brevo)
    request.getfixturevalue("aws")
    airtable = sqs().create_queue(QueueName="AirtableQueue")["QueueUrl"]
    brevo = sqs().create_queue(QueueName="BrevoQueue.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    return SqsOutbox(sqs(), airtable_queue_url=airtable, brevo_queue_url=brevo), lambda: (
        addresses(airtable),
        addresses(brevo),
    )


def addresses(url: str) -> list[str]:
    """Return what waits in a queue: messages of an address and nothing else."""
    messages = sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [body.pop("address") for message in messages if (body := json.loads(message["Body"])) and len(body) == 1]


@pytest.mark.parametrize("address", [NUMBER, 'chat "smith"\n😀'])
def test_an_address_is_queued_once(told: tuple[Outbox, Said], address: str) -> None:
    """Each telling is one message with the address alone, in the queue of the one who is to be told."""
    outbox, said = told
    outbox.enqueue_airtable_opt_out(address)
    outbox.enqueue_brevo_opt_out(address)
    outbox.enqueue_brevo_opt_out(address)
    assert ([address], [address] * 2) == said()


@pytest.mark.usefixtures("aws")
def test_a_failed_message_is_hidden_for_a_while() -> None:
    """It is not seen again before its time."""
    url = sqs().create_queue(QueueName="AirtableQueue", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
    outbox = SqsOutbox(sqs(), airtable_queue_url=url, brevo_queue_url="")
    outbox.enqueue_airtable_opt_out(NUMBER)
    receipt = sqs().receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    SqsQueue(sqs(), url).try_again(receipt, 600)
    assert "Messages" not in sqs().receive_message(QueueUrl=url)


@pytest.mark.parametrize(("wanted", "given"), [(-5, 1), (0, 1), (1.9, 1), (30, 30), (10_000, 900), (float("inf"), 900)])
def test_delays_are_what_sqs_takes(wanted: float, given: int) -> None:
    """Whole seconds, from one to fifteen minutes."""
    client: Any = Client()
    SqsQueue(client, "url").try_again("receipt", wanted)
    assert [{"QueueUrl": "url", "ReceiptHandle": "receipt", "VisibilityTimeout": given}] == client.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_queue_that_fails_is_unavailable(failure: Exception) -> None:
    """There is one error, and it names nobody."""
    client: Any = Client(failure)
    queue = SqsQueue(client, "url")
    uses: list[Callable[[], None]] = [
        lambda: SqsOutbox(client, airtable_queue_url="url", brevo_queue_url="brevo").enqueue_airtable_opt_out(NUMBER),
        lambda: SqsOutbox(client, airtable_queue_url="url", brevo_queue_url="brevo").enqueue_brevo_opt_out(NUMBER),
        lambda: queue.try_again("receipt", 5),
    ]
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
        SqsOutbox(sqs(), airtable_queue_url=url, brevo_queue_url="").enqueue_airtable_opt_out(NUMBER)


def test_a_refresh_is_counted_in_memory() -> None:
    """Every asking counts."""
    refresh = FakeRefresh()
    refresh.request_refresh()
    refresh.request_refresh()
    refresh.request_continuation()
    refresh.request_changes()
    assert (2, 1, 1) == (refresh.refreshes, refresh.continuations, refresh.change_reads)


def test_a_refresh_is_asked_for_once_in_a_while(aws: Aws, clock: Time) -> None:
    """Whoever asks, from any instance, the function is invoked once within half a minute, without waiting for it."""
    clock.stop()
    client: Any = Client()
    refreshes = [
        LambdaRefresh(lambda: client, lambda: "RefreshContacts", DynamoNotes(aws.table(CONTACT_CACHE)))
        for _ in range(3)
    ]
    for refresh in refreshes * 2:
        refresh.request_refresh()
    assert [{"FunctionName": "RefreshContacts", "InvocationType": "Event", "Payload": b"{}"}] == client.requests
    clock.pass_(ASK_AGAIN_S + 2)
    refreshes[2].request_refresh()
    assert 2 == len(client.requests)


def test_the_rest_of_a_load_is_asked_for_whoever_has_just_asked(aws: Aws, clock: Time) -> None:
    """Whoever asked may have met the part before it, and then nobody would go on."""
    clock.stop()
    client: Any = Client()
    refresh = LambdaRefresh(lambda: client, lambda: "RefreshContacts", DynamoNotes(aws.table(CONTACT_CACHE)))
    refresh.request_refresh()
    refresh.request_continuation()
    refresh.request_continuation()
    assert [{"FunctionName": "RefreshContacts", "InvocationType": "Event", "Payload": b"{}"}] * 3 == client.requests


def test_each_ping_is_handed_on(aws: Aws, clock: Time) -> None:
    """Whoever asked may have read too early, so nobody is left out."""
    clock.stop()
    client: Any = Client()
    refresh = LambdaRefresh(lambda: client, lambda: "RefreshContacts", DynamoNotes(aws.table(CONTACT_CACHE)))
    refresh.request_changes()
    refresh.request_changes()
    assert [b'{"hear": true}'] * 2 == [request["Payload"] for request in client.requests]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_function_that_cannot_be_invoked_is_unavailable(aws: Aws, failure: Exception) -> None:
    """There is one error."""
    client: Any = Client(failure)
    refresh = LambdaRefresh(lambda: client, lambda: "RefreshContacts", DynamoNotes(aws.table(CONTACT_CACHE)))
    for ask in (refresh.request_refresh, refresh.request_continuation, refresh.request_changes):
        with pytest.raises(UnavailableError):
            ask()
