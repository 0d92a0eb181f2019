"""What the Twilio stand-in refuses, as the real Twilio SDK sees it: limits, states, doubles, strangers."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.contract.local.twilio.test_support import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CUSTOMER,
    NUMBER,
    WORKER,
    refused,
    sdk,
)
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn


def test_nobody_is_in_a_conversation_twice(client: Client) -> None:
    """50433 for an identity, 50416 for a pair of addresses in an open conversation, none once closed."""
    one, two = (client.conversations.v1.conversations.create().sid for _ in range(2))
    conversations = client.conversations.v1.conversations
    binding = {"messaging_binding_address": CUSTOMER, "messaging_binding_proxy_address": NUMBER}
    conversations(one).participants.create(identity=WORKER)
    conversations(one).participants.create(**binding)
    add = conversations(two).participants.create
    assert refused(lambda: conversations(one).participants.create(identity=WORKER)) == (409, 50433)
    assert refused(lambda: add(**binding)) == (409, 50416)
    conversations(one).update(state="closed")
    assert add(**binding).sid


def test_one_of_many_at_once_gets_the_place(client: Client) -> None:
    """Twenty additions of the same worker at the same time make one participant."""
    sid = client.conversations.v1.conversations.create().sid
    conversation = client.conversations.v1.conversations(sid)

    def add(_n: int) -> int:
        try:
            conversation.participants.create(identity=WORKER)
        except TwilioRestException as error:
            return int(error.code)
        return 201

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(add, range(20))) == [201] + [50433] * 19
    assert len(conversation.participants.list()) == 1


def test_a_group_has_its_own_refusal(client: Client) -> None:
    """In a group MMS conversation an address or an identity that is already there is 50437."""
    sid = client.conversations.v1.conversations.create().sid
    add = client.conversations.v1.conversations(sid).participants.create
    add(messaging_binding_address=CUSTOMER)
    add(identity=WORKER, messaging_binding_projected_address=NUMBER)
    assert refused(lambda: add(messaging_binding_address=CUSTOMER)) == (409, 50437)
    projected = {"identity": WORKER, "messaging_binding_projected_address": NUMBER}
    assert refused(lambda: add(**projected)) == (409, 50437)


@pytest.mark.parametrize(
    ("address", "proxy", "code"),
    [
        ("5555", NUMBER, 50407),
        (CUSTOMER, "twilio", 50408),
        (NUMBER, NUMBER, 50409),
        (CUSTOMER, "", 50412),
        (f"whatsapp:{CUSTOMER}", NUMBER, 50414),
    ],
)
def test_bindings_that_twilio_refuses(client: Client, address: str, proxy: str, code: int) -> None:
    """Malformed, equal, empty or unlike addresses."""
    sid = client.conversations.v1.conversations.create().sid
    add = client.conversations.v1.conversations(sid).participants.create
    binding = {"messaging_binding_address": address, "messaging_binding_proxy_address": proxy}
    assert refused(lambda: add(**binding)) == (400, code)


def test_limits_of_size(client: Client) -> None:
    """Attributes 16 KB and 4 KB and JSON, names 256 characters; exactly that much is accepted."""
    conversations = client.conversations.v1.conversations

    def attributes(size: int) -> str:
        return json.dumps("x" * (size - 2))

    made = conversations.create(attributes=attributes(16384), friendly_name="n" * 256)
    conversation = conversations(made.sid)
    conversation.participants.create(identity="i" * 256, attributes=attributes(4096))
    conversation.messages.create(body="b", attributes=attributes(4096))
    assert refused(lambda: conversations.create(attributes=attributes(16385))) == (400, 50303)
    assert refused(lambda: conversations.create(attributes="{a}")) == (400, 50304)
    assert refused(lambda: conversations.create(friendly_name="n" * 257)) == (400, 20001)
    assert refused(lambda: conversation.messages.create(attributes=attributes(4097))) == (400, 50303)
    add = conversation.participants.create
    assert refused(lambda: add(identity="x", attributes=attributes(4097))) == (400, 50303)
    assert refused(lambda: add(identity="i" * 257)) == (400, 20001)
    assert refused(add) == (400, 20001)


def test_closed_is_final(client: Client) -> None:
    """Nothing is made closed, and nothing closed is changed; it can still be read and removed."""
    conversations = client.conversations.v1.conversations
    assert refused(lambda: conversations.create(state="closed")) == (400, 50384)
    conversation = conversations(conversations.create(state="inactive").sid)
    for state in ("active", "closed"):
        assert conversation.update(state=state).state == state
    for act in (
        lambda: conversation.update(state="active"),
        lambda: conversation.messages.create(body="b"),
        lambda: conversation.participants.create(identity=WORKER),
    ):
        assert refused(act) == (400, 50377)
    assert conversation.delete()


def test_unique_names_are_unique(client: Client) -> None:
    """The second conversation of a name is a conflict."""
    client.conversations.v1.conversations.create(unique_name="one")
    assert refused(lambda: client.conversations.v1.conversations.create(unique_name="one")) == (409, 50353)


def test_initializing_ends_by_itself(twilio: TwilioStandIn, client: Client) -> None:
    """An auto-created conversation that is still initializing refuses changes with 50386, then takes them."""
    twilio.initializing_s = 0.4
    sid = twilio.receive(CUSTOMER, NUMBER, "Hello").conversation_sid
    conversation = client.conversations.v1.conversations(sid)
    assert conversation.fetch().state == "initializing"
    assert refused(lambda: conversation.participants.create(identity=WORKER)) == (409, 50386)
    time.sleep(0.45)
    assert conversation.participants.create(identity=WORKER).sid
    assert conversation.fetch().state == "active"


def test_too_many_changes_are_429(twilio: TwilioStandIn, client: Client) -> None:
    """Beyond `writes_per_s` changes in a second are refused; reading is not counted."""
    twilio.writes_per_s = 2
    create = client.conversations.v1.conversations.create
    create()
    create()
    assert refused(create) == (429, 20429)
    assert len(client.conversations.v1.conversations.list()) == 2


LISTS = {
    "conversations": "/conversations/v1/Conversations",
    "flex-api": "/flex-api/v1/Configuration",
    "taskrouter": f"/taskrouter/v1/Workspaces/WS{0:032}/Workers",
    "taskrouter-events": f"/taskrouter/v1/Workspaces/WS{0:032}/Events",
    "api": f"/api/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json",
}


@pytest.mark.parametrize("name", LISTS)
def test_each_product_has_a_limit_of_its_own(twilio: TwilioStandIn, name: str) -> None:
    """The next request within a second is a 429 with code 20429; the other products are not concerned."""
    twilio.requests_per_s = {name: 2}
    with requests.Session() as session:
        session.auth = (ACCOUNT_SID, AUTH_TOKEN)
        answers = [session.get(twilio.url + LISTS[name], timeout=5) for _ in range(3)]
        others = {session.get(twilio.url + path, timeout=5).status_code for own, path in LISTS.items() if own != name}
    assert [200, 200, 429] == [each.status_code for each in answers]
    assert 20429 == answers[-1].json()["code"]
    assert {200} == others


def test_what_task_router_writes_is_no_read(twilio: TwilioStandIn) -> None:
    """Its documented limit is one of reads."""
    sid = twilio.taskrouter.add_task(f"WS{0:032}")
    twilio.requests_per_s = {"taskrouter": 1}
    url = f"{twilio.url}/taskrouter/v1/Workspaces/WS{0:032}/Tasks/{sid}"
    login = (ACCOUNT_SID, AUTH_TOKEN)
    written = [requests.post(url, data={"Attributes": "{}"}, auth=login, timeout=5).status_code for _ in range(3)]
    assert [200, 200, 200] == written


def test_who_asks_must_be_known(twilio: TwilioStandIn) -> None:
    """The token or the API key; everything else is 401 with code 20003."""
    twilio.api_key = ("SK" + "0" * 32, "secret")
    url = f"{twilio.url}/conversations/v1/Conversations"
    with sdk(twilio, "wrong") as stranger:
        assert refused(stranger.conversations.v1.conversations.list) == (401, 20003)
    assert requests.get(url, timeout=2).status_code == 401
    assert requests.get(url, auth=twilio.api_key, timeout=2).status_code == 200
    assert requests.get(url, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=2).status_code == 200


def test_errors_are_twilios_json(twilio: TwilioStandIn) -> None:
    """Code, message, more_info and status, also for a path that does not exist."""
    auth = (ACCOUNT_SID, AUTH_TOKEN)
    for path in ("/conversations/v1/Conversations/CH0", "/conversations/v1/Nothing", "/taskrouter/v1/W"):
        body = requests.get(twilio.url + path, auth=auth, timeout=2).json()
        assert body.pop("message")
        link = "https://www.twilio.com/docs/errors/20404"
        assert body == {"code": 20404, "more_info": link, "status": 404}
