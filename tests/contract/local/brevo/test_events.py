"""Events at the Brevo stand-in, as plain HTTP sees them."""

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.local.brevo.calls import MADE, Caller, refusal
from twilio_bridge_local.vendors.brevo.account import iso

ANA = {"email_id": "ana@example.com"}
FULL = {
    "event_name": "support_conversation-1",
    "event_date": "2026-03-01T10:30:00.5+01:00",
    "identifiers": ANA,
    "contact_properties": {"firstname": "Ana", "NOTHING": 1},
    "event_properties": {"channel": "sms", "wait_s": 12, "solved": True, "agents": ["a"], "nested": {"a-b": 1.5}},
    "object": {"type": "order", "identifiers": {"ext_id": "1"}},
}


@pytest.fixture
def ana(brevo: Caller) -> Caller:
    """An account with one contact."""
    brevo.create(
        email="ana@example.com",
        ext_id="c-1",
        attributes={"SMS": "447700900123", "WHATSAPP": "447700900124", "LANDLINE_NUMBER": "442079460000"},
    )
    return brevo


def event(**more: object) -> dict[str, object]:
    return {"event_name": "seen", "identifiers": ANA, **more}


def test_an_event_stands_on_the_timeline(ana: Caller) -> None:
    """204 without a body; contact properties change the contact where there are such attributes."""
    accepted = ana.post("events", FULL)

    assert (204, b"") == (accepted.status_code, accepted.content)
    assert {
        "count": 1,
        "events": [
            {
                "contact_id": 1,
                "event_date": "2026-03-01T09:30:00.500Z",
                "event_name": "support_conversation-1",
                "event_filter_id": "000000000000000000000001",
                "source": "api",
                "object_type": "order",
                "event_properties": FULL["event_properties"],
                "contact_properties": FULL["contact_properties"],
            }
        ],
    } == ana.get("events")
    assert "Ana" == ana.account.contacts[1].attributes["FIRSTNAME"]
    assert [("NOTHING", "unknown")] == [(one.attribute, one.reason) for one in ana.account.ignored]


def test_sent_twice_is_there_twice(ana: Caller) -> None:
    """There is no idempotency."""
    for _ in range(2):
        ana.post("events", FULL)
    assert ["support_conversation-1"] * 2 == [entry.event_name for entry in ana.account.timeline(1)]


def test_a_date_that_is_not_given_is_now(ana: Caller) -> None:
    """The stand-in's now."""
    ana.post("events", event())
    assert [MADE] == [entry.event_date for entry in ana.account.timeline(1)]


@pytest.mark.parametrize(
    "identifiers",
    [
        {"contact_id": 1},
        {"email_id": "ANA@example.com"},
        {"ext_id": "c-1"},
        {"phone_id": "+447700900123"},
        {"whatsapp_id": "00447700900124"},
        {"landline_number_id": "442079460000"},
        {"email_id": "nobody@example.com", "ext_id": "c-1"},
        {"contact_id": 1, "email_id": "bo@example.com"},
    ],
)
def test_an_event_finds_its_contact(ana: Caller, identifiers: dict[str, object]) -> None:
    """By each identifier; contact_id wins."""
    ana.create(email="bo@example.com")
    assert 204 == ana.post("events", event(identifiers=identifiers)).status_code
    assert [1] == [entry.contact_id for entry in ana.account.entries]


def test_identifiers_are_not_changed_by_an_event(ana: Caller) -> None:
    """Whatever its contact properties say."""
    before = ana.account.contacts[1]
    ana.post("events", event(contact_properties={"EMAIL": "x@example.com", "SMS": "447700900999", "ext_id": "9"}))
    after = ana.account.contacts[1]

    assert [before.identifier(name) for name in ("email", "SMS", "ext_id")] == [
        after.identifier(name) for name in ("email", "SMS", "ext_id")
    ]


def test_an_event_of_nobody_is_accepted_and_lost(brevo: Caller) -> None:
    """No contact comes of it, and it does not come back when there is one."""
    assert 204 == brevo.post("events", event()).status_code
    brevo.create(email="ana@example.com")

    assert [ANA] == [entry.identifiers for entry in brevo.account.unresolved]
    assert {"count": 0, "events": []} == brevo.get("events")


def test_an_event_of_nobody_may_be_refused(brevo: Caller) -> None:
    """The other thing that Brevo might do."""
    brevo.account.unresolved_events = "refuse"
    assert (400, "invalid_parameter") == refusal(brevo.post("events", event()))
    assert [] == brevo.account.entries


def test_an_event_of_nobody_may_make_a_contact(brevo: Caller) -> None:
    """Or it might do this, but not out of a contact_id."""
    brevo.account.unresolved_events = "create"
    identifiers = {**ANA, "phone_id": "+447700900123", "ext_id": "c-1"}
    assert 204 == brevo.post("events", event(identifiers=identifiers)).status_code
    made = brevo.account.contacts[1]

    assert ("ana@example.com", "447700900123", "c-1") == (made.email, made.attributes["SMS"], made.ext_id)
    assert 1 == len(brevo.account.timeline(1))
    assert (400, "invalid_parameter") == refusal(brevo.post("events", event(identifiers={"contact_id": 9})))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"identifiers": ANA}, "missing_parameter"),
        ({"event_name": "x"}, "missing_parameter"),
        (event(identifiers={}), "missing_parameter"),
        (event(identifiers={"email": "ana@example.com"}), "missing_parameter"),
        (event(identifiers={"email_id": "ana"}), "invalid_parameter"),
        (event(identifiers={"contact_id": "one"}), "invalid_parameter"),
        (event(identifiers="ana@example.com"), "invalid_parameter"),
        (event(event_name="two words"), "invalid_parameter"),
        (event(event_name="x" * 256), "invalid_parameter"),
        (event(event_name=7), "invalid_parameter"),
        (event(event_date="yesterday"), "invalid_parameter"),
        (event(event_date=20260301), "invalid_parameter"),
        (event(event_properties=[1]), "invalid_parameter"),
        (event(event_properties={"a b": 1}), "invalid_parameter"),
        (event(event_properties={"x" * 256: 1}), "invalid_parameter"),
        (event(event_properties={"a": [{"b.c": 1}]}), "invalid_parameter"),
        (event(event_properties={"a": {"b": None}}), "invalid_parameter"),
        (event(event_properties={"a": "ü" * 25_000}), "invalid_parameter"),
    ],
)
def test_events_that_brevo_refuses(ana: Caller, body: object, expected: str) -> None:
    """And nothing is written."""
    assert (400, expected) == refusal(ana.post("events", body))
    assert [] == ana.account.entries


def test_properties_may_be_as_large_as_is_said(ana: Caller) -> None:
    """50 KB, counted as UTF-8, and names of 255 characters."""
    body = event(event_name="x" * 255, event_properties={"x" * 255: "y" * (50_000 - 255 - len('{"": ""}'))})
    assert 50_000 == len(json.dumps(body["event_properties"]))
    assert 204 == ana.post("events", body).status_code


def test_a_batch_is_an_object_with_events(ana: Caller) -> None:
    """202 with the count."""
    accepted = ana.post("events/batch", {"events": [event(), FULL]})
    assert (202, 2) == (accepted.status_code, accepted.json()["count"])
    assert ["seen", "support_conversation-1"] == [entry.event_name for entry in ana.account.timeline(1)]


def test_a_part_of_a_batch_may_fail(ana: Caller) -> None:
    """207 names the places of those that did; the others are accepted."""
    events = [event(), event(event_name="a b"), event(), event(event_name="c d"), {"event_name": "e"}, 7]
    answer = ana.post("events/batch", {"events": events})
    body = answer.json()

    assert 207 == answer.status_code
    assert (6, 2, 4) == (body["total_events"], body["successful_events"], body["failed_events"])
    assert [[1, 3], [4], [5]] == [error["eventIndex"] for error in body["errors"]]
    assert 2 == len(ana.account.timeline(1))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([event()], "bad_request"),
        ("text", "bad_request"),
        ({}, "invalid_parameter"),
        ({"events": []}, "invalid_parameter"),
        ({"events": [event()] * 201}, "invalid_parameter"),
    ],
)
def test_batches_that_brevo_refuses(ana: Caller, body: object, expected: str) -> None:
    """A bare array cannot be unmarshalled."""
    refused = ana.post("events/batch", body)
    assert (400, expected) == refusal(refused)
    assert ("cannot unmarshal array" in refused.json()["message"]) == isinstance(body, list)
    assert [] == ana.account.entries


def test_events_are_listed_by_their_date(ana: Caller) -> None:
    """The latest first, whatever the order of their arrival, in pages."""
    hours = list(range(150))
    random.Random(7).shuffle(hours)  # noqa: S311  an order, not a secret
    for hour in hours:
        ana.post("events", event(event_date=iso(MADE - timedelta(hours=hour))))
    first, rest = ana.get("events"), ana.get("events", limit=100, offset=100)
    dates = [one["event_date"] for one in (*first["events"], *rest["events"])]

    assert (150, 150, 100) == (first["count"], rest["count"], len(first["events"]))
    assert [iso(MADE - timedelta(hours=hour)) for hour in range(150)] == dates


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["new", "old"]),
        ({"contact_id": 1}, ["old"]),
        ({"contact_id": [1, 2]}, ["new", "old"]),
        ({"contact_id": 3}, []),
        ({"event_name": ["new", "other"]}, ["new"]),
        ({"object_type": "order"}, ["new"]),
        ({"startDate": "2026-02-01", "endDate": "2026-02-28"}, ["old"]),
        ({"startDate": "2026-02-28T23:00:00Z", "endDate": "2026-03-01T00:30:00+01:00"}, ["old"]),
        ({"startDate": "2020-01-01", "endDate": "2026-12-31"}, ["new", "old", "ancient"]),
        ({"limit": 1}, ["new"]),
        ({"offset": 1}, ["old"]),
    ],
)
def test_events_are_chosen(ana: Caller, query: dict[str, Any], expected: list[str]) -> None:
    """By contact, name, object and date; half a year back without dates."""
    ana.create(email="bo@example.com")
    bo = {"email_id": "bo@example.com"}
    ana.post("events", event(event_name="new", identifiers=bo, object={"type": "order"}))
    ana.post("events", event(event_name="old", event_date="2026-02-28T23:15:00Z"))
    ana.post("events", event(event_name="ancient", event_date="2025-08-01T00:00:00Z"))

    assert expected == [one["event_name"] for one in ana.get("events", **query)["events"]]


@pytest.mark.parametrize(
    "query",
    [
        {"startDate": "2026-01-01"},
        {"endDate": "2026-01-01"},
        {"startDate": "2026-01-02", "endDate": "2026-01-01"},
        {"startDate": "then", "endDate": "now"},
        {"limit": 0},
        {"limit": 10_001},
        {"contact_id": "one"},
    ],
)
def test_event_queries_that_brevo_refuses(brevo: Caller, query: dict[str, Any]) -> None:
    """One date without the other, a wrong order, numbers out of bounds."""
    assert 400 == brevo.ask("GET", "events", params=query).status_code


def test_an_event_may_be_seen_only_later(ana: Caller) -> None:
    """Nobody says that an accepted event is listed at once."""
    ana.account.events_visible_after_s = 30
    ana.post("events", event(event_date="2026-03-01T11:00:00Z"))
    ana.clock.advance(29)
    assert 0 == ana.get("events")["count"]
    ana.clock.advance(1)
    assert 1 == ana.get("events", contact_id=1)["count"]
