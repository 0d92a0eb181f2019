"""A person's delivery over real HTTP: what Brevo refuses, loses or limits arrives afterwards, and once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.brevo.adapter import Around, stand_in
from tests.contract.tables import Aws
from tests.fakes.base import FakeOptOuts
from tests.unit.support.delivery import (
    MAIL,
    NOW,
    PHONE,
    KeptDossiers,
    KeptOutbox,
    dossier,
    event,
    interaction,
    settings,
)
from twilio_bridge.errors import RateLimitedError, RefusedError, UnavailableError
from twilio_bridge.support.brevo_delivery import Delivered, DeliveryDeps, deliver
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
        self.dossiers, self.words, self.outbox = KeptDossiers({"ann": ann}), FakeOptOuts(), KeptOutbox()
        self.work = self._work()

    def _work(self) -> DeliveryDeps:
        ports = {"dossiers": self.dossiers, "opt_outs": self.words, "outbox": self.outbox}
        return DeliveryDeps(crm=self.around.crm(), settings=settings(**LISTED), **ports)  # type: ignore[arg-type]  # parts of ports

    def run(self) -> Delivered:
        return deliver("ann", self.work, LATER)

    def runs(self, tries: int = 20) -> None:
        """Let the message come again until it is done."""
        for _ in range(tries):
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
        assert (MAIL, "A-1", [1, 2]) == (contact.email, contact.ext_id, sorted(contact.list_ids))
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
        assert {"sent"} == {each.status for each in self.dossiers.held["ann"].events}


@pytest.fixture
def delivery(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivery]:
    """Retries come at once."""
    monkeypatch.setattr("time.sleep", lambda _s: None)
    with stand_in() as brevo:
        yield Delivery(Around(aws, brevo))


def test_a_delivery(delivery: Delivery) -> None:
    """One upsert and a request an event; the attributes are looked at once an hour."""
    assert Delivered(contacts=1, sent=3) == delivery.run()
    delivery.assert_told_once()
    asked = [(method, path) for method, path, _ in delivery.around.seen() if "attributes" not in path]
    assert [("POST", "/contacts"), *[("POST", "/events")] * 3] == asked
    assert Delivered() == delivery.run()
    assert [] == delivery.around.seen()


@pytest.mark.parametrize("skip", range(12))
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
    """It is made again with the next numbers."""
    delivery.run()
    account = delivery.around.brevo.account
    account.contacts.clear()
    held = delivery.dossiers.held["ann"]
    more = (*held.interactions, interaction("WT2", last_at=NOW + 1))
    delivery.dossiers.held["ann"] = replace(held, interactions=more, events=(*held.events, event("WT2#requested")))
    assert Delivered(contacts=1, sent=1) == delivery.run()
    assert [2] == list(account.contacts)
    assert ["WT2#requested"] == [entry.event_properties["key"] for entry in account.timeline(2)]
    assert timedelta(0) == account.timeline(2)[0].event_date.utcoffset()
