"""Every MarketingContacts keeps contacts and timelines alike, whatever comes twice, late, or about a deleted one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from tests.contract.brevo.adapter import ANN, AT, MAIL, OTHER_PHONE, PHONE, Around, event, stand_in
from tests.fakes.marketing_contacts import FakeMarketingContacts
from twilio_bridge.support.ports import MarketingContact, MarketingContacts, SavedContact
from twilio_bridge_local.vendors.brevo.account import Account

BEN = MarketingContact(email="ben@example.com", phone=OTHER_PHONE, external_id="B-2")


@dataclass
class World:
    """A MarketingContacts under test, and what stands behind it."""

    crm: MarketingContacts
    contact: Callable[[int | None], MarketingContact]
    timeline: Callable[[int | None], list[tuple[str, int, Any]]]
    delete: Callable[[int | None], object]

    def made(self, contact: MarketingContact) -> int:
        return self.crm.create_contact(contact).id


def in_brevo(account: Account) -> Callable[[int | None], MarketingContact]:
    def read(number: int | None) -> MarketingContact:
        found = account.contacts[number or 0]
        phone = found.attributes.get("SMS")
        return MarketingContact(
            email=found.email or "",
            phone=f"+{phone}" if phone else "",
            external_id=found.ext_id or "",
            attributes={name: value for name, value in found.attributes.items() if name != "SMS"},
            lists=sorted(found.list_ids),
            opted_out=found.sms_blacklisted,
        )

    return read


def in_memory() -> World:
    crm = FakeMarketingContacts()
    return World(
        crm,
        lambda number: crm.contacts[number or 0],
        lambda number: [(e.name, e.at, e.properties.get("key")) for whose, e in crm.timeline if whose == number],
        lambda number: crm.contacts.pop(number or 0),
    )


@pytest.fixture(params=["memory", "brevo"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """An empty account with two lists."""
    if request.param == "memory":
        yield in_memory()
        return
    with stand_in() as brevo:
        account = brevo.account
        yield World(
            Around(brevo).crm(),
            in_brevo(account),
            lambda number: [
                (e.event_name, int(e.event_date.timestamp() * 1000), e.event_properties.get("key"))
                for e in account.timeline(number or 0)
            ],
            lambda number: account.contacts.pop(number or 0),
        )


@pytest.mark.parametrize(
    "contact",
    [ANN, MarketingContact(email=MAIL), MarketingContact(phone=PHONE), MarketingContact(external_id="A-1")],
    ids=str,
)
def test_a_new_contact(world: World, contact: MarketingContact) -> None:
    """It is there under the identifiers it was told with, and under an id."""
    number = world.made(contact)
    assert replace(contact, lists=[], opted_out=False) == world.contact(number)
    assert SavedContact(number) == world.crm.create_contact(contact)
    assert SavedContact(number) == world.crm.update_contact(number, contact)


def test_attributes_of_every_type(world: World) -> None:
    """What is told is there; what is told later goes over it, what is not told stays."""
    number = world.made(replace(ANN, attributes={"NAME": "Ann", "COUNT": 3, "MEAN": 1.5, "VIP": True}))
    world.crm.update_contact(number, replace(ANN, attributes={"COUNT": 4}))
    assert {"NAME": "Ann", "COUNT": 4, "MEAN": 1.5, "VIP": True} == world.contact(number).attributes


def test_a_date(world: World) -> None:
    """A day is a day, however it is written down."""
    number = world.made(replace(ANN, attributes={"DAY": date(2026, 3, 2)}))
    assert "2026-03-02" == str(world.contact(number).attributes["DAY"])


def test_lists_are_only_added_to(world: World) -> None:
    """Who is on a list stays there."""
    number = world.made(replace(ANN, lists=(2,)))
    world.crm.update_contact(number, replace(ANN, lists=(1,)))
    world.crm.create_contact(ANN)
    assert [1, 2] == world.contact(number).lists


@pytest.mark.parametrize("later", [None, False])
def test_an_opt_out_is_lifted_by_no_upsert(world: World, later: bool | None) -> None:
    """Whether the later one knows of no word, or of an opt-in."""
    number = world.made(replace(ANN, opted_out=True))
    world.crm.update_contact(number, replace(ANN, opted_out=later))
    world.crm.create_contact(replace(ANN, opted_out=later))
    assert world.contact(number).opted_out


def test_a_word(world: World) -> None:
    """It changes the contact with that number, and nobody else."""
    ann, ben = world.made(ANN), world.made(BEN)
    assert world.crm.set_opted_out(PHONE, True)
    assert [True, False] == [world.contact(number).opted_out for number in (ann, ben)]
    assert world.crm.set_opted_out(PHONE, False)
    assert [False, False] == [world.contact(number).opted_out for number in (ann, ben)]


@pytest.mark.parametrize("number", [OTHER_PHONE, "+10000000", "../lists/1", "ann@example.com"])
def test_a_word_of_a_stranger(world: World, number: str) -> None:
    """Nobody is told, and nobody is made."""
    ann = world.made(ANN)
    assert not world.crm.set_opted_out(number, True)
    assert not world.contact(ann).opted_out


def test_an_email_is_never_changed(world: World) -> None:
    """For that would lift a blocklisting; everything else that is told is taken."""
    number = world.made(ANN)
    assert world.crm.update_contact(number, replace(ANN, email="new@example.com", phone=OTHER_PHONE))
    assert (MAIL, OTHER_PHONE) == (world.contact(number).email, world.contact(number).phone)


def test_a_contact_that_somebody_deleted(world: World) -> None:
    """It is not updated, and nothing is created in its place."""
    number = world.made(ANN)
    world.delete(number)
    assert world.crm.update_contact(number, replace(ANN, lists=(1,))) is None
    assert world.crm.find_contact(ANN) is None


@pytest.mark.parametrize("identifier", ["email", "phone", "external_id"])
def test_a_contact_is_found_by_any_identifier(world: World, identifier: str) -> None:
    """The strongest that somebody has."""
    ann = world.made(ANN)
    world.made(BEN)
    wanted = MarketingContact(**{identifier: getattr(ANN, identifier)})
    assert ann == world.crm.find_contact(wanted)
    assert ann == world.crm.find_contact(replace(wanted, email=MAIL, phone="+447700900999"))
    assert world.crm.find_contact(MarketingContact(email="nobody@example.com", external_id="Z-9")) is None


def test_a_contact_is_deleted(world: World) -> None:
    """With its timeline, once; nobody else's is touched."""
    ann, ben = world.made(ANN), world.made(BEN)
    world.crm.post_event(ben, event())
    assert [True, False] == [world.crm.delete_contact(ann) for _ in range(2)]
    assert (None, ben) == (world.crm.find_contact(ANN), world.crm.find_contact(BEN))
    assert 1 == len(world.timeline(ben))


@pytest.mark.parametrize("known", [False, True])
def test_an_identifier_that_is_anothers(world: World, known: bool) -> None:
    """It stays theirs; the rest is taken."""
    ben = world.made(BEN)
    ann = world.made(MarketingContact(email=MAIL)) if known else None
    wanted = replace(ANN, phone=OTHER_PHONE, lists=(1,))
    saved = world.crm.update_contact(ann, wanted) if ann else world.crm.create_contact(wanted)
    assert saved
    assert (["SMS"], True) == ([*saved.left_out], saved.id != ben)
    number = saved.id
    assert replace(BEN, lists=[], opted_out=False) == world.contact(ben)
    assert MarketingContact(email=MAIL, external_id="A-1", lists=[1], opted_out=False) == world.contact(number)


def test_all_identifiers_but_the_first_are_anothers(world: World) -> None:
    """Both stay theirs."""
    world.made(BEN)
    saved = world.crm.create_contact(replace(BEN, email=MAIL))
    assert {"SMS", "ext_id"} == saved.left_out
    assert MarketingContact(email=MAIL, lists=[], opted_out=False) == world.contact(saved.id)


def test_an_event(world: World) -> None:
    """It stands on its contact's timeline at the time when it happened, with its key, and on nobody else's."""
    ann, ben = world.made(ANN), world.made(BEN)
    world.crm.post_event(ann, event())
    assert [("SUPPORT_RESOLVED", AT, "WT1#resolved")] == world.timeline(ann)
    assert [] == world.timeline(ben)


def test_an_event_that_is_told_twice(world: World) -> None:
    """It stands there twice: nobody but the deliverer prevents that."""
    ann = world.made(ANN)
    world.crm.post_event(ann, event())
    world.crm.post_event(ann, event())
    assert 2 == len(world.timeline(ann))


def test_looking_events_up(world: World) -> None:
    """Each is there for this contact, under this name and this key, or not."""
    ann, ben = world.made(ANN), world.made(BEN)
    wanted = [event(), event("WT2#resolved"), event("WT3#requested", name="SUPPORT_REQUESTED")]
    assert {each.key: False for each in wanted} == world.crm.find_events(ann, wanted)
    world.crm.post_event(ann, wanted[0])
    world.crm.post_event(ann, wanted[2])
    assert [True, False, True] == list(world.crm.find_events(ann, wanted).values())
    assert [False, False, False] == list(world.crm.find_events(ben, wanted).values())
    assert {"WT1#resolved": False} == world.crm.find_events(ann, [event(name="SUPPORT_REQUESTED")])


def test_a_contact_gets_its_first_email(world: World) -> None:
    """Whoever was known by number only is found by email from then on."""
    number = world.made(MarketingContact(phone=PHONE))
    world.crm.complete_email(number, MAIL)
    assert MAIL == world.contact(number).email


def test_an_email_that_is_there_stays(world: World) -> None:
    """Whoever has one keeps it, and nobody gets another's; who is gone is gone."""
    number, other = world.made(MarketingContact(email=MAIL)), world.made(MarketingContact(phone=OTHER_PHONE))
    world.crm.complete_email(number, "new@example.com")
    world.crm.complete_email(other, MAIL)
    world.crm.complete_email(99, "gone@example.com")
    assert [MAIL, ""] == [world.contact(each).email for each in (number, other)]


def test_a_blocked_contact_is_told_as_such(world: World) -> None:
    """Whoever completes a contact learns whether it may be written to."""
    number = world.made(MarketingContact(phone=PHONE))
    assert world.crm.complete_email(number, MAIL) is False
    world.crm.set_opted_out(PHONE, True)
    assert world.crm.complete_email(number, MAIL) is True
