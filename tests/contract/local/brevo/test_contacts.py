"""Contacts at the Brevo stand-in, as plain HTTP sees them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.local.brevo.calls import Caller, refusal
from tests.sizes import size
from twilio_bridge_local.vendors.brevo.attributes import Attribute

ANA = "ana@example.com"
NUMBER = "447700900123"


def test_a_contact_is_created_and_read(brevo: Caller) -> None:
    """201 with the id; the answer has Brevo's fields, UTC times with milliseconds, and digits for numbers."""
    made = brevo.post("contacts", {"email": "Ana@Example.com", "ext_id": "c-1", "attributes": {"SMS": "+447700900123"}})

    assert (201, {"id": 1}) == (made.status_code, made.json())
    assert {
        "id": 1,
        "email": ANA,
        "emailBlacklisted": False,
        "smsBlacklisted": False,
        "whatsappBlacklisted": False,
        "createdAt": "2026-03-01T12:00:00.250Z",
        "modifiedAt": "2026-03-01T12:00:00.250Z",
        "listIds": [],
        "listUnsubscribed": [],
        "consentGroups": [],
        "attributes": {"SMS": NUMBER, "EXT_ID": "c-1"},
        "statistics": {},
    } == brevo.get(f"contacts/{ANA}")


@pytest.mark.parametrize("body", [{"email": ANA}, {"attributes": {"SMS": "+447700900123"}}, {"ext_id": "c-1"}])
def test_one_identifier_is_enough(brevo: Caller, body: dict[str, object]) -> None:
    """An email, a number or an own id; the second time it is a duplicate, or an update where that is allowed."""
    brevo.create(**body)

    assert (400, "duplicate_parameter") == refusal(brevo.post("contacts", body))
    updated = brevo.upsert(**body)
    assert (204, b"") == (updated.status_code, updated.content)
    assert 1 == len(brevo.account.contacts)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "missing_parameter")),
        ({"attributes": {"FIRSTNAME": "Ana"}}, (400, "missing_parameter")),
        ({"attributes": {"SMS": ""}}, (400, "missing_parameter")),
        ({"attributes": {"WHATSAPP": "+447700900123"}}, (400, "missing_parameter")),
        ({"email": "ana"}, (400, "invalid_parameter")),
        ({"email": 7}, (400, "invalid_parameter")),
        ({"email": ANA, "attributes": {"SMS": "07700 900123"}}, (400, "invalid_parameter")),
        ({"email": ANA, "attributes": {"SMS": "client:ana"}}, (400, "invalid_parameter")),
        ({"email": ANA, "attributes": {"SMS": "+999123456789"}}, (400, "invalid_parameter")),
        ({"ext_id": ["c-1"]}, (400, "invalid_parameter")),
        ({"email": ANA, "attributes": ["FIRSTNAME"]}, (400, "bad_request")),
        ({"email": ANA, "listIds": "1"}, (400, "invalid_parameter")),
        ({"email": ANA, "listIds": [1, 9]}, (404, "document_not_found")),
        ({"email": ANA, "emailBlacklisted": "yes"}, (400, "invalid_parameter")),
    ],
)
def test_bodies_that_brevo_refuses(brevo: Caller, body: dict[str, object], expected: tuple[int, str]) -> None:
    """Each with its code, and nothing is written."""
    assert expected == refusal(brevo.post("contacts", body))
    assert {} == brevo.account.contacts


@pytest.mark.parametrize("written", ["447700900123", "+44 (0)7700 900-123", "0044 7700.900123", "+44(7700)900123"])
def test_a_number_is_the_same_however_it_is_written(brevo: Caller, written: str) -> None:
    """The country code is there in each, and each finds the same contact."""
    contact_id = brevo.create(attributes={"SMS": written})

    for other in (NUMBER, "+447700900123", "00447700900123"):
        assert contact_id == brevo.get(f"contacts/{other}", identifierType="phone_id")["id"]


def test_attributes_that_do_not_fit_are_dropped_without_a_word(brevo: Caller) -> None:
    """The call succeeds; only the stand-in tells what was ignored and why."""
    kinds = ("text", "date", "float", "boolean")
    brevo.account.add_attributes([Attribute(kind.upper(), type=kind) for kind in kinds])
    brevo.account.add_attributes([Attribute("CHOICE", type="multiple-choice", options=("a", "b"))])
    brevo.account.add_attributes([Attribute("TIER", "category", "category", enumeration=((1, "gold"),))])
    good = {"text": "x", "Date": "2026-03-01", "FLOAT": 0, "boolean": False, "CHOICE": ["a"], "tier": "gold"}
    bad = {"TEXT": 1, "DATE": "1.3.2026", "FLOAT": "1", "BOOLEAN": 1, "CHOICE": ["c"], "TIER": "tin", "CSAT": 5}

    brevo.create(email=ANA, attributes=good)
    assert 204 == brevo.upsert(email=ANA, attributes=bad).status_code
    assert {name.upper(): value for name, value in good.items()} == brevo.get(f"contacts/{ANA}")["attributes"]
    assert [*((name, "type") for name in list(bad)[:-1]), ("CSAT", "unknown")] == [
        (one.attribute, one.reason) for one in brevo.account.ignored
    ]


def test_an_empty_text_empties_an_attribute(brevo: Caller) -> None:
    """A number is free for another contact then."""
    brevo.create(email=ANA, attributes={"FIRSTNAME": "Ana", "SMS": NUMBER})
    assert 204 == brevo.put(f"contacts/{ANA}", {"attributes": {"FIRSTNAME": "", "SMS": ""}}).status_code

    assert {} == brevo.get(f"contacts/{ANA}")["attributes"]
    brevo.create(attributes={"SMS": NUMBER})


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("SMS", {"attributes": {"SMS": "+447700900123"}}),
        ("WHATSAPP", {"attributes": {"whatsapp": "447700900124"}}),
        ("LANDLINE_NUMBER", {"attributes": {"LANDLINE_NUMBER": "+442079460000"}}),
        ("ext_id", {"ext_id": "c-1"}),
    ],
)
def test_each_identifier_is_one_contacts_only(brevo: Caller, name: str, body: dict[str, object]) -> None:
    """A clash names itself in the metadata, on create, upsert and update, and changes nothing."""
    brevo.create(email="other@example.com", **body)
    brevo.create(email=ANA)
    before = dict(brevo.account.contacts)
    clashing = (
        brevo.post("contacts", {"email": "new@example.com", **body}),
        brevo.upsert(email="new@example.com", **body),
        brevo.upsert(email=ANA, **body),
        brevo.put(f"contacts/{ANA}", body),
    )

    for answer in clashing:
        assert (400, "duplicate_parameter") == refusal(answer)
        assert {"duplicate_identifiers": [name]} == answer.json()["metadata"]
    assert before == brevo.account.contacts


def test_several_clashes_are_all_named(brevo: Caller) -> None:
    """The email of one, the number of another."""
    brevo.create(email=ANA)
    brevo.create(attributes={"SMS": NUMBER})
    clash = brevo.post("contacts", {"email": ANA, "attributes": {"SMS": NUMBER}}).json()

    assert {"email", "SMS"} == set(clash["metadata"]["duplicate_identifiers"])
    assert "already associated with another Contact" in clash["message"]


def test_a_clash_may_come_under_another_code(brevo: Caller) -> None:
    """As it was seen in May 2026: only the metadata tells it from any other invalid parameter."""
    brevo.account.duplicate_code = "invalid_parameter"
    brevo.create(email=ANA)
    clash = brevo.post("contacts", {"email": ANA})

    assert (400, "invalid_parameter") == refusal(clash)
    assert {"duplicate_identifiers": ["email"]} == clash.json()["metadata"]


def test_a_forced_merge_leaves_one_contact(brevo: Caller) -> None:
    """The one that was modified last, with both timelines; getId tells which."""
    older = brevo.create(email=ANA, listIds=[1])
    brevo.clock.advance(60)
    newer = brevo.create(attributes={"SMS": NUMBER}, listIds=[2])
    for contact_id in (older, newer):
        brevo.post("events", {"event_name": "e", "identifiers": {"contact_id": contact_id}})
    merged = brevo.upsert(email=ANA, attributes={"SMS": NUMBER}, forceMerge=True, getId=True)

    assert (200, {"id": newer}) == (merged.status_code, merged.json())
    assert (ANA, [2, 1]) == tuple(brevo.get(f"contacts/{newer}")[key] for key in ("email", "listIds"))
    assert 404 == brevo.ask("GET", f"contacts/{older}").status_code
    assert 2 == len(brevo.account.timeline(newer))


def test_a_forced_merge_needs_no_update_enabled_and_works_by_put(brevo: Caller) -> None:
    """It is opt-in by its own flag."""
    brevo.create(email=ANA)
    brevo.create(email="b@example.com", attributes={"SMS": NUMBER})
    brevo.clock.advance(1)
    assert 204 == brevo.post("contacts", {"email": ANA, "forceMerge": True}).status_code
    assert 204 == brevo.put(f"contacts/{ANA}", {"attributes": {"SMS": NUMBER}, "forceMerge": True}).status_code

    (left,) = brevo.account.contacts.values()
    assert (ANA, NUMBER) == (left.email, left.attributes["SMS"])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (None, ANA),
        (None, "1"),
        ("email_id", "ANA@example.com"),
        ("contact_id", "1"),
        ("ext_id", "c-1"),
        ("phone_id", "+447700900123"),
        ("whatsapp_id", "447700900124"),
        ("landline_number_id", "00442079460000"),
    ],
)
def test_a_contact_is_found_by_each_identifier(brevo: Caller, kind: str | None, value: str) -> None:
    """For reading, changing and deleting; without a type an email or a number."""
    numbers = {"SMS": NUMBER, "WHATSAPP": "447700900124", "LANDLINE_NUMBER": "442079460000"}
    brevo.create(email=ANA, ext_id="c-1", attributes=numbers)
    query = {} if kind is None else {"identifierType": kind}

    assert 1 == brevo.get(f"contacts/{value}", **query)["id"]
    changed = brevo.ask("PUT", f"contacts/{value}", params=query, json={"attributes": {"FIRSTNAME": "Ana"}})
    assert (204, b"") == (changed.status_code, changed.content)
    assert "Ana" == brevo.account.contacts[1].attributes["FIRSTNAME"]
    assert 204 == brevo.ask("DELETE", f"contacts/{value}", params=query).status_code
    assert (404, "document_not_found") == refusal(brevo.ask("GET", f"contacts/{value}", params=query))


@pytest.mark.parametrize(
    ("identifier", "query", "expected"),
    [
        ("9", {}, (404, "document_not_found")),
        ("nobody@example.com", {}, (404, "document_not_found")),
        ("c-1", {}, (400, "invalid_parameter")),
        ("c-1", {"identifierType": "crm_id"}, (400, "invalid_parameter")),
        ("c-9", {"identifierType": "ext_id"}, (404, "document_not_found")),
        ("07700900123", {"identifierType": "phone_id"}, (400, "invalid_parameter")),
    ],
)
def test_nobody_is_found(brevo: Caller, identifier: str, query: dict[str, str], expected: tuple[int, str]) -> None:
    """An own id needs its type."""
    brevo.create(email=ANA, ext_id="c-1")

    for method, body in (("GET", None), ("PUT", {"ext_id": "x"}), ("DELETE", None)):
        assert expected == refusal(brevo.ask(method, f"contacts/{identifier}", params=query, json=body))


def test_a_change_of_identifiers(brevo: Caller) -> None:
    """EMAIL and SMS among the attributes, ext_id beside them; only modifiedAt moves."""
    contact_id = brevo.create(email=ANA)
    brevo.clock.advance(5)
    brevo.put(f"contacts/{contact_id}", {"attributes": {"EMAIL": "new@example.com", "sms": NUMBER}, "ext_id": "c-2"})
    changed = brevo.get("contacts/c-2", identifierType="ext_id")

    assert ("new@example.com", NUMBER) == (changed["email"], changed["attributes"]["SMS"])
    assert ("2026-03-01T12:00:00.250Z", "2026-03-01T12:00:05.250Z") == (changed["createdAt"], changed["modifiedAt"])


def test_a_new_email_is_not_blocklisted(brevo: Caller) -> None:
    """The consent of a person is lost with her address, unless the request says it anew."""
    brevo.create(email=ANA, emailBlacklisted=True, smsBlacklisted=True)
    brevo.put(f"contacts/{ANA}", {"attributes": {"FIRSTNAME": "Ana", "EMAIL": ANA}})
    assert brevo.get(f"contacts/{ANA}")["emailBlacklisted"]
    brevo.put(f"contacts/{ANA}", {"attributes": {"EMAIL": "new@example.com"}})

    changed = brevo.get("contacts/new@example.com")
    assert (False, True) == (changed["emailBlacklisted"], changed["smsBlacklisted"])
    brevo.put("contacts/new@example.com", {"attributes": {"EMAIL": ANA}, "emailBlacklisted": True})
    assert brevo.get(f"contacts/{ANA}")["emailBlacklisted"]


def test_lists_are_added_and_unlinked(brevo: Caller) -> None:
    """What listIds names comes on top of what is there."""
    brevo.create(email=ANA, listIds=[1])
    brevo.upsert(email=ANA, listIds=[2, 1])
    assert [1, 2] == brevo.get(f"contacts/{ANA}")["listIds"]
    brevo.put(f"contacts/{ANA}", {"unlinkListIds": [1]})

    assert [2] == brevo.get(f"contacts/{ANA}")["listIds"]
    assert (404, "document_not_found") == refusal(brevo.put(f"contacts/{ANA}", {"unlinkListIds": [3]}))


IDENTIFIERS = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["a@example.com", "b@example.com", "C@example.com"]),
        "ext_id": st.sampled_from(["1", "2", "3"]),
        "attributes": st.dictionaries(
            st.sampled_from(["SMS", "WHATSAPP", "LANDLINE_NUMBER"]),
            st.sampled_from(["+447700900121", "00447700900122", "447700900123", ""]),
        ),
        "updateEnabled": st.booleans(),
        "forceMerge": st.booleans(),
        "listIds": st.lists(st.integers(1, 3), max_size=2),
    },
)


@pytest.mark.prove
@settings(max_examples=size(20, 40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(IDENTIFIERS, min_size=1, max_size=8))
def test_no_two_contacts_ever_share_an_identifier(brevo: Caller, bodies: list[dict[str, object]]) -> None:
    """Whatever is posted in whatever order; and only a 2xx has an effect."""
    brevo.account.contacts.clear()
    for body in bodies:
        before = dict(brevo.account.contacts)
        answer = brevo.post("contacts", body)
        assert answer.status_code in {201, 204} or before == brevo.account.contacts
        contacts = brevo.account.contacts.values()
        for name in ("email", "ext_id", "SMS", "WHATSAPP", "LANDLINE_NUMBER"):
            values = [value for contact in contacts if (value := contact.identifier(name))]
            assert len(values) == len(set(values)), name
