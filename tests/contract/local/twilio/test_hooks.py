"""What the Twilio stand-in does with the gateway's answers to pre-action webhooks."""

import json
from collections.abc import Callable

import pytest

from tests.contract.local.twilio.test_support import (
    CUSTOMER,
    NUMBER,
    WORKER,
    Answer,
    Form,
    Gateway,
    answering,
    begun,
    slow,
)
from twilio_bridge_local.vendors.twilio.account import Timeouts
from twilio_bridge_local.vendors.twilio.people import Contact
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

pytestmark = pytest.mark.usefixtures("routed")
CONTACT = Contact("rec1", "sms", CUSTOMER, "Ann Example")


def test_a_hook_names_the_conversation(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """What onConversationAdd answers is published, and the later hooks tell it."""
    answer = {"friendly_name": "Ann Example", "attributes": '{"avatar": "https://example.com/a.png"}'}
    gateway.answers["onConversationAdd"] = answering(json.dumps(answer))
    sid = begun(twilio)
    assert twilio.store.conversation(sid).friendly_name == "Ann Example"
    assert gateway.form("onConversationAdded")["Attributes"] == answer["attributes"]
    assert gateway.form("routing")["FriendlyName"] == "Ann Example"


def test_a_refused_conversation_is_not_made(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """4xx to onConversationAdd: no conversation, no routing, the message is lost."""
    gateway.answers["onConversationAdd"] = answering("", 403)
    outcome = twilio.receive(CUSTOMER, NUMBER, "Hello")
    assert outcome.refused is not None
    assert (outcome.conversation_sid, outcome.refused.status) == (None, 403)
    assert gateway.events == ["onConversationAdd"]
    assert twilio.store.conversations == {}


def test_a_worker_writes(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """Her message carries her identity twice and reaches the customer's phone."""
    sid = begun(twilio)
    gateway.received.clear()
    outcome = twilio.send(sid, WORKER, "How can I help?")
    form = gateway.form("onMessageAdd")
    assert (form["Author"], form["ClientIdentity"], form["Source"]) == (WORKER, WORKER, "SDK")
    assert gateway.form("onMessageAdded")["MessageSid"] == outcome.message_sid
    assert [(sent.address, sent.proxy, sent.body) for sent in twilio.delivered] == [
        (CUSTOMER, NUMBER, "How can I help?")
    ]


@pytest.mark.parametrize("status", [400, 403, 451, 500, 503])
def test_a_hook_refuses_a_message(gateway: Gateway, twilio: TwilioStandIn, status: int) -> None:
    """Any 4xx or 5xx: nothing is published, the worker learns the status."""
    sid = begun(twilio)
    gateway.received.clear()
    gateway.answers["onMessageAdd"] = answering("", status)
    outcome = twilio.send(sid, WORKER, "Hello")
    assert outcome.refused is not None
    assert outcome.refused.status == status
    assert gateway.events == ["onMessageAdd"]
    assert twilio.delivered == []


def test_a_hook_changes_a_message(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """Body, author and attributes are published as the hook left them, other fields are ignored."""
    sid = begun(twilio)
    change = {"body": "Bye", "author": "bot", "attributes": '{"a": 1}', "index": "7"}
    gateway.answers["onMessageAdd"] = answering(json.dumps(change))
    message_sid = twilio.send(sid, WORKER, "Hello").message_sid
    message = twilio.store.message(sid, str(message_sid))
    assert (message.body, message.author, message.attributes, message.index) == ("Bye", "bot", '{"a": 1}', 1)
    assert twilio.delivered[0].body == "Bye"


@pytest.mark.parametrize("body", ['{"body": 5}', '{"attributes": "{a"}', '{"attributes": {"a": 1}}'])
def test_an_invalid_change_is_an_error_for_the_author(gateway: Gateway, twilio: TwilioStandIn, body: str) -> None:
    """A hook that answers values Twilio cannot publish stops the message."""
    sid = begun(twilio)
    gateway.answers["onMessageAdd"] = answering(body)
    assert twilio.send(sid, WORKER, "Hello").refused
    assert twilio.delivered == []


@pytest.mark.parametrize("answer", [answering(""), answering("OK"), answering("[]"), slow(0.4)])
def test_no_usable_answer_publishes_unchanged(
    gateway: Gateway, twilio: TwilioStandIn, answer: Callable[[Form], Answer]
) -> None:
    """An empty answer, one that is no object, and none in time let the message through as it was."""
    sid = begun(twilio)
    twilio.timeouts = Timeouts(hook=0.2)
    gateway.answers["onMessageAdd"] = answer
    assert twilio.send(sid, WORKER, "Hello").refused is None
    assert twilio.delivered[0].body == "Hello"


def test_a_stranger_and_a_closed_conversation(twilio: TwilioStandIn) -> None:
    """Who is not in it cannot write; nobody writes in a closed one, and it is closed once."""
    sid = begun(twilio)
    stranger = twilio.send(sid, "other@example.com", "Hello").refused
    assert stranger is not None
    assert (stranger.code, stranger.status) == (50430, 403)
    assert twilio.close(sid).refused is None
    for outcome in (twilio.send(sid, WORKER, "Hello"), twilio.close(sid)):
        assert outcome.refused is not None
        assert outcome.refused.code == 50377
