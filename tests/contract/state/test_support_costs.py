"""What support events cost in DynamoDB, all stores together, as AWS would bill it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.contract.units import Metered
from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.support import FakeQuarantine
from tests.unit.support import tasks
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.facts import DynamoFacts
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.adapters.state.identities import DynamoIdentities
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge.support.reducer import Record, ReducerDeps, reduce_records

Lives = list[list[dict[str, Any]]]
MAX_REQUESTS, MAX_WRITE_UNITS = 0.7, 4.5
# The rows of a batch take as many transactions: persons' and figures'.
ROWS = 2


class Unseen:
    """The port Metrics, which costs nothing here."""

    def count(self, row: FigureRow) -> None:
        pass

    def measure_overdue(self, _seconds: int) -> None:
        """Show nothing."""


@dataclass
class Office:
    """The reducer over counted stores."""

    client: Any

    def take_in(self, events: Sequence[object]) -> tuple[float, float]:
        """Return what a batch costs an event: requests and write units."""
        self.client.requests.clear()
        self.client.written = 0
        table = Table(self.client, SYNC_STATE)
        work = ReducerDeps(
            facts=DynamoFacts(table),
            identities=DynamoIdentities(table),
            persons=DynamoPersons(table),
            figures=DynamoFigures(table),
            quarantine=FakeQuarantine(),
            outbox=FakeOutbox(),
            opt_outs=FakeOptOuts(),
            metrics=Unseen(),
            lookup=lambda number: [Contact(id=f"rec{number[1:]}", sms=number)],
            settings=tasks.SETTINGS,
        )
        records = [Record(f"{place}", json.dumps(event).encode(), tasks.NINE) for place, event in enumerate(events)]
        batch = reduce_records(records, work, tasks.NINE)
        assert (len(events), set()) == (batch.events, batch.failed)
        return self.client.requests.total() / len(events), self.client.written / len(events)


@pytest.fixture
def office(aws: Aws) -> Office:
    return Office(Metered(aws.client))


def lives(first_task: int, first_person: int = 0, count: int = 20) -> Lives:
    """Return whole lives of tasks, each of a person of their own."""
    return [life(first_task + number, first_person + number) for number in range(count)]


def life(task: int, person: int) -> list[dict[str, Any]]:
    number = f"+4479000{person:05}"
    told = {
        "from": number,
        "customerAddress": number,
        "channelType": "voice",
        "direction": "inbound",
        "name": "Amara Diallo",
        "customers": {"email": f"p{person}@example.com"},
        "conversations": {"queue": "Support"},
    }
    return tasks.answered(told, sid=f"WT{task:032}")


def test_a_batch_keeps_to_its_budget(office: Office) -> None:
    """A hundred events of twenty tasks: half a request and four write units an event, new persons included."""
    new, again = lives(0), lives(100)
    batches = [[event for each in some for event in each[:5]] for some in (new, again)]
    batches += [[event for each in some for event in each[5:]] for some in (new, again)]
    costs = [office.take_in(batch) for batch in [*batches, batches[0]]]
    assert all(requests <= MAX_REQUESTS for requests, _ in costs), costs
    assert all(units <= MAX_WRITE_UNITS for _, units in costs[:-1]), costs
    assert costs[-1][1] <= 1.5 * MAX_WRITE_UNITS  # of a repetition every row is tried again, in two transactions


def test_new_persons_cost_one_transaction(office: Office) -> None:
    """And known ones none; nobody is read one by one."""
    office.take_in([event for each in lives(0) for event in each[:5]])
    assert (20 + ROWS, 3) == (office.client.requests["transact_write_items"], office.client.requests["batch_get_item"])
    office.take_in([event for each in lives(0) for event in each[5:]])
    assert (ROWS, 2) == (office.client.requests["transact_write_items"], office.client.requests["batch_get_item"])
    assert 0 == office.client.requests["get_item"]


def test_single_events_keep_to_twice_the_budget(office: Office) -> None:
    """Where every event comes in a batch of its own, the life of a new person's task costs less than twice as much."""
    costs = [office.take_in([event]) for event in life(0, 0)]
    assert sum(requests for requests, _ in costs) / len(costs) <= 5.5
    assert sum(units for _, units in costs) / len(costs) <= 8
