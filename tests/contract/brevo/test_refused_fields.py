"""A field that Brevo refuses is left out by name, and the rest of the contact is written, whatever the refusal says."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest

from tests.contract.brevo.adapter import ANN, MAIL, OTHER_PHONE, PHONE, Around, stand_in
from twilio_bridge.errors import UnacceptableError
from twilio_bridge.logs import logger
from twilio_bridge.support.ports import MarketingContact
from twilio_bridge_local.vendors.brevo.attributes import Attribute

Lines = Callable[[], list[dict[str, Any]]]
STYLES: list[Any] = ["metadata", "sentence", "older", "unnamed"]
BEN = MarketingContact(email="ben@example.com", phone=OTHER_PHONE, external_id="B-2")


@pytest.fixture
def around() -> Iterator[Around]:
    """An account with two lists."""
    with stand_in() as brevo:
        yield Around(brevo)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The lines so far."""
    stream = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def saved(around: Around, contact: MarketingContact, known: int | None = None) -> tuple[Any, Any]:
    """Write a contact, and return it as Brevo has it with the names of what was left out."""
    crm = around.crm()
    done = crm.update_contact(known, contact) if known else crm.create_contact(contact)
    assert done
    return around.brevo.account.contacts[done.id], set(done.left_out)


@pytest.mark.parametrize(
    "email",
    ["kim@example..org", "kim..lee@example.org", "kim@example", "kim@127.0.0.1", "kím@example.org", "k im@example.org"],
)
def test_a_refused_email(around: Around, log: Lines, email: str) -> None:
    """The contact has its number, id, attributes and list; the log names the field and not the address."""
    wanted = replace(ANN, email=email, attributes={"FIRSTNAME": "Kim"}, lists=(1,), opted_out=True)
    contact, left_out = saved(around, wanted)
    assert {"email"} == left_out
    assert (None, "A-1", {"SMS": PHONE[1:], "FIRSTNAME": "Kim"}, (1,), True) == (
        contact.email,
        contact.ext_id,
        contact.attributes,
        contact.list_ids,
        contact.sms_blacklisted,
    )
    assert [["email"]] == [line["identifiers"] for line in log() if "identifiers" in line]
    assert not any(email in str(line) or PHONE in str(line) for line in log())


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("known", [False, True])
def test_an_own_id_that_another_contact_has(around: Around, style: Any, known: bool) -> None:
    """With and without metadata, by names and without any: Ann has the rest, and Ben keeps his."""
    crm = around.crm()
    crm.create_contact(BEN)
    ann = crm.create_contact(MarketingContact(email=MAIL)).id if known else None
    around.brevo.account.duplicate_style = style
    contact, left_out = saved(around, replace(ANN, external_id="B-2", attributes={"FIRSTNAME": "Ann"}), ann)
    assert {"ext_id"} == left_out
    assert (MAIL, None, {"SMS": PHONE[1:], "FIRSTNAME": "Ann"}) == (contact.email, contact.ext_id, contact.attributes)
    assert ("ben@example.com", "B-2") == (
        around.brevo.account.contacts[1].email,
        around.brevo.account.contacts[1].ext_id,
    )


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("known", [False, True])
def test_several_identifiers_that_others_have(around: Around, style: Any, known: bool) -> None:
    """Each stays with whom it belongs to."""
    crm = around.crm()
    crm.create_contact(MarketingContact(email="ben@example.com", external_id="A-1"))
    crm.create_contact(MarketingContact(email="cleo@example.com", phone=PHONE))
    ann = crm.create_contact(MarketingContact(email=MAIL)).id if known else None
    around.brevo.account.duplicate_style = style
    contact, left_out = saved(around, replace(ANN, attributes={"FIRSTNAME": "Ann"}, lists=(2,)), ann)
    assert {"ext_id", "SMS"} == left_out
    assert (MAIL, {"FIRSTNAME": "Ann"}, (2,)) == (contact.email, contact.attributes, contact.list_ids)
    assert 3 == len(around.brevo.account.contacts)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("bad", [["ORDER_ID"], ["ORDER_ID", "CART_ID"]])
def test_an_attribute_that_brevo_refuses_without_a_name(around: Around, known: bool, bad: list[str]) -> None:
    """Somebody made it transactional since the attributes were listed: it is found, and only it is left out."""
    crm = around.crm()
    names = ["FIRSTNAME", "LASTNAME", "TIER", "CITY", "PLAN", *bad]
    values = {name: name.lower() for name in names}
    ann = crm.create_contact(replace(ANN, attributes=values)).id if known else None
    if not known:
        crm._attributes.fit(values)
    around.brevo.account.add_attributes(Attribute(name, "transactional", "id") for name in bad)
    contact = replace(ANN, attributes={name: f"{name}!" for name in names})
    done = crm.update_contact(ann, contact) if ann else crm.create_contact(contact)
    assert done
    assert set(bad) == done.left_out
    kept = around.brevo.account.contacts[done.id].attributes
    assert {f"{name}!" for name in names if name not in bad} <= set(kept.values())


@pytest.mark.parametrize(
    "contact",
    [
        MarketingContact(email="kim@example..org"),
        MarketingContact(phone="+999123456789"),
        MarketingContact(email="kim@example..org", phone="+999123456789", external_id="x" * 300),
    ],
    ids=str,
)
def test_no_identifier_is_left(around: Around, contact: MarketingContact) -> None:
    """Then there is nobody, and the caller learns it."""
    with pytest.raises(UnacceptableError):
        around.crm().create_contact(replace(contact, attributes={"FIRSTNAME": "Kim"}))
    assert {} == around.brevo.account.contacts


def test_everything_is_refused_of_a_contact_that_is_known(around: Around) -> None:
    """Its id is an identifier: lists and opt-out are written."""
    crm = around.crm()
    ann = crm.create_contact(MarketingContact(email=MAIL)).id
    crm.create_contact(BEN)
    contact, left_out = saved(around, replace(BEN, email=MAIL, lists=(1,), opted_out=True), ann)
    assert {"SMS", "ext_id"} == left_out
    assert ((1,), True) == (contact.list_ids, contact.sms_blacklisted)


def test_a_refused_field_costs_one_request_more(around: Around) -> None:
    """Where the answer names it; where it does not, a few."""
    around.crm().create_contact(replace(ANN, email="kim@example..org"))
    assert [400, 201] == [status for _, _, status in around.seen()]
    around.brevo.account.duplicate_style = "unnamed"
    around.crm().create_contact(replace(ANN, email=MAIL, phone=OTHER_PHONE))
    assert 6 >= len(around.seen())


def test_an_id_is_known_whatever_brevo_answers(around: Around) -> None:
    """An update may be answered by 204 alone: the contact is looked up."""
    crm = around.crm()
    ann = crm.create_contact(ANN).id
    post = crm._brevo.ask

    def without_id(wanted: Any) -> Any:
        answer = post(wanted)
        return None if wanted.method == "POST" and wanted.path == "/contacts" else answer

    crm._brevo.ask = without_id  # type: ignore[method-assign]  # as accounts without getId answer
    assert ann == crm.create_contact(ANN).id
    assert ann == crm.create_contact(MarketingContact(phone=PHONE)).id
    assert ann == crm.create_contact(MarketingContact(external_id="A-1")).id
