"""What the Twilio stand-in does in Twilio's special cases: services, groups, user names, shared keys, 429, users."""

from dataclasses import replace

import pytest
import requests
from twilio.rest import Client

from tests.contract.local.twilio.test_openapi import described
from tests.contract.local.twilio.test_support import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CUSTOMER,
    NUMBER,
    WORKER,
    Gateway,
    refused,
    routing_to,
    sdk,
)
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

OTHER = "+15555550101"
USER_NAME = "whatsapp:US.ABC123XYZ"
WHATSAPP = f"whatsapp:{NUMBER}"


def test_a_conversation_is_found_in_its_own_service_only(twilio: TwilioStandIn, client: Client) -> None:
    """The account's own paths are those of its default service.

    https://www.twilio.com/docs/conversations/api/service-conversation-resource
    """
    service = client.conversations.v1.services(twilio.store.add_service())
    sid = service.conversations.create().sid
    default = client.conversations.v1.conversations
    other = default.create().sid
    assert refused(lambda: default(sid).fetch()) == (404, 20404)
    assert refused(default(sid).participants.list) == (404, 20404)
    assert refused(lambda: default(sid).participants.create(identity=WORKER)) == (404, 20404)
    assert service.conversations(sid).participants.create(identity=WORKER).identity == WORKER
    assert refused(lambda: service.conversations(other).fetch()) == (404, 20404)


def test_an_inbound_conversation_in_a_service_of_its_own(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """Hooks name it as ChatServiceSid, routing as ConversationServiceSid."""
    twilio.inbound_service_sid = twilio.store.add_service()
    twilio.store.service_webhooks[twilio.inbound_service_sid] = twilio.store.account_webhooks
    sid = twilio.receive(CUSTOMER, NUMBER, "Hello").conversation_sid
    assert twilio.store.conversation(str(sid)).chat_service_sid == twilio.inbound_service_sid
    assert gateway.form("routing")["ConversationServiceSid"] == twilio.inbound_service_sid
    assert gateway.form("onConversationAdded")["ChatServiceSid"] == twilio.inbound_service_sid


def test_a_users_service(twilio: TwilioStandIn, client: Client) -> None:
    """Identities are users of each chat service apart; Frontline's are users of the default one.

    https://www.twilio.com/docs/conversations/api/user-resource
    """
    service = client.conversations.v1.services(twilio.store.add_service())
    assert client.conversations.v1.users(WORKER).fetch().identity == WORKER
    assert refused(lambda: service.users(WORKER).fetch()) == (404, 20404)
    assert refused(lambda: client.conversations.v1.users(WORKER.upper()).fetch()) == (404, 20404)
    conversation = service.conversations(service.conversations.create().sid)
    conversation.participants.create(identity="visitor")
    user = service.users("visitor").fetch()
    assert (user.identity, service.users(user.sid).fetch().sid) == ("visitor", user.sid)
    assert refused(lambda: client.conversations.v1.users("visitor").fetch()) == (404, 20404)
    assert refused(lambda: client.frontline_api.v1.users("visitor").fetch()) == (404, 20404)


def test_a_chat_user_is_as_described(twilio: TwilioStandIn) -> None:
    """Every field, in both scopes."""
    schemas = {"": "conversations.v1.user"}
    schemas |= {f"Services/{twilio.store.default_service_sid}/": "conversations.v1.service.service_user"}
    for scope, schema in schemas.items():
        url = f"{twilio.url}/conversations/v1/{scope}Users/{WORKER}"
        described(schema).validate(requests.get(url, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=2).json())


def test_services_are_listed(twilio: TwilioStandIn, client: Client) -> None:
    """https://www.twilio.com/docs/conversations/api/service-resource."""
    sids = [twilio.store.default_service_sid, twilio.store.add_service()]
    assert sids == [service.sid for service in client.conversations.v1.services.list()]
    answer = requests.get(f"{twilio.url}/conversations/v1/Services", auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=2).json()
    for service in answer["services"]:
        described("conversations.v1.service").validate(service)


def test_a_deactivated_user(client: Client) -> None:
    """They are still there, and say so: https://www.twilio.com/docs/frontline/api/user-resource."""
    client.frontline_api.v1.users(WORKER).update(state="deactivated")
    assert client.frontline_api.v1.users(WORKER).fetch().state == "deactivated"


def test_a_worker_in_a_group_needs_a_projected_address(gateway: Gateway, twilio: TwilioStandIn, client: Client) -> None:
    """Else 50434: https://www.twilio.com/docs/api/errors/50434."""
    outcome = twilio.receive_in_group(CUSTOMER, [OTHER], NUMBER, "Hello all")
    assert (outcome.created, outcome.refused) == (True, None)
    routing = gateway.form("routing")
    assert routing["MessagingBinding.Address"] == f"{OTHER}, {NUMBER}"
    assert routing["MessagingBinding.AuthorAddress"] == CUSTOMER
    assert routing.get("MessagingBinding.ProjectedAddress") is None
    add = client.conversations.v1.conversations(str(outcome.conversation_sid)).participants.create
    assert refused(lambda: add(identity=WORKER)) == (400, 50434)
    assert add(identity=WORKER, messaging_binding_projected_address=NUMBER).identity == WORKER
    assert gateway.refused == 0


@pytest.mark.parametrize("address", [USER_NAME, "whatsapp:DE.ENT.9f8e7d"])
def test_a_whatsapp_user_without_a_number(gateway: Gateway, twilio: TwilioStandIn, address: str) -> None:
    """Address and Author hold an id instead.

    https://www.twilio.com/en-us/changelog/whatsapp-bsuid-format-in-conversations-and-webhook-fields
    """
    outcome = twilio.receive(address, WHATSAPP, "Hello")
    assert outcome.refused is None
    assert gateway.form("onConversationAdd")["MessagingBinding.Address"] == address
    assert gateway.form("onMessageAdd")["Author"] == address


@pytest.mark.parametrize("address", ["whatsapp:ABC123", "whatsapp:usa.1", "whatsapp:US.", "US.ABC", "whatsapp:US.a b"])
def test_what_is_no_whatsapp_user(twilio: TwilioStandIn, address: str) -> None:
    """A country's two letters, a dot and an id; anything else is no address."""
    refusal = twilio.receive(address, WHATSAPP, "Hello").refused
    assert refusal
    assert refusal.code in {50407, 50414}


def test_callbacks_signed_with_a_shared_key(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """By SHA-256, with the key named: https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys."""
    twilio.shared_key = ("webhooks_sharedkey_1", "the shared secret")
    twilio.receive(CUSTOMER, NUMBER, "Hello")
    assert gateway.refused > 0  # it knows the auth token only
    gateway.refused, gateway.shared_secret = 0, "the shared secret"
    twilio.receive(OTHER, NUMBER, "Hello")
    assert (gateway.refused, len(gateway.events) > 3) == (0, True)
    expected = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    assert {expected} == {headers["X-Twilio-Webhooks-Signature-Settings"] for headers in gateway.headers}


@pytest.mark.parametrize(("seconds", "expected"), [(None, None), (3, "3")])
def test_a_429_may_say_when(twilio: TwilioStandIn, seconds: int | None, expected: str | None) -> None:
    """And it may not; nothing was done: https://www.twilio.com/docs/api/errors/20429."""
    twilio.retry_after_s = seconds
    twilio.faults = Faults(status=429, times=1)
    url = f"{twilio.url}/conversations/v1/Conversations"
    answers = [requests.post(url, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=2) for _ in range(2)]
    assert [429, 201] == [answer.status_code for answer in answers]
    assert answers[0].headers.get("Retry-After") == expected
    assert 1 == len(twilio.store.conversations)


def test_writes_over_the_limit(twilio: TwilioStandIn) -> None:
    """The same for the account's own limit."""
    twilio.retry_after_s, twilio.writes_per_s = 1, 1
    url = f"{twilio.url}/conversations/v1/Conversations"
    answers = [requests.post(url, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=2) for _ in range(3)]
    assert {429} == {answer.status_code for answer in answers[1:]}
    assert {"1"} == {answer.headers["Retry-After"] for answer in answers[1:]}


def test_routing_into_a_conversation_that_is_being_made(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """50386 until it is ready: https://www.twilio.com/docs/api/errors/50386."""
    twilio.initializing_s = 60
    gateway.answers["routing"] = routing_to(twilio, WORKER)
    outcome = twilio.receive(CUSTOMER, NUMBER, "Hello")
    assert outcome.refused or not outcome.routed
    sid = str(outcome.conversation_sid)
    twilio.store.conversations[sid] = replace(twilio.store.conversations[sid], ready_at=0.0)
    with sdk(twilio) as client:
        assert client.conversations.v1.conversations(sid).participants.create(identity=WORKER).identity == WORKER
