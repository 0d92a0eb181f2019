"""A worker opens a conversation at the Twilio stand-in, and everybody acts over HTTP."""

import json
from dataclasses import asdict

import pytest
import requests

from tests.contract.local.twilio.test_support import (
    CUSTOMER,
    NUMBER,
    WORKER,
    Gateway,
    answering,
    begun,
    slow,
    workers,
)
from twilio_bridge_local.vendors.twilio.account import Timeouts
from twilio_bridge_local.vendors.twilio.people import Contact
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

pytestmark = pytest.mark.usefixtures("routed")
CONTACT = Contact("rec1", "sms", CUSTOMER, "Ann Example")


def test_a_worker_opens_a_conversation(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """The app asks us for the sender, then adds the customer with what it knows of her, then the worker."""
    outcome = twilio.open(WORKER, CONTACT)
    assert (outcome.created, outcome.refused) == (True, None)
    assert gateway.events == [
        "onConversationAdd",
        "onConversationAdded",
        "GetProxyAddress",
        "onParticipantAdded",
        "onParticipantAdded",
    ]
    asked = gateway.form("GetProxyAddress").to_dict()
    assert asked == {
        "Location": "GetProxyAddress",
        "Worker": WORKER,
        "CustomerId": "rec1",
        "ChannelType": "sms",
        "ChannelValue": CUSTOMER,
    }
    attributes = json.loads(gateway.form("onParticipantAdded")["Attributes"])
    assert attributes == {"customer_id": "rec1", "display_name": "Ann Example"}
    assert "MessagingBinding.Address" not in gateway.form("onConversationAdd")
    assert workers(twilio, outcome.conversation_sid) == [WORKER]


def test_opening_again_finds_the_own_conversation(twilio: TwilioStandIn) -> None:
    """The worker's own open conversation is opened, another worker is refused with 48031."""
    first = twilio.open(WORKER, CONTACT)
    assert twilio.open(WORKER, CONTACT).conversation_sid == first.conversation_sid
    twilio.store.add_user("lee@example.com")
    refused = twilio.open("lee@example.com", CONTACT).refused
    assert refused is not None
    assert refused.code == 48031
    assert list(twilio.store.conversations) == [first.conversation_sid]


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (403, '{"friendly_error_message": "Ann opted out"}', 48004),
        (500, "", 48004),
        (200, "<html>", 48003),
        (200, json.dumps({"proxy_address": NUMBER, "padding": "x" * 65536}), 48003),
        (200, '{"proxy_address": null}', 48026),
        (200, '{"proxy_address": "12"}', 48026),
        (200, json.dumps({"proxy_address": CUSTOMER}), 48027),
        (200, '{"proxy_address": "+15005550009"}', 48028),
        (200, json.dumps({"proxy_address": f"whatsapp:{NUMBER}"}), 48029),
    ],
)
def test_senders_that_frontline_refuses(
    gateway: Gateway, twilio: TwilioStandIn, status: int, answer: str, code: int
) -> None:
    """Each with Frontline's code and in words; the half-made conversation does not stay."""
    gateway.answers["GetProxyAddress"] = answering(answer, status)
    refused = twilio.open(WORKER, CONTACT).refused
    assert refused is not None
    assert refused.code == code
    assert twilio.store.conversations == {}
    if "opted out" in answer:
        assert "Ann opted out" in refused.message


def test_other_refusals_of_an_outgoing_conversation(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """Malformed contact, WhatsApp sender that is none, callback too slow, no callback at all."""

    def code(contact: Contact) -> int | None:
        refused = twilio.open(WORKER, contact).refused
        return refused.code if refused else None

    assert code(Contact("1", "sms", "0151 555")) == 48025
    assert code(Contact("1", "whatsapp", CUSTOMER)) == 48025
    assert code(Contact("1", "chat", "US" + "0" * 32)) == 48033
    twilio.proxy_numbers = [NUMBER]
    gateway.answers["GetProxyAddress"] = answering(json.dumps({"proxy_address": f"whatsapp:{NUMBER}"}))
    assert code(Contact("1", "whatsapp", f"whatsapp:{CUSTOMER}")) == 48030
    twilio.timeouts = Timeouts(callback=0.1)
    gateway.answers["GetProxyAddress"] = slow(0.3)
    assert code(CONTACT) == 48005
    twilio.callbacks_url = ""
    assert code(CONTACT) == 48001


def test_a_workerless_conversation_blocks_an_outgoing_one(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """After failed routing nobody can open a conversation with that contact (48031)."""
    gateway.answers["routing"] = answering("", 500)
    begun(twilio)
    refused = twilio.open(WORKER, CONTACT).refused
    assert refused is not None
    assert refused.code == 48031


def test_people_act_over_http_too(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """The same four actions and the records, as JSON under /_stand-in, without credentials."""

    def post(name: str, **arguments: object) -> dict[str, object]:
        answer = requests.post(f"{twilio.url}/_stand-in/{name}", json=arguments, timeout=2)
        assert answer.status_code == 200, answer.text
        result: dict[str, object] = answer.json()
        return result

    received = post("receive", address=CUSTOMER, proxy=NUMBER, body="Hello")
    sid = received["conversation_sid"]
    assert received["routed"] is True
    gateway.answers["onMessageAdd"] = answering("", 451)
    refused = post("send", conversation_sid=sid, worker=WORKER, body="No")["refused"]
    assert isinstance(refused, dict)
    assert refused["status"] == 451
    del gateway.answers["onMessageAdd"]
    post("send", conversation_sid=sid, worker=WORKER, body="Yes")
    assert post("close", conversation_sid=sid)["refused"] is None
    assert post("open", worker=WORKER, **asdict(CONTACT))["created"] is True
    assert post("call", callback="crm", parameters={"Location": "GetCustomersList"})["status"] == 200
    sent = requests.get(f"{twilio.url}/_stand-in/webhooks", timeout=2).json()
    assert [webhook["event_type"] for webhook in sent] == gateway.events
    delivered = requests.get(f"{twilio.url}/_stand-in/delivered", timeout=2).json()
    assert [message["body"] for message in delivered] == ["Yes"]
    counted = requests.get(f"{twilio.url}/_stand-in/requests", timeout=2).json()
    assert [seen["path"] for seen in counted["requests"]] == [f"/conversations/v1/Conversations/{sid}/Participants"]


@pytest.mark.parametrize(
    ("name", "arguments"), [("receive", {"address": CUSTOMER}), ("send", {"who": "me"}), ("open", {})]
)
def test_wrong_arguments_over_http_are_a_400(twilio: TwilioStandIn, name: str, arguments: dict[str, str]) -> None:
    """Missing or unknown arguments say which."""
    answer = requests.post(f"{twilio.url}/_stand-in/{name}", json=arguments, timeout=2)
    assert answer.status_code == 400
    assert "argument" in answer.json()["error"]
