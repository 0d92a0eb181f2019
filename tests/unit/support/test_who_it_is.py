"""Who a task's customer is, on the whole reducer: what is nobody's, what is ours, and whose it is in the end."""

import json
from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any

import pytest

from tests.unit.support.job import SETTINGS, World
from tests.unit.support.tasks import CONVERSATION, NINE, answered, event
from tests.unit.support.test_event_facts import other
from twilio_bridge.config import flex, schema
from twilio_bridge.support.persons.person_keys import (
    KeyRules,
    is_label,
    normalize_email,
    normalize_id,
    normalize_identity,
    normalize_phone,
)

COMPANY, PHONE, OTHER_PHONE = "+448081570001", "+447900000012", "+447900000013"
OURS = SETTINGS.model_copy(update={"identity": flex.Identity(own_numbers=(COMPANY,))})
RULES = KeyRules()
Attributes = Mapping[str, Any]


def sid(number: int) -> str:
    return f"WT{number:032}"


def play(*tasks: Iterable[dict[str, Any]], settled: schema.Config = OURS) -> World:
    """Take in tasks one after the other, and deliver all in the end."""
    world = World(settings=settled)
    for events in tasks:
        documents = [json.dumps(each).encode() for each in events]
        world.feed(documents, repeat(len(documents)))
    world.finish()
    return world


def tickets(world: World) -> dict[str, int]:
    """Return how many tickets each contact has, by the email, number or id it is found by."""
    found = {}
    for contact in world.crm.contacts.values():
        name = contact.email or contact.phone or contact.external_id
        found[name] = contact.attributes.get("SUPPORT_TICKET_COUNT", 0)
    return found


def of(*attributes: Attributes, settled: schema.Config = OURS) -> dict[str, int]:
    """Return the tickets after an answered task with each of these attributes."""
    return tickets(play(*(answered(told, sid=sid(n)) for n, told in enumerate(attributes)), settled=settled))


@pytest.mark.parametrize(
    "nobody",
    [
        "undefined",
        "null",
        "N/A",
        "0",
        "-",
        "none",
        "unknown",
        "None",
        "{{trigger.call.id}}",
        "${id}",
        "---",
        "000",
        " ",
    ],
)
def test_placeholders_join_nobody(nobody: str) -> None:
    """A form that nobody filled in says the same of everybody, and nothing of anybody."""
    told = [{"customers": {"external_id": nobody, "email": f"c{n}@example.org"}} for n in range(20)]
    assert {f"c{n}@example.org": 1 for n in range(20)} == of(*told)


@pytest.mark.parametrize(
    "nobody", ["none@none.com", "noreply@acme.org", "no-reply@x.org", "undefined", "N/A", "a@", "@b.c"]
)
def test_addresses_that_nobody_reads(nobody: str) -> None:
    """Nor does a mailbox that nobody has."""
    assert {PHONE: 1, OTHER_PHONE: 1} == of({"email": nobody, "from": PHONE}, {"email": nobody, "from": OTHER_PHONE})


def test_further_placeholders_are_configured() -> None:
    """What a company's own forms write."""
    settled = OURS.model_copy(update={"identity": flex.Identity(placeholders=("Keine Angabe", "web@acme.org"))})
    told = [
        {"customers": {"external_id": "keine angabe", "email": "web@acme.org"}, "from": f"+44790000001{n}"}
        for n in (2, 3)
    ]
    assert {PHONE: 1, OTHER_PHONE: 1} == of(*told, settled=settled)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (PHONE, PHONE),
        ("447900000012", PHONE),
        (447900000012, PHONE),
        ("00447900000012", PHONE),
        ("+44 7900 000012", PHONE),
        ("+44 (7900) 000-012", PHONE),
        ("whatsapp:+447900000012", PHONE),
        ("sip:+447900000012@pbx.acme.org:5060;transport=tls", PHONE),
        ("sip:447900000012@pbx.acme.org", PHONE),
        ("tel:+447900000012", PHONE),
        ("+5511987654321", "+5511987654321"),
        ("+551187654321", "+5511987654321"),
        ("whatsapp:+551187654321", "+5511987654321"),
        ("+5215512345678", "+525512345678"),
        ("client:jo", ""),
        ("sip:jo@pbx.acme.org", ""),
        ("anonymous", ""),
        ("+266696687", ""),
        ("12345", ""),
        ("visitor-447900000012", ""),
        ("+11111111111", ""),
        (True, ""),
        (None, ""),
    ],
)
def test_a_number_has_one_spelling(written: object, number: str) -> None:
    """However a flow, a trunk or a channel writes it."""
    assert number == normalize_phone(written, RULES)


@pytest.mark.parametrize("one", ["+5491123456789", "+541123456789"])
def test_argentina_s_nine_is_one_person(one: str) -> None:
    """WhatsApp has it, a call does not."""
    other_one = {"+5491123456789": "+541123456789"}.get(one, "+5491123456789")
    assert {one: 2} == of({"from": one}, {"customerAddress": f"whatsapp:{other_one}", "channelType": "whatsapp"})


@pytest.mark.parametrize("name", ["identity", "customerAddress", "email"])
@pytest.mark.parametrize("written", ["Amara@Example.org", " amara@example.org ", "AMARA@EXAMPLE.ORG"])
def test_an_address_in_any_case_is_one_person(name: str, written: str) -> None:
    """Also where the identity of a chat is one."""
    assert {"amara@example.org": 2} == of({"email": "amara@example.org"}, {name: written, "channelType": "web"})


@pytest.mark.parametrize(
    ("written", "email"),
    [
        ("kim@example..org", ""),
        (".kim@example.org", ""),
        ("kim@example", ""),
        ("kim@-example.org", ""),
        ("a@b@example.org", ""),
        ("kim park@example.org", ""),
        ("<Kim@Example.org>", "kim@example.org"),
        ("mailto:kim@example.org", "kim@example.org"),
        ("k" * 65 + "@example.org", ""),
        ("kim+tag@mail.example.co.uk", "kim+tag@mail.example.co.uk"),
    ],
)
def test_an_address_is_checked(written: str, email: str) -> None:
    """What is none is no key."""
    assert email == normalize_email(written, RULES)


@pytest.mark.parametrize(
    "attributes",
    [
        {"taskType": "callback", "direction": "inbound", "to": PHONE, "from": COMPANY},
        {"taskType": "voicemail", "direction": "inbound", "to": PHONE, "from": COMPANY},
        {"taskType": "callback", "direction": "inbound", "from": COMPANY, "callBackData": {"numberToCall": PHONE}},
        {"taskType": "callback", "direction": "inbound", "to": PHONE, "from": "+448081570009"},
        {"direction": "inbound", "from": COMPANY, "to": PHONE},
        {"direction": "outbound", "from": PHONE, "to": COMPANY},
        {"direction": "inbound", "from": PHONE, "to": COMPANY, "phone": COMPANY},
        {"direction": "inbound", "from": f"sip:{PHONE}@trunk", "to": COMPANY, "customers": {"phone": COMPANY}},
    ],
)
def test_the_customer_s_end_is_not_ours(attributes: Attributes) -> None:
    """Whatever the direction says, and whatever a mapping put into the customer's field."""
    assert {PHONE: 1} == of(attributes)


def test_senders_and_workers_are_ours() -> None:
    """Their numbers need not be named a second time."""
    given = {
        "senders": {"countries": {"+44": {"whatsapp": f"whatsapp:{COMPANY}"}}},
        "workers": {"jo": {"sms": OTHER_PHONE}},
    }
    settled = schema.Config.model_validate(given)
    assert {PHONE: 2} == of({"from": PHONE, "to": COMPANY}, {"from": OTHER_PHONE, "to": PHONE}, settled=settled)


@pytest.mark.parametrize(
    "attributes",
    [
        {"direction": "internal", "from": "client:jo", "to": "client:kim"},
        {"direction": "outbound", "from": "client:jo", "to": "client:kim"},
        {"direction": "inbound", "from": COMPANY, "to": COMPANY},
    ],
)
def test_agents_are_no_customers(attributes: Attributes) -> None:
    """A call between two of them is nobody's support, and in no figure."""
    world = play(answered(attributes))
    assert ({}, []) == (tickets(world), [row for row in world.figures.read_day("2026-03-02") if row.values])


def test_a_family_s_phone_identifies_nobody() -> None:
    """Two who say who they are are two; a call that names only the phone is neither's."""
    amara, ben = {"email": "amara@example.org", "from": PHONE}, {"email": "ben@example.org", "from": PHONE}
    assert {"amara@example.org": 1, "ben@example.org": 2} == of(amara, ben, ben, {"from": PHONE}, {"from": PHONE})


def test_one_task_joins_only_what_nothing_contradicts() -> None:
    """Known by phone and by address, then by both: one person. With another id: two."""
    amara = {"email": "amara@example.org"}
    assert {"amara@example.org": 3} == of(amara, {"from": PHONE}, {**amara, "from": PHONE})
    one, two = {"customers": {"external_id": "1"}, **amara}, {"customers": {"external_id": "2"}, "from": PHONE}
    both = {"customers": {"external_id": "2"}, **amara, "from": PHONE}
    world = play(*(answered(told, sid=sid(n)) for n, told in enumerate((one, two, both))))
    assert sorted([1, 2]) == sorted(each.attributes["SUPPORT_TICKET_COUNT"] for each in world.crm.contacts.values())


def test_a_shell_costs_nothing_afterwards() -> None:
    """Sixty web chats, each begun before anybody knew whose it is: all are the customer's, and no half is left."""
    tasks = []
    for number in range(60):
        chat = f"CH{number:032}"
        added = [{**other("conversations.conversation.added", ConversationSid=chat), "id": f"EZ{number}"}]
        told = {"channelType": "web", "conversationSid": chat, "email": "amara@example.org"}
        tasks += [added, answered(told, sid=sid(number))]
    world = play(*tasks)
    assert {"amara@example.org": 60} == tickets(world)
    person = world.identities.find_by_keys(["email#amara@example.org"])["email#amara@example.org"]
    assert () == person.halves
    assert {person} == set(world.identities.find_by_keys(f"conversation#CH{n:032}" for n in range(60)).values())


def test_an_anonymous_call_identified_later() -> None:
    """It is taken in by whoever turns out to be behind it, requests and figures included."""
    hidden = [event("task.created", told={"from": "anonymous"}), event("task-queue.entered", 1, {"from": "anonymous"})]
    known = [event("task.updated", 5, {"from": "anonymous", "email": "amara@example.org"}), *answered()[2:]]
    world = play(answered({"email": "amara@example.org"}, sid=sid(7)), hidden, [known[0]])
    assert {"amara@example.org": 2} == tickets(world)
    assert 3 == len(world.crm.timeline)


def test_a_correction_moves_the_task() -> None:
    """An agent picks the right customer in mid-task: nothing of it stays with the wrong one."""
    wrong = {"customers": {"external_id": "1", "email": "amara@example.org"}, "from": PHONE, "customer_tier": "gold"}
    right = {"customers": {"external_id": "2", "email": "ben@example.org"}, "from": PHONE, "customer_tier": "silver"}
    before = [answered({"customers": {"external_id": "1"}, "from": OTHER_PHONE}, sid=sid(7))]
    steps = answered()
    world = play(
        *before,
        [{**each, **event_with(each, wrong)} for each in steps[:4]],
        [event_with(each, right) for each in steps[4:]],
    )
    by_id = {contact.external_id: contact for contact in world.crm.contacts.values()}
    assert {"1": 1, "2": 1} == {name: each.attributes["SUPPORT_TICKET_COUNT"] for name, each in by_id.items()}
    assert ["", "silver"] == [by_id[name].attributes.get("VIP_TIER", "") for name in ("1", "2")]
    assert PHONE == by_id["2"].phone != by_id["1"].phone
    mine = [each.name for owner, each in world.crm.timeline if world.crm.contacts[owner].external_id == "2"]
    assert ["SUPPORT_REQUESTED", "SUPPORT_RESOLVED"] == mine


@pytest.mark.parametrize("size", [1, 4])
def test_a_correction_gives_the_number_back(size: int) -> None:
    """Wherever a batch ends: between somebody else's id and the right one, or behind both."""
    wrong, right = ({"customers": {"external_id": name}, "from": PHONE} for name in ("2", "1"))
    known, created = event("task.created", 0, right, sid=sid(1)), event("task.created", 10, wrong, sid=sid(2))
    updated, later = (
        event("task.updated", 14, right, sid=sid(2)),
        event("task.created", 99, {"from": PHONE}, sid=sid(3)),
    )
    world = World(settings=OURS)
    world.feed([json.dumps(each).encode() for each in (known, created, updated, later)], repeat(size))
    world.finish()
    owners = world.identities.find_by_keys(["external#1", f"phone#{PHONE}", *(f"task#{sid(n)}" for n in (1, 2, 3))])
    assert (5, 1) == (len(owners), len({person.id for person in owners.values()}))
    assert [3] == [
        each.attributes["SUPPORT_TICKET_COUNT"] for each in world.crm.contacts.values() if each.external_id == "1"
    ]


def event_with(given: dict[str, Any], attributes: Attributes) -> dict[str, Any]:
    payload = {**given["data"]["payload"], "task_attributes": json.dumps(attributes)}
    return {**given, "data": {"payload": payload}}


@pytest.mark.parametrize(
    ("mapping", "attributes", "found"),
    [
        ({"attributes.pre_engagement_data.email": "EMAIL"}, {"pre_engagement_data": {"email": "A@x.org"}}, "a@x.org"),
        ({"form.mobile": "SMS"}, {"form": {"mobile": "0044 7900 000012"}}, PHONE),
        ({"crm.id": "EXT_ID"}, {"crm": {"id": 4711}}, "4711"),
        ({"crm.id": "ext_id"}, {"crm": {"id": "undefined"}, "from": PHONE}, PHONE),
    ],
)
def test_a_mapped_identifier_identifies(mapping: dict[str, str], attributes: Attributes, found: str) -> None:
    """From whatever path it is mapped."""
    figures = {"total_conversations": "SUPPORT_TICKET_COUNT"}
    settled = schema.Config.model_validate({"field_mapping": {**mapping, **figures}})
    assert {found: 2} == of({**attributes, "channelType": "web"}, {**attributes, "channelType": "web"}, settled=settled)


@pytest.mark.parametrize(
    "label",
    [
        *(
            "+447900000012",
            "447900000012",
            "Callback: +447900000012",
            "Voicemail: +447900000012",
            "Anonymous",
            "Customer",
        ),
        *("callback (+447900000012)", "Callback from Amara", "Unknown caller", "Web visitor", "Visitor 1234", "Guest"),
        *(
            "visitor-00012",
            "amara@example.org",
            "undefined",
            "-",
            "Incoming call",
            "SMS: hello",
            "{{widgets.name}}",
            "Kunde 17",
        ),
    ],
)
def test_a_label_is_no_name(label: str) -> None:
    """FIRSTNAME is left as it is, above all what Brevo has."""
    world = play(answered({"from": PHONE, "name": label}))
    (contact,) = world.crm.contacts.values()
    assert "FIRSTNAME" not in contact.attributes


@pytest.mark.parametrize(
    "name", ["Amara Okafor", "O'Brien", "田中", "Guestrin", "Christopher Guest", "Call-Anna Berg", "Li"]
)
def test_a_name_is_a_name(name: str) -> None:
    """Whatever it reminds of."""
    world = play(answered({"from": PHONE, "name": name}))
    assert [name] == [contact.attributes["FIRSTNAME"] for contact in world.crm.contacts.values()]


def test_a_number_differs_from_a_label_with_a_configured_word() -> None:
    """A company's own words for nobody."""
    assert is_label("Walk-in", KeyRules(labels=frozenset(("walk-in",))))
    assert not is_label("Walk-in", RULES)


@pytest.mark.parametrize(
    ("identity", "kept"), [("visitor-7", "visitor-7"), ("Anonymous", ""), ("client:jo", ""), (7, "7")]
)
def test_an_identity_is_a_key_of_its_own(identity: object, kept: str) -> None:
    """Where it is neither an address nor a word for anyone."""
    assert kept == normalize_identity(identity, RULES)
    assert "" == normalize_id(True, RULES)


def test_a_channel_that_is_not_wanted_makes_no_contact() -> None:
    """Nor does a conversation on it."""
    settled = schema.Config.model_validate({"connectors": {"twilio_flex": {"channels": ["voice"]}}})
    joined = other(
        "conversations.participant.added",
        ConversationSid=CONVERSATION,
        MessagingBinding={"Type": "whatsapp", "Address": f"whatsapp:{PHONE}"},
    )
    told = {"channelType": "whatsapp", "customerAddress": f"whatsapp:{PHONE}", "conversationSid": CONVERSATION}
    world = play([joined], answered(told), settled=settled)
    assert ({}, {}) == (tickets(world), world.identities.profiles)


def test_a_channel_that_turns_out_unwanted_is_cleared() -> None:
    """What was derived before its channel was known is taken back."""
    settled = schema.Config.model_validate({"connectors": {"twilio_flex": {"channels": ["sms"]}}})
    steps = answered({"from": PHONE})
    unknown = [
        {**each, "data": {"payload": {**each["data"]["payload"], "task_channel_unique_name": None}}}
        for each in steps[1:4]
    ]
    world = World(settings=settled)
    world.feed([json.dumps(each).encode() for each in unknown], repeat(3))
    world.feed([json.dumps(each).encode() for each in [steps[0], *steps[4:]]], repeat(9))
    world.finish()
    assert [0] == [*tickets(world).values()] or {} == tickets(world)
    assert [] == world.crm.timeline
    assert NINE < world.now
