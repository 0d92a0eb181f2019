"""A customer writes to the Twilio stand-in: hooks, routing and what the gateway is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.local.twilio.test_support import (
    ACCOUNT_SID,
    CUSTOMER,
    NUMBER,
    WORKER,
    Answer,
    Form,
    Gateway,
    answering,
    begun,
    sdk,
    slow,
    stand_in,
    workers,
)
from twilio_bridge_local.vendors.twilio.account import Timeouts
from twilio_bridge_local.vendors.twilio.people import Contact
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

pytestmark = pytest.mark.usefixtures("routed")
CONTACT = Contact("rec1", "sms", CUSTOMER, "Ann Example")


def test_the_first_message_makes_and_routes_a_conversation(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """Hooks and routing come in Twilio's order; the worker whom routing added is there, without an echo."""
    outcome = twilio.receive(CUSTOMER, NUMBER, "Hello")
    assert (outcome.created, outcome.routed, outcome.refused) == (True, True, None)
    assert gateway.events == [
        "onConversationAdd",
        "onConversationAdded",
        "onParticipantAdded",
        "routing",
        "onMessageAdd",
        "onMessageAdded",
    ]
    assert workers(twilio, outcome.conversation_sid) == [WORKER]
    assert gateway.refused == 0
    assert twilio.delivered == []


def test_the_second_message_finds_the_conversation(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """An open conversation of the pair takes the message; after it is closed a new one begins."""
    sid = begun(twilio)
    gateway.received.clear()
    again = twilio.receive(CUSTOMER, NUMBER, "Anybody?")
    assert (again.conversation_sid, again.created, again.routed) == (sid, False, None)
    assert gateway.events == ["onMessageAdd", "onMessageAdded"]
    assert gateway.form("onMessageAdded")["Index"] == "1"
    twilio.close(sid)
    assert twilio.receive(CUSTOMER, NUMBER, "Hello again").created


def test_two_first_messages_at_once_make_one_conversation(twilio: TwilioStandIn) -> None:
    """A customer who sends three texts in a row has one conversation and one worker."""
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda n: twilio.receive(CUSTOMER, NUMBER, str(n)), range(3)))
    assert len({outcome.conversation_sid for outcome in outcomes}) == 1
    assert sum(outcome.created for outcome in outcomes) == 1
    assert workers(twilio, outcomes[0].conversation_sid) == [WORKER]


def test_parameters_of_an_inbound_message(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """Exactly the documented names; what has no value is missing or empty as documented."""
    sid = begun(twilio)
    common = {"AccountSid", "EventType", "Source"}
    services = {"ChatServiceSid", "MessagingServiceSid"}
    pair = {"MessagingBinding.Address", "MessagingBinding.ProxyAddress"}
    assert set(gateway.form("onConversationAdd")) == common | services | pair | {
        "UniqueName",
        "Attributes",
        "MessageBody",
        "MessagingBinding.AuthorAddress",
        "State",
    }
    assert set(gateway.form("onParticipantAdded")) == common | pair | {
        "Attributes",
        "ConversationSid",
        "DateCreated",
        "MessagingBinding.Type",
        "ParticipantSid",
        "RetryCount",
        "RoleSid",
    }
    assert set(gateway.form("routing")) == pair | {
        "Attributes",
        "ConversationServiceSid",
        "ConversationSid",
        "DateCreated",
        "DateUpdated",
        "FriendlyName",
        "State",
        "UniqueName",
    }
    message = {"ConversationSid", "Body", "Author", "ParticipantSid", "Attributes"}
    assert set(gateway.form("onMessageAdd")) == common | message
    added = {"MessageSid", "MessagingServiceSid", "Index", "DateCreated", "RetryCount"}
    assert set(gateway.form("onMessageAdded")) == common | message | added
    assert gateway.form("onMessageAdd")["Author"] == CUSTOMER
    assert gateway.form("routing")["ConversationSid"] == sid


def test_whatsapp_addresses_keep_their_prefix(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """The same two numbers on WhatsApp are another conversation, and its source says so."""
    sms = begun(twilio)
    gateway.received.clear()
    outcome = twilio.receive(f"whatsapp:{CUSTOMER}", f"whatsapp:{NUMBER}", "Olá")
    assert outcome.conversation_sid != sms
    form = gateway.form("onParticipantAdded")
    assert form["MessagingBinding.Address"] == f"whatsapp:{CUSTOMER}"
    assert (form["MessagingBinding.Type"], form["Source"]) == ("whatsapp", "WHATSAPP")


@pytest.mark.parametrize("answer", [answering("", 500), answering("", 422), slow(0.4)])
def test_failed_routing_leaves_nobody(
    gateway: Gateway, twilio: TwilioStandIn, answer: Callable[[Form], Answer]
) -> None:
    """An error or no answer in time: the conversation exists, without a worker, and is not routed again."""
    twilio.timeouts = Timeouts(routing=0.2)
    gateway.answers["routing"] = answer
    outcome = twilio.receive(CUSTOMER, NUMBER, "Hello")
    assert (outcome.created, outcome.routed, outcome.message_sid is None) == (True, False, False)
    assert workers(twilio, outcome.conversation_sid) == []
    twilio.receive(CUSTOMER, NUMBER, "Hello?")
    assert gateway.events.count("routing") == 1


def test_closing_is_told(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """The hook says from and to, and not with whom."""
    sid = begun(twilio)
    twilio.close(sid)
    form = gateway.form("onConversationStateUpdated")
    assert (form["StateFrom"], form["StateTo"], form["Reason"]) == ("active", "closed", "API")
    assert not [name for name in form if name.startswith("MessagingBinding") or name == "Attributes"]


def test_a_message_wakes_an_inactive_conversation(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """The customer's word makes it active again, because of an event."""
    sid = begun(twilio)
    with sdk(twilio) as client:
        client.conversations.v1.conversations(sid).update(state="inactive")
    assert twilio.receive(CUSTOMER, NUMBER, "Still there?").conversation_sid == sid
    assert gateway.form("onConversationStateUpdated")["Reason"] == "EVENT"


def test_without_a_gateway_nothing_is_sent() -> None:
    """While the callbacks' address is unknown, people can still write, and nobody is routed."""
    twilio = stand_in()
    outcome = twilio.receive(CUSTOMER, NUMBER, "Hello")
    assert (outcome.created, outcome.routed, twilio.webhooks) == (True, False, [])


def test_account_sid_is_told(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """Every Conversations webhook says whose it is."""
    begun(twilio)
    told = [form["AccountSid"] for event, form in gateway.received if event != "routing"]
    assert set(told) == {ACCOUNT_SID}
