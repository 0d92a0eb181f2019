"""What other functions are to do is queued, and nothing of it is lost."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.contract.tables import aws_client
from tests.fakes.base import FakeOutbox
from twilio_bridge.adapters.aws.batches import RESEND
from twilio_bridge.adapters.aws.queues import SqsOutbox
from twilio_bridge.errors import UnavailableError
from twilio_bridge.ports import Outbox

NUMBER = "+447900000012"
FIFO = {"FifoQueue": "true", "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
FAILURES = [
    ClientError({"Error": {"Code": "ThrottlingException", "Message": NUMBER}}, "SendMessageBatch"),
    ReadTimeoutError(endpoint_url="https://sqs.example.com"),
]


def sqs() -> Any:
    return aws_client("sqs")


class Queues:
    """The three queues, as the template has them."""

    def __init__(self) -> None:
        self.brevo = sqs().create_queue(QueueName="BrevoQueue.fifo", Attributes=FIFO)["QueueUrl"]
        self.sync = sqs().create_queue(QueueName="SyncQueue")["QueueUrl"]
        self.enrich = tuple(sqs().create_queue(QueueName=name)["QueueUrl"] for name in ("EnrichUrgent", "Enrich"))
        self.airtable = sqs().create_queue(QueueName="AirtableQueue")["QueueUrl"]
        self.outbox = self.outbox_of(sqs())

    def outbox_of(self, client: Any) -> SqsOutbox:
        return SqsOutbox(
            client,
            airtable_queue_url=self.airtable,
            brevo_queue_url=self.brevo,
            sync_queue_url=self.sync,
            enrich_queue_urls=(self.enrich[0], self.enrich[1]),
        )

    def messages(self, url: str) -> list[tuple[Any, str]]:
        """Take all messages out: their bodies and groups."""
        found: list[tuple[Any, str]] = []
        while True:
            answer = sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])
            if "Messages" not in answer:
                return found
            for message in answer["Messages"]:
                sqs().delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append((json.loads(message["Body"]), message["Attributes"].get("MessageGroupId", "")))


@pytest.fixture
def queues(request: pytest.FixtureRequest) -> Queues:
    request.getfixturevalue("aws")
    return Queues()


Said = Callable[[], tuple[list[str], list[str], list[str]]]


@pytest.fixture(params=["memory", "sqs"])
def told(request: pytest.FixtureRequest) -> tuple[Outbox, Said]:
    """Return the port, and what it was told: persons, addresses and tests."""
    if request.param == "memory":
        memory = FakeOutbox()
        return memory, lambda: (memory.persons, memory.for_brevo, memory.test_ids)
    queues: Queues = request.getfixturevalue("queues")

    def said() -> tuple[list[str], list[str], list[str]]:
        brevo = [body for body, _ in queues.messages(queues.brevo)]
        persons, addresses = ([body[name] for body in brevo if name in body] for name in ("person", "address"))
        return persons, addresses, [body["test_id"] for body, _ in queues.messages(queues.sync)]

    return queues.outbox, said


def test_each_is_queued(told: tuple[Outbox, Said]) -> None:
    """Persons once a call and in order, addresses and tests as they come."""
    outbox, said = told
    outbox.enqueue_brevo_delivery(["p2", "p1", "p2"])
    outbox.enqueue_brevo_opt_out(NUMBER)
    outbox.enqueue_sink_validation("test 1")
    outbox.enqueue_brevo_delivery([])
    persons, addresses, tests = said()
    assert (["p1", "p2"], [NUMBER], ["test 1"]) == (sorted(persons), addresses, tests)


def test_the_same_again_is_another_message(told: tuple[Outbox, Said]) -> None:
    """The first one may be being worked on just now, and then the news would wait for ever."""
    outbox, said = told
    for _ in range(3):
        outbox.enqueue_brevo_delivery(["p1"])
        outbox.enqueue_brevo_opt_out(NUMBER)
    assert (["p1"] * 3, [NUMBER] * 3, []) == said()


def test_an_opt_out_goes_to_brevo_and_airtable(queues: Queues) -> None:
    """Each in its own queue, Brevo's behind what waits for the same address."""
    queues.outbox.enqueue_brevo_opt_out(NUMBER)
    queues.outbox.enqueue_airtable_opt_out(NUMBER)
    assert [({"address": NUMBER}, NUMBER)] == queues.messages(queues.brevo)
    assert [{"address": NUMBER}] == [body for body, _ in queues.messages(queues.airtable)]


@pytest.mark.parametrize("address", ['chat "smith"\n😀', "x" * 200, NUMBER])
def test_groups_are_what_sqs_takes(queues: Queues, address: str) -> None:
    """128 characters without blanks; whatever the address, its messages stay in one group."""
    queues.outbox.enqueue_brevo_opt_out(address)
    queues.outbox.enqueue_brevo_opt_out(address)
    (one, group), other = queues.messages(queues.brevo)
    assert ({"address": address}, (one, group)) == (one, other)
    assert group.isascii()
    assert group.isprintable()
    assert " " not in group
    assert 1 <= len(group) <= 128


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (10, 1), (11, 2), (95, 10)])
def test_persons_go_ten_a_request(queues: Queues, count: int, requests: int) -> None:
    """Each has a group of their own, so that one does not wait for another."""
    client: Any = Client(sqs())
    queues.outbox_of(client).enqueue_brevo_delivery(f"p{number}" for number in range(count))
    assert requests == len(client.batches)
    messages = queues.messages(queues.brevo)
    assert sorted(f"p{number}" for number in range(count)) == sorted(body["person"] for body, _ in messages)
    assert all(group == body["person"] for body, group in messages)


class Client:
    """A client that keeps what it is asked to send, and refuses messages where it is told to."""

    def __init__(self, client: Any, refusals: int = 0) -> None:
        self._client = client
        self._refusals = refusals
        self.batches: list[list[str]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803  AWS's own name
        self.batches.append([json.loads(entry["MessageBody"])["person"] for entry in Entries])
        refused = Entries[::2] if self._refusals > 0 else []
        self._refusals -= 1
        taken = [entry for entry in Entries if entry not in refused]
        if taken:
            self._client.send_message_batch(QueueUrl=QueueUrl, Entries=taken)
        return {"Failed": [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in refused]}


def test_what_was_refused_is_sent_again(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    """And only that."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    client: Any = Client(sqs(), refusals=2)
    queues.outbox_of(client).enqueue_brevo_delivery(["p1", "p2", "p3", "p4", "p5"])
    assert [["p1", "p2", "p3", "p4", "p5"], ["p1", "p3", "p5"], ["p1", "p5"]] == client.batches
    assert ["p1", "p2", "p3", "p4", "p5"] == sorted(body["person"] for body, _ in queues.messages(queues.brevo))


def test_what_is_refused_for_good_is_an_error(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the batch comes again."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    client: Any = Client(sqs(), refusals=99)
    with pytest.raises(UnavailableError):
        queues.outbox_of(client).enqueue_brevo_delivery(["p1"])
    assert RESEND.attempts == len(client.batches)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_queue_that_fails_is_unavailable(failure: Exception) -> None:
    """There is one error, and it names nobody."""

    class Broken:
        def __getattr__(self, _name: str) -> Callable[..., Any]:
            def fail(**_request: object) -> Any:
                raise failure

            return fail

    client: Any = Broken()
    outbox = SqsOutbox(client, airtable_queue_url="airtable", brevo_queue_url="brevo", sync_queue_url="sync")
    uses: list[Callable[[], None]] = [
        lambda: outbox.enqueue_brevo_delivery(["p1"]),
        lambda: outbox.enqueue_brevo_opt_out(NUMBER),
        lambda: outbox.enqueue_sink_validation("test 1"),
    ]
    for use in uses:
        with pytest.raises(UnavailableError) as raised:
            use()
        assert NUMBER not in str(raised.value)


@pytest.mark.parametrize("part", ["airtable", "brevo"])
def test_nothing_is_queued_for_a_part_that_is_not_deployed(queues: Queues, part: str) -> None:
    """A queue without a URL takes nothing; the other one works as before."""
    urls = {"airtable": queues.airtable, "brevo": queues.brevo, part: ""}
    outbox = SqsOutbox(sqs(), airtable_queue_url=urls["airtable"], brevo_queue_url=urls["brevo"])

    outbox.enqueue_airtable_opt_out(NUMBER)
    outbox.enqueue_brevo_opt_out(NUMBER)
    outbox.enqueue_brevo_delivery(["p1"])

    expected = {"airtable": 1, "brevo": 2, part: 0}
    assert expected == {"airtable": len(queues.messages(queues.airtable)), "brevo": len(queues.messages(queues.brevo))}


def test_tasks_that_end_have_a_queue_of_their_own(queues: Queues) -> None:
    """All of them arrive, also where they are more than a request takes and longer than usual."""
    text = json.dumps({"name": "é" * 4_000}, ensure_ascii=False)
    urgent = [{"task_sid": f"WT{number:032}", "attributes": text} for number in range(23)]
    queues.outbox.enqueue_enrichment(urgent, [{"task_sid": "WT1"}])
    bodies = [body for body, _ in queues.messages(queues.enrich[0])]
    assert sorted(bodies, key=lambda body: body["task_sid"]) == urgent
    assert [body for body, _ in queues.messages(queues.enrich[1])] == [{"task_sid": "WT1"}]
    queues.outbox.enqueue_enrichment([], [])
