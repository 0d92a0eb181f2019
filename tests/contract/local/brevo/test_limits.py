"""Keys, addresses, errors and rate limits at the Brevo stand-in, as plain HTTP sees them."""

from collections.abc import Iterator

import pytest
import requests

from tests.contract.local.brevo.calls import Caller, Clock, refusal
from twilio_bridge_local.vendors.brevo.account import Account
from twilio_bridge_local.vendors.brevo.limits import NO_LIMITS, Limit
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn
from twilio_bridge_local.vendors.faults import Faults

EVENT = {"event_name": "seen", "identifiers": {"email_id": "ana@example.com"}}


@pytest.fixture
def limited() -> Iterator[Caller]:
    """An account with Brevo's general limits."""
    clock = Clock()
    with BrevoStandIn(Account(now=clock.now), clock=clock) as running:
        yield Caller(running, clock)


def room(answer: requests.Response) -> tuple[str, ...]:
    assert "Retry-After" not in answer.headers

    return tuple(answer.headers[f"x-sib-ratelimit-{name}"] for name in ("limit", "remaining", "reset"))


@pytest.mark.parametrize(
    ("headers", "message"),
    [({}, "authentication not found in headers"), ({"api-key": "xkeysib-other"}, "Key not found")],
)
def test_nobody_comes_in_without_the_key(limited: Caller, headers: dict[str, str], message: str) -> None:
    """401 whatever is asked, and it does not count against the limits."""
    for method, path in (("GET", "account"), ("POST", "events"), ("GET", "nothing")):
        refused = limited.ask(method, path, headers=headers)
        assert (401, {"code": "unauthorized", "message": message}) == (refused.status_code, refused.json())
    assert "99" == room(limited.ask("GET", "account"))[1]


def test_an_address_that_is_not_on_the_list(brevo: Caller) -> None:
    """The same status and code as a wrong key, but it says what to do."""
    brevo.stand_in.ip_blocked = True
    refused = brevo.ask("GET", "account")
    assert (401, "unauthorized") == refusal(refused)
    assert "unrecognised IP address 127.0.0.1" in refused.json()["message"]
    assert "https://app.brevo.com/security/authorised_ips" in refused.json()["message"]
    brevo.stand_in.ip_blocked = False

    assert brevo.get("account")["marketingAutomation"]["enabled"]


@pytest.mark.parametrize(
    "path", ["contacts", "events", "contacts/attributes/normal/X", "contacts/lists/1/contacts/add"]
)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(brevo: Caller, path: str, body: bytes) -> None:
    """400, and the server lives on."""
    assert (400, "bad_request") == refusal(brevo.ask("POST", path, data=body))


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("DELETE", "contacts", (405, "method_not_allowed")),
        ("PATCH", "contacts/1", (405, "method_not_allowed")),
        ("PUT", "events", (405, "method_not_allowed")),
        ("GET", "events/batch", (405, "method_not_allowed")),
        ("POST", "account", (405, "method_not_allowed")),
        ("GET", "campaigns", (404, "document_not_found")),
        ("GET", "../v2/contacts", (404, "document_not_found")),
    ],
)
def test_paths_and_methods_that_are_not_there(brevo: Caller, method: str, path: str, expected: tuple[int, str]) -> None:
    """In Brevo's words."""
    assert expected == refusal(brevo.ask(method, path))


def test_ten_requests_a_second_about_contacts(limited: Caller) -> None:
    """The eleventh is refused and does not count; each answer says how many are left."""
    answers = [limited.ask("GET", path) for path in ["contacts", "contacts/attributes"] * 5]
    assert [("10", str(left), "1") for left in range(9, -1, -1)] == [room(answer) for answer in answers]
    limited.clock.advance(0.9)
    refused = limited.post("contacts", {"email": "ana@example.com"})
    assert (429, "too_many_requests") == refusal(refused)
    assert ("10", "0", "1") == room(refused)
    assert {} == limited.account.contacts
    limited.clock.advance(0.1)

    assert 201 == limited.post("contacts", {"email": "ana@example.com"}).status_code
    assert [429] == [seen.status for seen in limited.stand_in.requests if seen.status >= 400]


def test_ten_events_a_second(limited: Caller) -> None:
    """They have a window of their own."""
    assert [204] * 10 + [429] == [limited.post("events", EVENT).status_code for _ in range(11)]
    assert 200 == limited.ask("GET", "contacts").status_code
    assert 10 == len(limited.account.entries)


def test_a_hundred_requests_an_hour_about_all_the_rest(limited: Caller) -> None:
    """Among them the listing of events and batches of them; the reset is the hour's."""
    asked = [("GET", "account", None), ("GET", "events", None), ("POST", "events/batch", {"events": [EVENT]})]
    answers = [limited.ask(method, path, json=body) for _ in range(34) for method, path, body in asked][:101]
    assert 429 == answers[100].status_code
    assert ("100", "99", "3600") == room(answers[0])
    limited.clock.advance(600)
    refused = limited.ask("GET", "events")
    assert (429, ("100", "0", "3000")) == (refused.status_code, room(refused))
    limited.clock.advance(3000)

    assert 200 == limited.ask("GET", "events").status_code


def test_an_hour_has_its_limit_too(limited: Caller) -> None:
    """The headers are those of the window with the least room."""
    limited.stand_in.rate_limits.set({"contacts": (Limit(10, 1.0), Limit(3, 3600.0))})
    answers = [limited.ask("GET", "contacts") for _ in range(4)]
    assert [200, 200, 200, 429] == [answer.status_code for answer in answers]
    assert [("3", "2", "3600"), ("3", "0", "3600")] == [room(answers[0]), room(answers[3])]
    assert "x-sib-ratelimit-limit" not in limited.ask("GET", "account").headers


def test_limits_are_forgotten_and_switched_off(limited: Caller) -> None:
    """For tests that are about something else."""
    for _ in range(11):
        limited.ask("GET", "contacts")
    limited.stand_in.reset()
    assert 200 == limited.ask("GET", "contacts").status_code
    limited.stand_in.rate_limits.set(NO_LIMITS)
    assert {200} == {limited.ask("GET", "contacts").status_code for _ in range(20)}


def test_refused_for_some_seconds(limited: Caller) -> None:
    """A 429 that was asked for says how long it lasts, and nothing has an effect meanwhile."""
    limited.stand_in.faults = Faults(status=429, for_s=5, only=("POST /v3/events",))
    refused = limited.post("events", EVENT)
    assert (429, "too_many_requests") == refusal(refused)
    assert ("1", "0", "5") == room(refused)
    limited.clock.advance(3.5)
    assert ("1", "0", "2") == room(limited.post("events", EVENT))
    assert 200 == limited.ask("GET", "events").status_code
    limited.clock.advance(1.5)

    assert 204 == limited.post("events", EVENT).status_code
    assert 1 == len(limited.account.entries)
