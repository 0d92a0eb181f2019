"""A person's delivery over real HTTP: what Brevo refuses, loses or limits arrives afterwards, and once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.brevo.adapter import Around, stand_in
from tests.fakes.base import FakeOptOuts
from tests.sizes import size
from tests.unit.support.delivery import (
    MAIL,
    NOW,
    PHONE,
    KeptOutbox,
    KeptPersons,
    dossier,
    event,
    interaction,
    settings,
)
from twilio_bridge.errors import RateLimitedError, RefusedError, UnavailableError
from twilio_bridge.support.brevo.brevo_delivery import Delivered, DeliveryDeps, deliver_person
from twilio_bridge.support.persons.person import MAX_SENDING_MS
from twilio_bridge_local.vendors.faults import Faults

LATER = NOW + 600_000
EVENTS = (
    event(at=NOW, properties={"task_sid": "WT1", "wait_s": 12}),
    event("WT1#resolved", name="SUPPORT_RESOLVED", at=NOW + 60_000),
    event("WT1#csat", name="CSAT_SUBMITTED", at=NOW + 120_000),
)
TOLD = [(each.name, each.key) for each in EVENTS]
LISTED = {"connectors": {"twilio_flex": {"lists": {"support_contacts": 1, "csat_respondents": 2}}}}
VALUES = {"identity": "ann", "friendly_name": "Ann", "customer_tier": "gold"}


class Delivery:
    """A person with three events, and the account they are told."""

    def __init__(self, around: Around) -> None:
        self.around = around
        ann = dossier(*EVENTS, interactions=(interaction(wait_s=12, score=5.0, scored_at=NOW, values=VALUES),))
        self.persons = KeptPersons({"ann": ann}, LATER)
        self.words, self.outbox = FakeOptOuts(), KeptOutbox()
        self.work = self._work()

    def _work(self) -> DeliveryDeps:
        ports = {"persons": self.persons, "opt_outs": self.words, "outbox": self.outbox}
        return DeliveryDeps(crm=self.around.crm(), settings=settings(**LISTED), **ports)  # type: ignore[arg-type]  # parts of ports

    def run(self) -> Delivered:
        return deliver_person("ann", self.work, self.persons.now)

    def runs(self, tries: int = 20) -> None:
        """Let the message come again until it is done."""
        for _ in range(tries):
            self.persons.now += MAX_SENDING_MS
            try:
                self.run()
            except (RefusedError, RateLimitedError, UnavailableError):
                continue
            return
        raise AssertionError("never delivered")

    def assert_told_once(self) -> None:
        account = self.around.brevo.account
        assert sorted(TOLD) == sorted((e.event_name, str(e.event_properties["key"])) for e in account.entries)
        assert [1] == list(account.contacts)
        contact = account.contacts[1]
        assert (MAIL, None, [1, 2]) == (contact.email, contact.ext_id, sorted(contact.list_ids))
        assert {
            "SMS": PHONE[1:],
            "FLEX_IDENTITY": "ann",
            "FIRSTNAME": "Ann",
            "LAST_SUPPORT_DATE": "2026-03-02",
            "SUPPORT_TICKET_COUNT": 1,
            "AVG_WAIT_TIME": 12.0,
            "CSAT_SCORE": 5.0,
            "PREFERRED_CHANNEL": "voice",
            "VIP_TIER": "gold",
        } == contact.attributes
        assert [] == account.ignored
        assert {"sent"} == {each.status for each in self.persons.held["ann"].events}


@pytest.fixture
def delivery(monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivery]:
    """Retries come at once."""
    monkeypatch.setattr("time.sleep", lambda _s: None)
    with stand_in() as brevo:
        yield Delivery(Around(brevo))


def test_a_delivery(delivery: Delivery) -> None:
    """One upsert and a request an event; the attributes are looked at once an hour."""
    assert Delivered(contacts=1, sent=3) == delivery.run()
    delivery.assert_told_once()
    asked = [(method, path) for method, path, _ in delivery.around.seen() if "attributes" not in path]
    assert [("POST", "/contacts"), *[("POST", "/events")] * 3] == asked
    assert Delivered() == delivery.run()
    assert [] == delivery.around.seen()


@pytest.mark.prove
@pytest.mark.parametrize("skip", range(0, 12, size(5, 1)))
@pytest.mark.parametrize(
    "fault",
    [
        Faults(cut="before"),
        Faults(cut="after"),
        Faults(status=503),
        Faults(status=429),
        Faults(status=425),
        Faults(status=401),
        Faults(rubbish="html"),
        Faults(rubbish="truncated"),
    ],
    ids=repr,
)
def test_trouble_at_any_request(delivery: Delivery, fault: Faults, skip: int) -> None:
    """Three requests in a row fail, from any one on; all arrives, and once."""
    delivery.around.brevo.faults = replace(fault, skip=skip, times=3)
    delivery.work = replace(delivery.work, crm=delivery.around.crm())
    delivery.runs()
    delivery.around.brevo.faults = Faults()
    delivery.runs()
    delivery.assert_told_once()


@pytest.mark.parametrize("cut", ["before", "after"])
def test_an_outage_of_an_hour(delivery: Delivery, cut: str) -> None:
    """Whether Brevo did what it did not answer or not."""
    delivery.around.brevo.faults = Faults(cut="before" if cut == "before" else "after")
    for _ in range(8):
        with pytest.raises(UnavailableError):
            delivery.run()
    delivery.around.brevo.faults = Faults()
    delivery.runs()
    delivery.assert_told_once()


def test_a_contact_that_was_deleted(delivery: Delivery) -> None:
    """It begins anew with the event that shows it."""
    delivery.run()
    account = delivery.around.brevo.account
    account.contacts.clear()
    later = delivery.persons.now
    delivery.persons.add(
        event("WT2#requested", at=later, due_at=later), interactions=(interaction("WT2", last_at=later),)
    )
    assert Delivered(contacts=1, sent=1, erased=1) == delivery.run()
    assert [2] == list(account.contacts)
    assert 1 == account.contacts[2].attributes["SUPPORT_TICKET_COUNT"]
    assert ["WT2#requested"] == [entry.event_properties["key"] for entry in account.timeline(2)]
    assert timedelta(0) == account.timeline(2)[0].event_date.utcoffset()


def test_a_contact_that_marketing_merged(delivery: Delivery) -> None:
    """It goes on with the one that is left, found by its number, and nothing is counted anew."""
    delivery.run()
    account = delivery.around.brevo.account
    account.contacts[7] = replace(account.contacts.pop(1), id=7)
    later = delivery.persons.now
    delivery.persons.add(
        event("WT2#requested", at=later, due_at=later), interactions=(interaction("WT2", last_at=later),)
    )
    assert Delivered(contacts=1, sent=1) == delivery.run()
    assert [7] == list(account.contacts)
    assert 2 == account.contacts[7].attributes["SUPPORT_TICKET_COUNT"]


def test_a_thousand_entries_on_the_timeline(delivery: Delivery) -> None:
    """The unknown ones are found on whichever page they stand."""
    delivery.run()
    account = delivery.around.brevo.account
    entry = account.entries[0]
    others = [replace(entry, number=100 + number, event_properties={"key": f"WT9{number}"}) for number in range(2_500)]
    account.entries[:] = [*others, *account.entries]
    held = delivery.persons.held["ann"]
    unknown = tuple(replace(each, status="sending", sending_at=0) for each in held.events)
    delivery.persons.held["ann"] = replace(held, events=unknown)
    delivery.around.seen()
    assert Delivered(contacts=1, found=3) == delivery.run()
    look_ups = [path for method, path, _ in delivery.around.seen() if (method, path) == ("GET", "/events")]
    assert 3 >= len(look_ups)


def test_an_unidentifiable_person_is_parked(delivery: Delivery) -> None:
    """The only identifier is one that Brevo refuses: no error, so no dead letter."""
    delivery.persons.change("ann", keys=frozenset(("email#kim@example..org",)))
    assert Delivered(parked=3) == delivery.run()
    assert {} == delivery.around.brevo.account.contacts
