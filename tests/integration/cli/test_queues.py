"""`twilio-bridge queues resend` against DynamoDB and SQS as moto has them (redrive: contract/aws/test_redrive)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from tests.contract.tables import REGION, SYNC_STATE, Aws
from tests.integration.cli.conftest import Run
from tests.integration.cli.workspace import make_tables
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.support.persons.person import TimelineEvent

PERSON = "1f0c2d3e4f5061728394a5b6c7d8e9f0"
KEYS = {"requested": "refused", "resolved": "refused", "rated": "sent"}


@dataclass(frozen=True)
class Refused:
    """A person of whom Brevo has refused two events and taken one, and the queue to Brevo."""

    persons: DynamoPersons
    queue_url: str

    def statuses(self) -> dict[str, str]:
        dossier = self.persons.load_dossier(PERSON)
        return {event.key: event.status for event in dossier.events} if dossier else {}

    def queued(self) -> list[str]:
        received = sqs().receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"])["person"] for message in received.get("Messages", [])]

    def command(self, *words: str) -> tuple[str, ...]:
        return "queues", "resend", *words, "--table", SYNC_STATE, "--queue", self.queue_url


def sqs() -> Any:
    """Return a client as the command makes one; moto takes the region from the signature."""
    return boto3.client("sqs", region_name=REGION)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refused]:
    monkeypatch.setenv("AWS_REGION", REGION)
    with make_tables(monkeypatch) as made:
        yield Refused(fill(made), sqs().create_queue(QueueName="to-brevo")["QueueUrl"])


def fill(made: Aws) -> DynamoPersons:
    persons = DynamoPersons(Table(made.client, SYNC_STATE))
    for key, status in KEYS.items():
        persons.put_event(PERSON, TimelineEvent(key=key, name="SUPPORT_REQUESTED", at=1, version=1))
        assert persons.mark_event(PERSON, key, "sending", 1)
        assert persons.mark_event(PERSON, key, "refused" if status == "refused" else "sent", 1)
    return persons


def test_what_was_refused_is_sent_again(run: Run, refused: Refused) -> None:
    """It waits again, its person is queued once, and what Brevo has stays; then there is nothing to do."""
    result = run(*refused.command(PERSON))
    assert (0, "2 events are sent again.\n") == (result.exit_code, result.stdout)
    assert {"requested": "pending", "resolved": "pending", "rated": "sent"} == refused.statuses()
    assert [PERSON] == refused.queued()

    again = run(*refused.command(PERSON, "--json"))
    assert (0, {"person": PERSON, "events": []}) == (again.exit_code, json.loads(again.stdout))
    assert [] == refused.queued()


def test_where_the_queue_is_gone_the_sweep_finds_the_person(run: Run, refused: Refused) -> None:
    """The error names the remedy; what waits already is in the index of the overdue."""
    gone = refused.queue_url.replace("to-brevo", "elsewhere")
    result = run("queues", "resend", PERSON, "--table", SYNC_STATE, "--queue", gone)
    assert 4 == result.exit_code, result.output
    assert "Not all events are queued" in result.stderr
    assert [PERSON] == [each.id for each in refused.persons.find_overdue(2**53)]


def test_nobody_has_the_id(run: Run, refused: Refused) -> None:
    """An error with its remedy, and nothing is queued."""
    result = run(*refused.command("0" * 32))
    assert (1, True) == (result.exit_code, "persons show WHO" in result.stderr)
    assert [] == refused.queued()
