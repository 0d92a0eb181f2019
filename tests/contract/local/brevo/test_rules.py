"""What the Brevo stand-in takes for a field, by the vendor's documents and reports; the product has no part in it."""

from typing import Any

import pytest

from tests.contract.local.brevo.calls import Caller, refusal
from twilio_bridge_local.vendors.brevo.attributes import Attribute

ANA, BEN = "ana@example.com", "ben@example.com"
SMS = {"SMS": "+447700900123"}


@pytest.mark.parametrize(
    "email",
    [
        "kim@example..org",
        "kim..lee@example.org",
        ".kim@example.org",
        "kim.@example.org",
        "kim@example.org.",
        "kim@.example.org",
        "kim@-example.org",
        "kim@example-.org",
        "kim@example.o",
        "kim@example.1",
        "kim@127.0.0.1",
        "kim@example",
        "kim@exam_ple.org",
        "kim lee@example.org",
        "kim@lee@example.org",
        "kim,lee@example.org",
        "kim@exämple.org",
        "kím@example.org",
        '"kim"@example.org',
        "<kim@example.org>",
        "mailto:kim@example.org",
        "@example.org",
        "kim@",
        "",
        "x" * 65 + "@example.org",
        "kim@" + "x" * 64 + ".org",
        "kim@" + ".".join(["x" * 60] * 5) + ".org",
    ],
)
def test_no_address(brevo: Caller, email: str) -> None:
    """A refused address takes the whole request with it."""
    assert (400, "invalid_parameter") == refusal(brevo.post("contacts", {"email": email or " ", "attributes": SMS}))
    assert {} == brevo.account.contacts


@pytest.mark.parametrize(
    "email",
    ["kim.lee+x@example.org", "KIM@Example.ORG", "o'neil@example.co.uk", "k@x-y.museum", "kim@xn--exmple-cua.org"],
)
def test_an_address(brevo: Caller, email: str) -> None:
    """Contacts have it in lower case."""
    brevo.create(email=email)
    assert email.lower() == brevo.account.contacts[1].email


@pytest.mark.parametrize("ext_id", [7, 1.5, True, ["c-1"], {"id": 1}, " ", "c\n1", "x" * 256])
def test_no_own_id(brevo: Caller, ext_id: object) -> None:
    """It is a text of a line."""
    assert (400, "invalid_parameter") == refusal(brevo.post("contacts", {"email": ANA, "ext_id": ext_id}))


@pytest.mark.parametrize("by_id", [False, True])
def test_a_transactional_attribute_is_refused(brevo: Caller, by_id: bool) -> None:
    """Whatever else the request holds; the sentence names no attribute."""
    brevo.account.add_attributes([Attribute("ORDER_ID", "transactional", "id")])
    contact_id = brevo.create(email=ANA)
    body: dict[str, Any] = {"attributes": {"FIRSTNAME": "Ana", "ORDER_ID": "7"}}

    answer = brevo.put(f"contacts/{contact_id}", body) if by_id else brevo.upsert(email=ANA, **body)
    assert (400, "invalid_parameter") == refusal(answer)
    assert "ORDER_ID" not in answer.text
    assert {} == brevo.account.contacts[contact_id].attributes


@pytest.mark.parametrize("category", ["calculated", "global"])
def test_a_computed_attribute_is_left_alone(brevo: Caller, category: str) -> None:
    """Without a refusal."""
    brevo.account.add_attributes([Attribute("TOTAL", category, "", value="COUNT[ID]")])
    brevo.create(email=ANA, attributes={"TOTAL": 7})
    assert {} == brevo.account.contacts[1].attributes
    assert ["computed"] == [one.reason for one in brevo.account.ignored]


@pytest.mark.parametrize(
    ("kind", "taken", "dropped"),
    [
        ("text", ["7", "A-17"], [7, 1.5, True, ["a"]]),
        ("float", [7, 1.5, -2], ["7", True, ["a"]]),
        ("boolean", [True, False], [1, 0, "true", "yes"]),
        ("date", ["2026-03-02", "2026-03-02T10:00:00Z"], ["02.03.2026", "soon", 20260302, True]),
    ],
)
def test_values_of_another_type_are_dropped_without_a_word(
    brevo: Caller, kind: str, taken: list[object], dropped: list[object]
) -> None:
    """The request succeeds, and only the stand-in's own list has what was lost."""
    brevo.account.add_attributes([Attribute("OWN", type=kind)])
    contact_id = brevo.create(email=ANA)
    for value in taken:
        assert 204 == brevo.put(f"contacts/{contact_id}", {"attributes": {"OWN": value}}).status_code
        assert value == brevo.account.contacts[contact_id].attributes["OWN"]
    for value in dropped:
        assert 204 == brevo.put(f"contacts/{contact_id}", {"attributes": {"OWN": value}}).status_code
    assert dropped == [one.value for one in brevo.account.ignored]


@pytest.mark.parametrize(
    ("style", "names", "has_metadata"),
    [
        ("metadata", "email is already associated", True),
        ("sentence", "email is already associated", False),
        ("older", "Email address must be unique", False),
        ("unnamed", "Contact already exist", False),
    ],
)
def test_a_clash_is_worded_in_several_ways(brevo: Caller, style: Any, names: str, has_metadata: bool) -> None:
    """With the field's name in metadata or in the sentence, or without any."""
    brevo.account.duplicate_style = style
    brevo.create(email=ANA)
    other = brevo.create(email=BEN)
    answer = brevo.put(f"contacts/{other}", {"attributes": {"EMAIL": ANA}})
    assert (400, "duplicate_parameter") == refusal(answer)
    assert names in answer.json()["message"]
    assert has_metadata == ("metadata" in answer.json())
