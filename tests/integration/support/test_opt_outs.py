"""STOP and START, whichever way they are said, reach everybody: ourselves, Airtable, Brevo and Frontline's messages."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from tests.integration.callbacks.conftest import WORKER, loaded
from tests.integration.support.conftest import Deployment, Event, record, sample
from tests.integration.waiting import patiently, retry_messages
from twilio_bridge_local.credentials import TWILIO_SMS_NUMBER

LATER, EVEN_LATER = "2026-03-02T15:00:00.000Z", "2026-03-02T16:00:00.000Z"


@dataclass(frozen=True)
class Person:
    """Somebody in Airtable and in Brevo, in conversation with a worker."""

    address: str
    record_id: str
    conversation: str
    contact_id: int


@pytest.fixture(scope="module")
def people(deployed: Deployment) -> list[Person]:
    """Three of a worker's customers, who write to them, and whom Brevo knows."""
    deployed.delay_deliveries(1)  # nothing here waits for stragglers
    table = deployed.airtable.base.table("Customers")
    assert table
    numbers = [f"+44790000{number}" for number in range(2001, 2004)]
    cells = [{"name": number, "sms": number, "owner": WORKER} for number in numbers]
    rows = [deployed.airtable.base.create(table, each).id for each in cells]
    outcome = patiently(lambda: deployed.stack.invoke("RefreshContactsFunction", {"whole": True}).payload, loaded, 20)
    assert loaded(outcome), outcome
    return [_met(deployed, *person) for person in zip(numbers, rows, strict=True)]


def _met(deployed: Deployment, address: str, record_id: str) -> Person:
    received = deployed.twilio.receive(address, TWILIO_SMS_NUMBER, "Hello")
    assert received.conversation_sid
    new = replace(deployed.account.new_contact(), attributes={"SMS": address.removeprefix("+")})
    contact = deployed.account.keep(new)
    return Person(address, record_id, received.conversation_sid, contact.id)


def message(name: str, person: Person, at: str, **more: object) -> Event:
    """Return a sample event of Messaging's, as one of this person."""
    event = sample(name, 1)
    whose = "from" if name.startswith("inbound") else "to"
    event["data"] |= {whose: person.address, "timestamp": at, **more}
    return {**event, "time": at, "id": f"EZ{person.contact_id:016}{at[11:13]:>016}"}


def by_event(deployed: Deployment, person: Person, word: str) -> None:
    at = LATER if word == "STOP" else EVEN_LATER
    deployed.put([record(message("inbound-message-received", person, at, body=word, optOutType=word))])


def by_error(deployed: Deployment, person: Person, word: str) -> None:
    """Twilio refuses a message (21610): the person must have said STOP; START they say themselves."""
    if word == "STOP":
        deployed.put([record(message("message-failed", person, LATER))])
    else:
        by_event(deployed, person, word)


def by_hook(deployed: Deployment, person: Person, word: str) -> None:
    deployed.twilio.receive(person.address, TWILIO_SMS_NUMBER, word)


WAYS: list[Callable[[Deployment, Person, str], None]] = [by_event, by_error, by_hook]


def standing(deployed: Deployment, person: Person) -> dict[str, bool]:
    """Return whether this person counts as opted out, for each who has to know."""
    key = {"pk": {"S": f"optout#{person.address}"}, "sk": {"S": "word"}}
    word = deployed.stack.client("dynamodb").get_item(TableName="SyncState", Key=key).get("Item", {})
    table = deployed.airtable.base.table("Customers")
    assert table
    cells = next(row.cells for row in deployed.airtable.base.listed(table) if row.id == person.record_id)
    return {
        "we": bool(word.get("opted_out", {}).get("BOOL")),
        "Airtable": cells.get("opt_out") is True,
        "Brevo": deployed.account.contacts[person.contact_id].sms_blacklisted,
    }


def refusal(deployed: Deployment, person: Person) -> int:
    """Return the status with which a worker's message to this person is refused; 0 where it is published."""
    sent = deployed.twilio.send(person.conversation, WORKER, "Are you there?")
    return sent.refused.status if sent.refused else 0


def test_stop_and_start_reach_everybody(deployed: Deployment, people: list[Person]) -> None:
    """Within ten seconds each knows it, and Frontline's messages are blocked until START has undone it."""
    assert_all(deployed, people, out=False, refused_with=0)
    say(deployed, people, "STOP")
    assert_all(deployed, people, out=True, refused_with=451)
    say(deployed, people, "START")
    assert_all(deployed, people, out=False, refused_with=0)


def say(deployed: Deployment, people: list[Person], word: str) -> None:
    for way, person in zip(WAYS, people, strict=True):
        way(deployed, person, word)


def assert_all(deployed: Deployment, people: list[Person], *, out: bool, refused_with: int) -> None:
    """Check what everybody knows of each person, once they had their time."""
    wanted = [{"we": out, "Airtable": out, "Brevo": out}] * len(people)
    assert wanted == patiently(lambda: [standing(deployed, each) for each in people], wanted.__eq__, 10, retry_messages)
    assert {refused_with} == {refusal(deployed, person) for person in people}
