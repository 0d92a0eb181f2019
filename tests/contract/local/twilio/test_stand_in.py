"""The stand-in's REST API through the real Twilio SDK: resources, paging and webhooks."""

import json
from concurrent.futures import ThreadPoolExecutor

import requests
from twilio.rest import Client

from tests.contract.local.twilio.test_support import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CUSTOMER,
    NUMBER,
    WORKER,
    Gateway,
    answering,
    refused,
)
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn


def test_a_conversation_is_made_changed_and_removed(client: Client) -> None:
    """Create, fetch by SID and unique name, update, delete."""
    conversations = client.conversations.v1.conversations
    made = conversations.create(friendly_name="Ann", unique_name="ann-1", attributes='{"a": 1}')
    assert made.sid.startswith("CH")
    assert conversations("ann-1").fetch().sid == made.sid
    assert made.update(friendly_name="Ann E.", state="inactive").state == "inactive"
    assert conversations(made.sid).fetch().attributes == '{"a": 1}'
    assert made.delete()
    assert refused(conversations(made.sid).fetch) == (404, 20404)


def test_participants_come_go_and_change(client: Client) -> None:
    """A worker by identity, a customer by binding, both reachable as the SDK does it."""
    conversation = client.conversations.v1.conversations.create()
    conversation = client.conversations.v1.conversations(conversation.sid)
    worker = conversation.participants.create(identity=WORKER)
    customer = conversation.participants.create(
        messaging_binding_address=CUSTOMER, messaging_binding_proxy_address=NUMBER
    )
    assert customer.messaging_binding == {"type": "sms", "address": CUSTOMER, "proxy_address": NUMBER}
    assert conversation.participants(WORKER).fetch().sid == worker.sid
    changed = customer.update(attributes='{"customer_id": "rec1"}')
    assert json.loads(changed.attributes) == {"customer_id": "rec1"}
    assert changed.messaging_binding == customer.messaging_binding
    assert worker.delete()
    assert [found.sid for found in conversation.participants.list()] == [customer.sid]


def test_messages_are_numbered_and_reach_the_customer(twilio: TwilioStandIn, client: Client) -> None:
    """The index counts from 0, Order=desc turns the list, the customer's phone has what others wrote."""
    sid = client.conversations.v1.conversations.create().sid
    conversation = client.conversations.v1.conversations(sid)
    conversation.participants.create(messaging_binding_address=CUSTOMER, messaging_binding_proxy_address=NUMBER)
    first = conversation.messages.create(author="bot", body="one")
    conversation.messages.create(author=CUSTOMER, body="two")
    assert [message.index for message in conversation.messages.list()] == [0, 1]
    assert [message.body for message in conversation.messages.list(order="desc")] == ["two", "one"]
    assert conversation.messages(first.sid).fetch().delivery["delivered"] == "all"
    assert [(sent.address, sent.body) for sent in twilio.delivered] == [(CUSTOMER, "one")]


def test_a_service_has_its_own_paths(twilio: TwilioStandIn, client: Client) -> None:
    """/Services/{IS} holds its conversations only; the account's paths are those of the default service."""
    other = "IS" + "1" * 32
    twilio.store.services.append(other)
    default = client.conversations.v1.services(twilio.store.default_service_sid)
    inside = client.conversations.v1.services(other).conversations.create()
    outside = client.conversations.v1.conversations.create()
    assert f"/Services/{other}/Conversations/{inside.sid}" in inside.url
    assert [found.sid for found in default.conversations.list()] == [outside.sid]
    assert refused(client.conversations.v1.conversations(inside.sid).fetch) == (404, 20404)
    assert refused(client.conversations.v1.services("IS" + "2" * 32).conversations.list) == (404, 20404)


def test_lists_are_paged_and_stay_whole(client: Client) -> None:
    """PageSize is 50 by default and 100 at most; a removed record does not shift the next page."""
    conversations = client.conversations.v1.conversations
    with ThreadPoolExecutor(8) as pool:
        sids = set(pool.map(lambda _n: conversations.create().sid, range(105)))
    first = conversations.page(page_size=1000)
    assert first._payload["meta"]["page_size"] == 100
    seen = [found.sid for found in first]
    conversations(seen[0]).delete()
    following = first.next_page()
    assert following is not None
    assert sids == {*seen, *(found.sid for found in following)}
    assert following.next_page() is None
    assert conversations.page()._payload["meta"]["page_size"] == 50
    assert len(conversations.list(page_size=20)) == 104


def test_conversations_by_creation_and_state(client: Client) -> None:
    """StartDate and EndDate are about the creation, State about now."""
    conversations = client.conversations.v1.conversations
    old = conversations.create(date_created="2024-05-01T10:00:00Z")
    new = conversations.create()
    conversations(new.sid).update(state="closed")
    assert [c.sid for c in conversations.list(end_date="2024-05-01")] == [old.sid]
    assert [c.sid for c in conversations.list(start_date="2024-05-02")] == [new.sid]
    assert [c.sid for c in conversations.list(state="active")] == [old.sid]
    assert refused(lambda: conversations.list(start_date="yesterday")) == (400, 20001)


def test_a_participants_conversations(client: Client) -> None:
    """By Identity or by Address, with the state of each conversation."""
    sid = client.conversations.v1.conversations.create().sid
    conversation = client.conversations.v1.conversations(sid)
    conversation.participants.create(identity=WORKER)
    conversation.participants.create(messaging_binding_address=CUSTOMER, messaging_binding_proxy_address=NUMBER)
    conversation.update(state="closed")
    find = client.conversations.v1.participant_conversations.list
    assert [found.conversation_sid for found in find(identity=WORKER)] == [sid]
    (of_customer,) = find(address=CUSTOMER)
    assert of_customer.conversation_state == "closed"
    assert refused(find) == (400, 20001)


def test_frontline_users(client: Client) -> None:
    """Fetched and changed by SID or identity, which is case-sensitive."""
    users = client.frontline_api.v1.users
    user = users(WORKER).fetch()
    assert (user.identity, user.is_available, user.state) == (WORKER, True, "active")
    assert users(user.sid).update(is_available=False).is_available is False
    assert users(WORKER).update(friendly_name="Jo", state="deactivated").state == "deactivated"
    assert refused(users(WORKER.upper()).fetch) == (404, 20404)
    assert refused(lambda: users(WORKER).update(state="asleep")) == (400, 20001)


def test_changes_by_rest_are_silent_unless_asked(gateway: Gateway, client: Client) -> None:
    """Only X-Twilio-Webhook-Enabled lets a change through REST fire the configured hooks."""
    create = client.conversations.v1.conversations.create
    create(friendly_name="quiet")
    assert gateway.events == []
    gateway.answers["onConversationAdd"] = answering('{"friendly_name": "Ann", "state": "closed"}')
    loud = create(friendly_name="loud", x_twilio_webhook_enabled="true")
    assert gateway.events == ["onConversationAdd", "onConversationAdded"]
    assert (loud.friendly_name, loud.state) == ("Ann", "active")
    assert "ConversationSid" not in gateway.form("onConversationAdd")
    assert gateway.form("onConversationAdded")["ConversationSid"] == loud.sid


def test_a_hook_refuses_a_change_by_rest(gateway: Gateway, client: Client) -> None:
    """A rejected change leaves everything as it was."""
    gateway.answers["onConversationAdd"] = answering("", 422)
    create = client.conversations.v1.conversations.create
    assert refused(lambda: create(x_twilio_webhook_enabled="true")) == (422, 20422)
    assert client.conversations.v1.conversations.list() == []


def test_configured_events_fire_and_no_others(gateway: Gateway, twilio: TwilioStandIn, client: Client) -> None:
    """The account's filters hold until a chat service has its own; an unknown filter is refused."""
    account = client.conversations.v1.configuration.webhooks()
    assert account.fetch().pre_webhook_url == f"{gateway.url}/callbacks/twilio-conversations"
    assert account.update(filters=["onParticipantUpdated", "onUserUpdate"]).filters == [
        "onParticipantUpdated",
        "onUserUpdate",
    ]
    service = client.conversations.v1.services(twilio.store.default_service_sid).configuration.webhooks()
    assert refused(lambda: service.update(filters=["onUserUpdate"])) == (400, 50365)
    conversation = client.conversations.v1.conversations.create(x_twilio_webhook_enabled="true")
    people = client.conversations.v1.conversations(conversation.sid).participants
    worker = people.create(identity=WORKER, x_twilio_webhook_enabled="true")
    worker.update(attributes='{"a": 1}', x_twilio_webhook_enabled="true")
    assert gateway.events == ["onParticipantUpdated"]
    service.update(filters=["onParticipantRemoved"])
    worker.update(attributes='{"a": 2}', x_twilio_webhook_enabled="true")
    requests.delete(  # the SDK's own delete() drops the header
        worker.url.replace("https://conversations.twilio.com", f"{twilio.url}/conversations"),
        headers={"X-Twilio-Webhook-Enabled": "true"},
        auth=(ACCOUNT_SID, AUTH_TOKEN),
        timeout=2,
    )
    assert gateway.events == ["onParticipantUpdated", "onParticipantRemoved"]
    assert gateway.form("onParticipantRemoved")["DateRemoved"]


def test_requests_are_counted(twilio: TwilioStandIn, client: Client) -> None:
    """Method, path and status of each request that reached a product."""
    client.conversations.v1.conversations.create()
    refused(client.conversations.v1.conversations("CH0").fetch)
    assert [(seen.method, seen.path, seen.status) for seen in twilio.requests] == [
        ("POST", "/conversations/v1/Conversations", 201),
        ("GET", "/conversations/v1/Conversations/CH0", 404),
    ]
