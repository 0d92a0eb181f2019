"""Every kind of answer of the Twilio stand-in against Twilio's own published description."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from tests.contract.local.twilio.test_support import ACCOUNT_SID, AUTH_TOKEN, CUSTOMER, NUMBER, WORKER, stand_in
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

EXTRACTS = Path(__file__).parents[2] / "twilio_openapi"
FORMATS = {
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$",
    "uri": r"^https://[a-z-]+\.twilio\.com/v1/\S+$|^http://127\.0\.0\.1:\d+/\S+$",
}
CONVERSATION = "conversations.v1.conversation"
SERVICE = "conversations.v1.service"


def as_json_schema(part: Any) -> Any:  # any part of an OpenAPI 3.0 document
    """OpenAPI 3.0 as JSON Schema: `nullable` is a type, formats are patterns, every field must be there."""
    if isinstance(part, list):
        return [as_json_schema(each) for each in part]
    if not isinstance(part, dict):
        return part
    schema = {name: as_json_schema(value) for name, value in part.items()}
    if schema.pop("nullable", False) is True and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if schema.get("format") in FORMATS:
        schema["pattern"] = FORMATS[schema.pop("format")]
    if isinstance(schema.get("properties"), dict):
        schema |= {"required": sorted(schema["properties"]), "additionalProperties": False}
    return schema


def described(name: str) -> jsonschema.protocols.Validator:
    """A validator for one schema of the extracts."""
    for path in sorted(EXTRACTS.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if name in document["components"]["schemas"]:
            root = {"components": as_json_schema(document["components"])}
            reference = f"#/components/schemas/{name}"
            return jsonschema.Draft202012Validator({**root, "$ref": reference})
    raise LookupError(name)


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioStandIn]:
    with stand_in() as running:
        running.callbacks_url = running.url  # any address: it appears in the webhook configuration
        yield running


def ask(twilio: TwilioStandIn, method: str, path: str, **form: str) -> dict[str, Any]:
    auth = (ACCOUNT_SID, AUTH_TOKEN)
    answer = requests.request(method, f"{twilio.url}/{path}", data=form, auth=auth, timeout=2)
    assert answer.ok, answer.text
    body: dict[str, Any] = answer.json()
    return body


def scopes(twilio: TwilioStandIn) -> dict[str, str]:
    return {"account": "", "service": f"/Services/{twilio.store.default_service_sid}"}


SCHEMAS = {
    "account": {
        "Conversations": CONVERSATION,
        "Participants": f"{CONVERSATION}.conversation_participant",
        "Messages": f"{CONVERSATION}.conversation_message",
        "ParticipantConversations": "conversations.v1.participant_conversation",
        "Webhooks": "conversations.v1.configuration.configuration_webhook",
    },
    "service": {
        "Conversations": f"{SERVICE}.service_conversation",
        "Participants": f"{SERVICE}.service_conversation.service_conversation_participant",
        "Messages": f"{SERVICE}.service_conversation.service_conversation_message",
        "ParticipantConversations": f"{SERVICE}.service_participant_conversation",
        "Webhooks": f"{SERVICE}.service_configuration.service_webhook_configuration",
    },
}


@pytest.mark.parametrize("scope", ["account", "service"])
def test_answers_are_as_described(twilio: TwilioStandIn, scope: str) -> None:
    """Create, fetch, update and list of every Conversations resource have every field in its shape."""
    base = f"conversations/v1{scopes(twilio)[scope]}"
    schemas = SCHEMAS[scope]
    made = ask(twilio, "POST", f"{base}/Conversations", FriendlyName="Ann", UniqueName=f"ann-{scope}")
    inside = f"{base}/Conversations/{made['sid']}"
    worker = ask(twilio, "POST", f"{inside}/Participants", Identity=WORKER)
    binding = {"MessagingBinding.Address": CUSTOMER, "MessagingBinding.ProxyAddress": NUMBER}
    customer = ask(twilio, "POST", f"{inside}/Participants", **binding)
    read = ask(twilio, "POST", f"{inside}/Participants/{WORKER}", LastReadMessageIndex="0")
    unknown_author = ask(twilio, "POST", f"{inside}/Messages", Body="Hello")
    known_author = ask(twilio, "POST", f"{inside}/Messages", Body="Hello", Author=WORKER)
    of_worker = ask(twilio, "GET", f"{base}/ParticipantConversations?Identity={WORKER}")
    of_customer = ask(twilio, "GET", f"{base}/ParticipantConversations?Address={CUSTOMER.replace('+', '%2B')}")
    closed = ask(twilio, "POST", inside, State="closed")
    answers = {
        "Conversations": [made, closed, *ask(twilio, "GET", f"{base}/Conversations")["conversations"]],
        "Participants": [
            worker,
            customer,
            read,
            *ask(twilio, "GET", f"{inside}/Participants")["participants"],
        ],
        "Messages": [unknown_author, known_author, *ask(twilio, "GET", f"{inside}/Messages")["messages"]],
        "ParticipantConversations": [*of_worker["conversations"], *of_customer["conversations"]],
        "Webhooks": [
            ask(twilio, "GET", f"{base}/Configuration/Webhooks"),
            ask(twilio, "POST", f"{base}/Configuration/Webhooks", Filters="onMessageAdded", Method="GET"),
        ],
    }
    for resource, given in answers.items():
        assert len(given) >= 2
        for answer in given:
            described(schemas[resource]).validate(answer)


def test_users_are_as_described(twilio: TwilioStandIn) -> None:
    """Frontline's user, fetched and changed."""
    path = f"frontline-api/v1/Users/{WORKER}"
    described("frontline.v1.user").validate(ask(twilio, "GET", path))
    changed = ask(twilio, "POST", path, Avatar="https://example.com/a.png", IsAvailable="false")
    described("frontline.v1.user").validate(changed)


def test_initializing_is_a_described_state(twilio: TwilioStandIn) -> None:
    """The state that only an auto-created conversation has."""
    twilio.initializing_s = 60
    twilio.callbacks_url = ""
    sid = twilio.receive("+15555550177", NUMBER, "Hello").conversation_sid
    answer = ask(twilio, "GET", f"conversations/v1/Conversations/{sid}")
    described(CONVERSATION).validate(answer)
    assert answer["state"] == "initializing"


def test_pages_have_twilios_meta(twilio: TwilioStandIn) -> None:
    """The key names the list, the addresses are Twilio's own."""
    page = ask(twilio, "GET", "conversations/v1/Conversations?PageSize=1&State=closed")
    meta = page["meta"]
    assert set(meta) == {
        "page",
        "page_size",
        "first_page_url",
        "previous_page_url",
        "url",
        "next_page_url",
        "key",
    }
    assert isinstance(page[meta["key"]], list)
    pattern = r"https://conversations\.twilio\.com/v1/Conversations\?State=closed&PageSize=1&Page=0"
    assert re.fullmatch(pattern, meta["url"])


def test_the_validator_does_refuse() -> None:
    """A missing field, a foreign one, a wrong SID and a wrong state are all noticed."""
    validator = described("frontline.v1.user")
    right = {
        "sid": "US" + "0" * 32,
        "identity": WORKER,
        "friendly_name": None,
        "avatar": None,
        "state": "active",
        "is_available": None,
        "url": "https://frontline-api.twilio.com/v1/Users/US0",
    }
    assert validator.is_valid(right)
    without_url = {name: value for name, value in right.items() if name != "url"}
    for wrong in ({**right, "sid": "US1"}, {**right, "state": None}, {**right, "more": 1}, without_url):
        assert not validator.is_valid(wrong)
