"""A SyncState that the version before persons could be corrected has written is carried over.

`former_sync_state.json.gz` was made by that version (commit 1beec14): the first part of a made-up day, reduced and
delivered; with what Brevo had then, and the events that had come and that were to come.
"""

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.dynamodb import LockedDictionary
from tests.fakes.marketing_contacts import FakeMarketingContacts
from tests.fakes.support import FakeQuarantine
from tests.unit.support.job import SETTINGS, Metrics
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.facts import DynamoFacts
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.adapters.state.identities import DynamoIdentities
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.support.brevo.brevo_delivery import DeliveryDeps, deliver_person
from twilio_bridge.support.daily_figures import sum_queues
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.ports import MarketingContact
from twilio_bridge.support.reducer import Record, ReducerDeps, reduce_records

FILE = Path(__file__).parent / "former_sync_state.json.gz"
DAY, DAY_MS = 1_772_409_600_000, 86_400_000
DAYS = ("2026-03-02", "2026-03-03")
NUMBERS = ("SUPPORT_TICKET_COUNT", "CSAT_SCORE", "LAST_SUPPORT_DATE")


class Office:
    """This version over the former one's table and contacts."""

    def __init__(self, table: Table, former: dict[str, Any]) -> None:
        self.outbox, self.opt_outs = FakeOutbox(), FakeOptOuts()
        self.persons, self.figures = DynamoPersons(table), DynamoFigures(table)
        self.crm = FakeMarketingContacts(contacts_of(former), timeline_of(former), last_id=1_000)
        self.deps = ReducerDeps(
            facts=DynamoFacts(table),
            identities=DynamoIdentities(table),
            persons=self.persons,
            figures=self.figures,
            quarantine=FakeQuarantine(),
            outbox=self.outbox,
            opt_outs=self.opt_outs,
            metrics=Metrics(),
            lookup=lambda _number: [],
            settings=SETTINGS,
        )

    def take_in(self, events: Sequence[Any]) -> None:
        """Reduce events and deliver whatever is new, a day later."""
        records = [Record(str(number), json.dumps(each).encode(), DAY) for number, each in enumerate(events)]
        for place in range(0, len(records), 20):
            assert set() == reduce_records(records[place : place + 20], self.deps, DAY + 2 * DAY_MS).failed
        ports = DeliveryDeps(
            persons=self.persons, crm=self.crm, opt_outs=self.opt_outs, outbox=self.outbox, settings=SETTINGS
        )
        for _ in range(5):
            waiting = list(dict.fromkeys(self.outbox.persons))
            self.outbox.persons.clear()
            for person_id in waiting:
                deliver_person(person_id, ports, DAY + 4 * DAY_MS)

    def numbers(self) -> dict[int, dict[str, Any]]:
        """Return each contact's numbers."""
        return {
            number: {name: contact.attributes[name] for name in NUMBERS if name in contact.attributes}
            for number, contact in self.crm.contacts.items()
        }

    def queues(self) -> dict[Any, dict[str, Any]]:
        """Return the queues' figures."""
        return sum_queues(row for day in DAYS for row in self.figures.read_day(day))


def contacts_of(former: dict[str, Any]) -> dict[int, MarketingContact]:
    contacts = {}
    for number, told in former["contacts"].items():
        attributes = {
            name: date.fromisoformat(value["date"]) if isinstance(value, dict) else value
            for name, value in told["attributes"].items()
        }
        contacts[int(number)] = MarketingContact(**{**told, "attributes": attributes}, opted_out=False)
    return contacts


def timeline_of(former: dict[str, Any]) -> list[tuple[int, TimelineEvent]]:
    return [(number, TimelineEvent(key=key, name=name, at=0, version=0)) for number, key, name in former["timeline"]]


@pytest.fixture(scope="module", name="former")
def _former() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()))
    return found


def former_table(aws: Aws, former: dict[str, Any]) -> Table:
    for item in former["items"]:
        aws.client.put_item(TableName=SYNC_STATE, Item=item)
    return aws.table(SYNC_STATE)


def test_a_replay_changes_nothing(aws: Aws, former: dict[str, Any]) -> None:
    """The events that had come, again: nobody is told twice, no number falls, no figure changes."""
    office = Office(former_table(aws, former), former)
    before, figures = office.numbers(), office.queues()
    assert sum(len(numbers) for numbers in before.values()) > len(before)
    office.take_in(former["first"])
    assert_carried_over(office, before)
    assert counts(figures) == counts(office.queues())


def test_the_day_goes_on(aws: Aws, former: dict[str, Any]) -> None:
    """With the events that were to come: each stands on a timeline once, and everybody has the tickets of the day."""
    office = Office(former_table(aws, former), former)
    before = office.numbers()
    office.take_in(former["rest"])
    assert_carried_over(office, before)
    calm = Office(LockedDictionary().table, {"contacts": {}, "timeline": []})
    calm.take_in([*former["first"], *former["rest"]])
    assert tickets(calm) == tickets(office)
    assert {name for _, name in keys(calm)} == {name for _, name in keys(office)}


def assert_carried_over(office: Office, before: dict[int, dict[str, Any]]) -> None:
    assert {1} == set(Counter(event.key for _, event in office.crm.timeline).values())
    after = office.numbers()
    for number, numbers in before.items():
        for name in ("SUPPORT_TICKET_COUNT", "LAST_SUPPORT_DATE"):
            assert after[number].get(name) == numbers.get(name) or after[number][name] > numbers[name]
        assert numbers.keys() <= after[number].keys()


def counts(figures: dict[Any, dict[str, Any]]) -> dict[Any, tuple[Any, ...]]:
    names = ("entered", "accepted", "abandoned", "short_abandons", "expired", "follow_ups", "csat_answers")
    return {place: tuple(values[name] for name in names) for place, values in figures.items()}


def tickets(office: Office) -> dict[str, Any]:
    """Return tickets by what both versions write: this one leaves an ext_id that is not mapped alone."""
    contacts = office.crm.contacts.values()
    return {each.email or each.phone: each.attributes.get("SUPPORT_TICKET_COUNT") for each in contacts}


def keys(office: Office) -> set[tuple[str, str]]:
    return {(event.key, event.name) for _, event in office.crm.timeline}
