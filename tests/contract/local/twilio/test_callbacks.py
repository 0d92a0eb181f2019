"""Callbacks of the Twilio stand-in against a real gateway that verifies them with Twilio's own validator."""

from collections.abc import Iterator

import pytest

from tests.contract.local.twilio.test_support import (
    AUTH_TOKEN,
    CUSTOMER,
    NUMBER,
    WORKER,
    Gateway,
    answering,
    slow,
    stand_in,
)
from twilio_bridge_local.vendors.twilio.account import Timeouts
from twilio_bridge_local.vendors.twilio.conversations import webhooks
from twilio_bridge_local.vendors.twilio.people import Contact
from twilio_bridge_local.vendors.twilio.records import WebhookConfiguration
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture
def account(gateway: Gateway) -> TwilioStandIn:
    return stand_in(gateway)


def send(account: TwilioStandIn, parameters: dict[str, str | list[str]]) -> int | None:
    url = account.callback_url("crm")
    assert url
    return webhooks.send(account, "test", url, parameters).status


@pytest.mark.parametrize(
    ("url", "parameters", "expected"),
    [
        (
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            {
                "CallSid": "CA1234567890ABCDE",
                "Caller": "+14158675309",
                "Digits": "1234",
                "From": "+14158675309",
                "To": "+18005551212",
            },
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
        (
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            {"Sid": "CA123", "SidAccount": "AC123", "Digits": ["5678", "1234", "1234"]},
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
    ],
)
def test_signature_is_the_published_one(url: str, parameters: dict[str, str | list[str]], expected: str) -> None:
    """The vectors of Twilio's own SDKs, one with a repeated key."""
    assert webhooks.signature(AUTH_TOKEN, url, parameters) == expected


def test_twilios_validator_accepts_what_is_sent(gateway: Gateway, account: TwilioStandIn) -> None:
    """Repeated keys, empty values and text outside ASCII arrive as they were signed."""
    status = send(account, {"Query": "O'Brien & Söhne ☎", "Empty": "", "Address": ["+1555", "+1666"]})
    assert status == 200
    assert gateway.received[0][1].getlist("Address") == ["+1555", "+1666"]
    assert gateway.received[0][1]["Empty"] == ""


def test_another_token_is_refused(gateway: Gateway, account: TwilioStandIn) -> None:
    """The gateway does check: a stand-in with another token gets 403."""
    account.auth_token = "another"
    assert send(account, {"Location": "GetCustomersList"}) == 403
    assert gateway.refused == 1


def test_headers_are_twilios(gateway: Gateway, account: TwilioStandIn) -> None:
    """Each callback is a form from TwilioProxy with a token of its own."""
    send(account, {"A": "1"})
    send(account, {"A": "1"})
    first, second = gateway.headers
    assert first["User-Agent"] == "TwilioProxy/1.1"
    assert first["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert first["I-Twilio-Idempotency-Token"] != second["I-Twilio-Idempotency-Token"]


def test_hooks_by_get_are_signed_over_the_whole_url(gateway: Gateway, account: TwilioStandIn) -> None:
    """With method GET the parameters are part of the URL and of the signature."""
    account.store.account_webhooks = WebhookConfiguration(("onConversationAdd",), method="GET")
    account.receive(CUSTOMER, NUMBER, "Grüße & more")
    assert gateway.form("onConversationAdd")["MessageBody"] == "Grüße & more"
    assert gateway.refused == 0


def test_what_was_sent_is_recorded_with_its_answer(gateway: Gateway, account: TwilioStandIn) -> None:
    """Event, parameters, status, body and duration, also where no answer came in time."""
    gateway.answers["crm"] = answering('{"ok": true}', 201)
    send(account, {"A": "1"})
    account.timeouts = Timeouts(callback=0.05)
    gateway.answers["crm"] = slow(0.3)
    send(account, {"A": "2"})
    answered, unanswered = account.webhooks
    assert (answered.status, answered.body, answered.parameters["A"]) == (201, '{"ok": true}', "1")
    assert (unanswered.status, unanswered.accepted) == (None, False)
    assert 0.05 <= unanswered.seconds < 0.3


def test_the_app_calls_a_frontline_callback(gateway: Gateway, account: TwilioStandIn) -> None:
    """The app's contact list is one signed call with its Location."""
    sent = account.call("crm", {"Location": "GetCustomersList", "Worker": WORKER, "PageSize": "30"})
    assert (sent.event_type, sent.status) == ("GetCustomersList", 200)
    assert gateway.events == ["GetCustomersList"]


def test_contact_is_plain_data() -> None:
    """A contact needs no display name."""
    assert Contact("1", "sms", CUSTOMER).display_name == ""
