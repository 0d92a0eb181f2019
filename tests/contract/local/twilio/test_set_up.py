"""What an account is set up with, as Twilio's own SDK sees it: address configurations, kinds of keys, Flex."""

from collections.abc import Callable
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.contract.local.twilio.test_support import RedirectedHttpClient
from tests.contract.local.twilio.test_support import refused as status_of
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

NUMBER, WHATSAPP = "+15005550006", "whatsapp:+15005550006"
KEY = ("SK" + "1" * 32, "2" * 32)


def refusal(request: Callable[[], Any]) -> tuple[int, int]:
    """Return the status and the code of what Twilio refuses."""
    with pytest.raises(TwilioRestException) as caught:
        request()
    return int(caught.value.status), int(caught.value.code)


def test_an_address_is_configured_once(client: Client, twilio: TwilioStandIn) -> None:
    """Made, listed, changed by its SID or its address, and removed."""
    addresses, service = client.conversations.v1.address_configurations, twilio.store.default_service_sid
    made = addresses.create(
        type="sms", address=NUMBER, auto_creation_enabled=True, auto_creation_conversation_service_sid=service
    )
    other = addresses.create(type="whatsapp", address=WHATSAPP)

    assert (True, "default", service) == tuple(
        made.auto_creation[name] for name in ("enabled", "type", "conversation_service_sid")
    )
    assert other.auto_creation["enabled"] is False
    assert (409, 20409) == refusal(lambda: addresses.create(type="sms", address=NUMBER))
    assert {made.sid, other.sid} == {each.sid for each in addresses.list()}
    assert [other.sid] == [each.sid for each in addresses.list(type="whatsapp")]

    changed = client.conversations.v1.address_configurations(NUMBER).update(
        auto_creation_enabled=True, auto_creation_type="webhook", auto_creation_webhook_url="https://x.example"
    )
    assert ("webhook", "https://x.example") == (changed.auto_creation["type"], changed.auto_creation["webhook_url"])
    assert addresses(made.sid).delete()
    assert (404, 20404) == refusal(lambda: addresses(made.sid).fetch())


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"type": "pigeon", "address": NUMBER}, 20001),
        ({"type": "sms", "address": "0500"}, 50407),
        ({"type": "sms", "address": WHATSAPP}, 50407),
        ({"type": "sms", "address": NUMBER, "auto_creation_type": "robot"}, 20001),
        ({"type": "sms", "address": NUMBER, "auto_creation_enabled": True, "auto_creation_type": "webhook"}, 20001),
        ({"type": "sms", "address": NUMBER, "auto_creation_conversation_service_sid": "IS" + "9" * 32}, 20404),
    ],
)
def test_what_no_address_can_be(client: Client, given: dict[str, Any], code: int) -> None:
    """Twilio refuses it, and keeps nothing."""
    assert code == refusal(lambda: client.conversations.v1.address_configurations.create(**given))[1]
    assert not client.conversations.v1.address_configurations.list()


def test_the_defaults_name_the_service(client: Client, twilio: TwilioStandIn) -> None:
    """And Flex's configuration a workspace that is there."""
    assert twilio.store.default_service_sid == client.conversations.v1.configuration().fetch().default_chat_service_sid
    flex = client.flex_api.v1.configuration().fetch()
    assert flex.account_sid == twilio.account_sid
    assert client.taskrouter.v1.workspaces(flex.taskrouter_workspace_sid).fetch().sid == flex.taskrouter_workspace_sid


@pytest.mark.parametrize(
    ("key_type", "keys", "conversations", "taskrouter"),
    [
        ("Main", None, None, None),
        ("Standard", (401, 20003), None, None),
        ("Restricted", (403, 20403), None, (403, 20403)),
    ],
)
def test_a_key_may_what_its_type_may(
    twilio: TwilioStandIn, key_type: Any, keys: object, conversations: object, taskrouter: object
) -> None:
    """Standard keys see no keys and no accounts, restricted ones what they have permissions for."""
    twilio.api_key = KEY
    twilio.taskrouter.api.api_keys.update([KEY])
    twilio.access.key_type, twilio.access.permissions = key_type, frozenset({"conversations"})
    http = RedirectedHttpClient(twilio.url)
    with http.session:
        client = Client(*KEY, twilio.account_sid, http_client=http)
        asked: list[tuple[Callable[[], Any], object]] = [
            (client.api.v2010.accounts(twilio.account_sid).keys.page, keys),
            (client.conversations.v1.configuration().fetch, conversations),
            (client.taskrouter.v1.workspaces.page, taskrouter),
        ]
        for request, expected in asked:
            assert expected == (status_of(request) if expected else request() and None)


def test_a_suspended_account_is_asked_in_vain(client: Client, twilio: TwilioStandIn) -> None:
    """Nothing is answered but 403."""
    twilio.access.is_suspended = True

    assert (403, 20403) == refusal(lambda: client.conversations.v1.configuration().fetch())
