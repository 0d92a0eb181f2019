"""Attributes, lists and listings of contacts at the Brevo stand-in, as plain HTTP sees them."""

from typing import Any

import pytest

from tests.contract.local.brevo.calls import Caller, refusal
from twilio_bridge_local.vendors.brevo.attributes import Attribute

WRONG_QUERIES = [
    {"limit": 0},
    {"limit": 1001},
    {"limit": "many"},
    {"offset": -1},
    {"sort": "up"},
    {"filter": 'equals(NOTHING,"x")'},
    {"filter": "FIRSTNAME=x"},
    {"modifiedSince": "yesterday"},
    {"ids": list(range(1, 22))},
    {"ids": "one"},
    {"listIds": 1, "segmentId": 1},
]


def test_attributes_are_made_and_listed(brevo: Caller) -> None:
    """201 without a body; names are in capitals, a second time is a 400."""
    made = brevo.post("contacts/attributes/normal/csat_score", {"type": "float"})
    assert (201, b"") == (made.status_code, made.content)
    options = {"type": "multiple-choice", "multiCategoryOptions": ["a", "b"]}
    assert 201 == brevo.post("contacts/attributes/normal/CHOICE", options).status_code
    tiers = {"type": "category", "enumeration": [{"value": 1, "label": "gold"}]}
    assert 201 == brevo.post("contacts/attributes/category/TIER", tiers).status_code
    assert 201 == brevo.post("contacts/attributes/calculated/SUM", {"value": "1+1"}).status_code
    again = brevo.post("contacts/attributes/normal/CSAT_SCORE", {"type": "text"})
    listed = {one["name"]: one for one in brevo.get("contacts/attributes")["attributes"]}

    assert (400, "invalid_parameter") == refusal(again)
    assert {"name": "FIRSTNAME", "category": "normal", "type": "text"} == listed["FIRSTNAME"]
    assert {"name": "CSAT_SCORE", "category": "normal", "type": "float"} == listed["CSAT_SCORE"]
    assert ["a", "b"] == listed["CHOICE"]["multiCategoryOptions"]
    assert [{"value": 1, "label": "gold"}] == listed["TIER"]["enumeration"]
    assert {"name": "SUM", "category": "calculated", "calculatedValue": "1+1"} == listed["SUM"]


def test_an_attribute_holds_values_once_it_is_made(brevo: Caller) -> None:
    """Not before: what was dropped does not come back."""
    brevo.create(email="ana@example.com", attributes={"CSAT_SCORE": 4})
    brevo.post("contacts/attributes/normal/CSAT_SCORE", {"type": "float"})
    assert {} == brevo.get("contacts/1")["attributes"]
    brevo.upsert(email="ana@example.com", attributes={"csat_score": 4.5})

    assert {"CSAT_SCORE": 4.5} == brevo.get("contacts/1")["attributes"]


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("odd/X", {"type": "text"}),
        ("normal/X", {}),
        ("normal/X", {"type": "category"}),
        ("normal/X-Y", {"type": "text"}),
        ("normal/" + "X" * 51, {"type": "text"}),
        ("category/X", {"type": "category", "enumeration": [{"label": "gold"}]}),
        ("category/X", {"type": "category", "enumeration": {"gold": 1}}),
        ("normal/X", {"type": "multiple-choice", "multiCategoryOptions": ["x" * 201]}),
        ("normal/X", {"type": "multiple-choice", "multiCategoryOptions": "a"}),
        ("global/X", {"value": 1}),
    ],
)
def test_attributes_that_brevo_refuses(brevo: Caller, place: str, body: object) -> None:
    """Unknown categories and types, odd names, options that are too long."""
    assert (400, "invalid_parameter") == refusal(brevo.post(f"contacts/attributes/{place}", body))


def test_an_account_has_two_hundred_attributes_at_most(brevo: Caller) -> None:
    """The next one is refused."""
    built_in = len(brevo.account.attributes)
    brevo.account.add_attributes(Attribute(f"A{number}") for number in range(199 - built_in))
    answers = [brevo.post(f"contacts/attributes/normal/{name}", {"type": "text"}) for name in ("LAST", "MORE")]

    assert [201, 400] == [answer.status_code for answer in answers]
    assert 200 == len(brevo.get("contacts/attributes")["attributes"])


def test_lists_count_their_contacts(brevo: Caller) -> None:
    """Newest first in the listing; one of them has more fields."""
    brevo.create(email="ana@example.com", listIds=[1], emailBlacklisted=True)
    brevo.create(email="bo@example.com", listIds=[1, 2])
    listed = brevo.get("contacts/lists", limit=1)
    one = brevo.get("contacts/lists/1")

    assert (2, ["Newsletter"]) == (listed["count"], [each["name"] for each in listed["lists"]])
    assert [1] == [each["id"] for each in brevo.get("contacts/lists", offset=1)["lists"]]
    assert {
        "id": 1,
        "name": "Customers",
        "folderId": 1,
        "uniqueSubscribers": 2,
        "totalSubscribers": 2,
        "totalBlacklisted": 1,
        "createdAt": one["createdAt"],
        "dynamicList": False,
    } == one
    assert (404, "document_not_found") == refusal(brevo.ask("GET", "contacts/lists/3"))
    assert (400, "out_of_range") == refusal(brevo.ask("GET", "contacts/lists", params={"limit": 51}))


def test_contacts_go_on_lists_and_off(brevo: Caller) -> None:
    """By email, id or own id; those that are on it already, or are nobody, fail."""
    brevo.create(email="ana@example.com")
    brevo.create(email="bo@example.com", ext_id="b")
    added = brevo.post("contacts/lists/1/contacts/add", {"emails": ["ana@example.com", "nobody@example.com", "odd"]})
    assert (201, {"success": ["ana@example.com"], "failure": ["nobody@example.com", "odd"]}) == (
        added.status_code,
        added.json()["contacts"],
    )
    added = brevo.post("contacts/lists/1/contacts/add", {"ids": [1, 2, 2]})
    assert {"success": [2], "failure": [1, 2]} == added.json()["contacts"]
    removed = brevo.post("contacts/lists/1/contacts/remove", {"extIds": ["b", "c"]})
    assert (201, {"success": ["b"], "failure": ["c"]}) == (removed.status_code, removed.json()["contacts"])

    assert [(1,), ()] == [contact.list_ids for contact in brevo.account.contacts.values()]


def test_nobody_added_or_removed_is_an_error(brevo: Caller) -> None:
    """The sentence is the only thing that tells it from other invalid parameters."""
    brevo.create(email="ana@example.com", listIds=[1])
    again = brevo.post("contacts/lists/1/contacts/add", {"ids": [1]})
    gone = brevo.post("contacts/lists/2/contacts/remove", {"ids": [1]})

    assert (400, "invalid_parameter") == refusal(again) == refusal(gone)
    assert "Contact already in list and/or does not exist" == again.json()["message"]


def test_a_list_is_emptied_at_once(brevo: Caller) -> None:
    """With a process, of which only the number is told."""
    for name in ("a", "b", "c"):
        brevo.create(email=f"{name}@example.com", listIds=[1] if name != "c" else [2])
    emptied = brevo.post("contacts/lists/1/contacts/remove", {"all": True})

    assert (201, 2) == (emptied.status_code, emptied.json()["contacts"]["total"])
    assert [0, 1] == [brevo.get(f"contacts/lists/{number}")["totalSubscribers"] for number in (1, 2)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "missing_parameter"),
        ({"ids": [1], "emails": ["ana@example.com"]}, "missing_parameter"),
        ({"ids": []}, "invalid_parameter"),
        ({"ids": list(range(1, 152))}, "invalid_parameter"),
    ],
)
@pytest.mark.parametrize("doing", ["add", "remove"])
def test_a_hundred_and_fifty_at_a_time(brevo: Caller, doing: str, body: object, expected: str) -> None:
    """Of one kind; and the list has to be there."""
    brevo.create(email="ana@example.com", listIds=[2])
    brevo.create(email="bo@example.com", listIds=[1])
    assert (400, expected) == refusal(brevo.post(f"contacts/lists/1/contacts/{doing}", body))
    assert (404, "document_not_found") == refusal(brevo.post(f"contacts/lists/9/contacts/{doing}", body))
    assert [(2,), (1,)] == [contact.list_ids for contact in brevo.account.contacts.values()]


@pytest.fixture
def crowd(brevo: Caller) -> Caller:
    """Sixty contacts, one a minute, every second on a list."""
    for number in range(60):
        lists = [1] if number % 2 else [2]
        brevo.create(email=f"{number}@example.com", attributes={"FIRSTNAME": f"N {number % 3}"}, listIds=lists)
        brevo.clock.advance(60)
    return brevo


def test_contacts_come_in_pages(crowd: Caller) -> None:
    """Fifty at a time, newest first; the count is of all."""
    first = crowd.get("contacts")
    rest = crowd.get("contacts", offset=50, limit=1000)

    assert (60, 60) == (first["count"], rest["count"])
    assert list(range(60, 0, -1)) == [one["id"] for one in (*first["contacts"], *rest["contacts"])]
    assert [1, 2, 3] == [one["id"] for one in crowd.get("contacts", sort="asc", limit=3)["contacts"]]
    assert "statistics" not in first["contacts"][0]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"createdSince": "2026-03-01T12:57:00.250Z"}, [60, 59, 58]),
        ({"modifiedSince": "2026-03-01T13:58:00.250+01:00"}, [60, 59]),
        ({"ids": [3, 99, 5]}, [5, 3]),
        ({"ids": "3,5"}, [5, 3]),
        ({"listIds": [1], "limit": 2}, [60, 58]),
        ({"filter": 'equals(FIRSTNAME,"N 2")', "limit": 2}, [60, 57]),
        ({"filter": 'equals(firstname,"N 9")'}, []),
    ],
)
def test_contacts_are_chosen(crowd: Caller, query: dict[str, Any], expected: list[int]) -> None:
    """By time, number, list and the value of an attribute."""
    assert expected == [one["id"] for one in crowd.get("contacts", **query)["contacts"]]


def test_a_change_makes_a_contact_modified(crowd: Caller) -> None:
    """And only the changed one."""
    crowd.put("contacts/7", {"attributes": {"FIRSTNAME": "New"}})
    assert [7] == [one["id"] for one in crowd.get("contacts", modifiedSince="2026-03-01T13:00:00Z")["contacts"]]


@pytest.mark.parametrize("query", WRONG_QUERIES)
def test_queries_that_brevo_refuses(brevo: Caller, query: dict[str, Any]) -> None:
    """With nobody to find, too."""
    status, code = refusal(brevo.ask("GET", "contacts", params=query))
    assert status == 400
    assert code in {"invalid_parameter", "out_of_range"}


def test_lists_and_attributes_come_and_go(brevo: Caller) -> None:
    """A list needs a folder that is there; what is deleted is gone from its contacts, too."""
    (folder,) = brevo.get("contacts/folders")["folders"]
    made = brevo.post("contacts/lists", {"name": "Support contacts", "folderId": folder["id"]})
    assert 201 == made.status_code
    list_id = made.json()["id"]
    assert 201 == brevo.post("contacts/attributes/normal/TIER", {"type": "text"}).status_code
    contact = {"email": "a@example.org", "attributes": {"TIER": "gold"}, "listIds": [list_id]}
    assert 201 == brevo.post("contacts", contact).status_code

    assert (404, "document_not_found") == refusal(brevo.post("contacts/lists", {"name": "x", "folderId": 99}))
    assert (400, "missing_parameter") == refusal(brevo.post("contacts/lists", {"folderId": folder["id"]}))
    assert 204 == brevo.ask("DELETE", f"contacts/lists/{list_id}").status_code
    assert 204 == brevo.ask("DELETE", "contacts/attributes/normal/TIER").status_code
    assert (404, "document_not_found") == refusal(brevo.ask("DELETE", "contacts/attributes/normal/TIER"))
    assert (404, "document_not_found") == refusal(brevo.ask("DELETE", f"contacts/lists/{list_id}"))
    kept = brevo.get("contacts/a@example.org")
    assert ([], {}) == (kept["listIds"], kept["attributes"])
