"""The examples that the connector's documentation prints, each as it is printed there.

Feedback and FeedbackSummary are gone at Twilio; their replacements take the same payloads.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.entities.conftest import ACCOUNT, TOKEN, make_client
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.operations import Operations
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.entities.tokens import PageTokens
from twilio_bridge.entrypoints import entities
from twilio_bridge_local.vendors.twilio.openapi.server import TwilioApiStandIn

EVENTS = Path(__file__).parents[3] / "events" / "entities"
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
RECORDING = "RE2e915e78549694bd0a0742d2d39454e5"
CALL = "CAaa4a99c300bd9d1bcc0d1ae9dcd248c6"
RATED_CALL = "CAdefbf2b4caa7df11dc48106385e32345"
MESSAGE = "SM3ad97d41e786c02bca47c8ce1745053b"
NUMBER = "PN4047ac009a15885690a50a1d388b8411"
CALLER_ID = "PN6f5f9bf39cb1801a6e21a5a80d274bdd"

Invoke = Callable[..., dict[str, Any]]


class Context:
    """What Lambda says of a call."""

    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 190_000


@pytest.fixture
def account(twilio: TwilioApiStandIn) -> TwilioApiStandIn:
    """An account that holds what the examples name."""
    twilio.add_rows("api", f"{ROOT}/Recordings.json", [{"sid": RECORDING}, {}, {}])
    twilio.add_rows("api", f"{ROOT}/Calls.json", [{"sid": CALL, "status": "completed"}, {"sid": RATED_CALL}])
    twilio.add_rows("api", f"{ROOT}/Messages.json", [{"sid": MESSAGE, "body": "My number is 12345"}])
    twilio.add_rows("api", f"{ROOT}/IncomingPhoneNumbers.json", [{"sid": NUMBER}])
    twilio.add_rows("api", f"{ROOT}/OutgoingCallerIds.json", [{"sid": CALLER_ID}])
    return twilio


@pytest.fixture
def invoke(account: TwilioApiStandIn) -> Invoke:
    """Call the function as a connector does: by a sample event, or by what is given."""
    registry = load_registry()
    operations = Operations(registry, make_client(account.url), SqliteEngine(registry), PageTokens(TOKEN))

    def call(sample: str = "", **event: Any) -> dict[str, Any]:
        given = json.loads((EVENTS / f"{sample}.json").read_text()) if sample else event
        return entities.respond(given, Context(), lambda: operations.perform)

    return call


def test_list_all_recordings(invoke: Invoke) -> None:
    """Entity Recordings, operation List."""
    answer = invoke("list_recordings")
    assert 3 == len(answer["connectorOutputPayload"])
    assert RECORDING in {row["Sid"] for row in answer["connectorOutputPayload"]}
    assert answer["listEntitiesNextPageToken"] is None


def test_get_a_recording(invoke: Invoke) -> None:
    """Entity Recordings, operation Get, by its entityId."""
    assert RECORDING == invoke("get_recording")["connectorOutputPayload"]["Sid"]


def test_delete_a_call(invoke: Invoke) -> None:
    """Entity Calls, operation Delete: the call is gone, and the answer says that it does not come back."""
    answer = invoke("delete_call")
    assert ({}, 1) == (answer["connectorOutputPayload"], answer["meta"]["affected"])
    assert "cannot be undone" in answer["meta"]["caution"]
    assert 404 == invoke(entity="Calls", operation="get", entityId=CALL)["error"]["code"]


def test_create_feedback(invoke: Invoke) -> None:
    """Entity Feedback, operation Create: the call's annotation holds the score."""
    assert {"Sid": RATED_CALL} == invoke("create_feedback")["connectorOutputPayload"]
    feedback = invoke(entity="Feedback", operation="get", entityId=RATED_CALL)["connectorOutputPayload"]
    assert (RATED_CALL, 5) == (feedback["Sid"], feedback["QualityScore"])


def test_create_a_feedback_summary_that_twilio_no_longer_has(invoke: Invoke) -> None:
    """The range that is printed is from 2014: the answer says that Twilio does not hold it, and what it holds."""
    error = invoke("create_feedback_summary")["error"]
    assert (400, "Gone", False) == (error["code"], error["type"], error["retryable"])
    assert "30 days" in error["message"]


def test_create_a_feedback_summary(invoke: Invoke) -> None:
    """A range within the last days is answered as it is printed, and the summary can be got by its SID."""
    today = datetime.now(UTC).date()
    days = {"StartDate": str(today - timedelta(days=4)), "EndDate": str(today - timedelta(days=1))}
    answer = invoke(entity="FeedbackSummary", operation="create", connectorInputPayload=days)
    sid = answer["connectorOutputPayload"]["Sid"]
    assert list(answer["connectorOutputPayload"]) == ["Sid"]
    assert sid.startswith("FS")
    assert 34 == len(sid)
    summary = invoke(entity="FeedbackSummary", operation="get", entityId=sid)["connectorOutputPayload"]
    assert (sid, days["StartDate"], days["EndDate"]) == (summary["Sid"], summary["StartDate"], summary["EndDate"])


def test_create_a_message(invoke: Invoke) -> None:
    """Entity Messages, operation Create: the answer is the new message's SID."""
    answer = invoke("create_message")["connectorOutputPayload"]
    assert ["Sid"] == list(answer)
    message = invoke(entity="Messages", operation="get", entityId=answer["Sid"])["connectorOutputPayload"]
    assert ("whatsapp:+14155238886", "Message is sent from Google Cloud") == (message["From"], message["Body"])


@pytest.mark.parametrize("sample", ["update_message", "update_message_by_filter"])
def test_update_a_message(invoke: Invoke, sample: str) -> None:
    """Entity Messages, operation Update by entityId or filterClause: the text is gone, the answer is empty."""
    assert {} == invoke(sample)["connectorOutputPayload"]
    message = invoke(entity="Messages", operation="get", entityId=MESSAGE)["connectorOutputPayload"]
    assert "" == message["Body"]


@pytest.mark.parametrize("by", ["entityId", "filterClause"])
def test_update_a_number(invoke: Invoke, by: str) -> None:
    """Entity InboundPhoneNumbers, operation Update."""
    event = json.loads((EVENTS / "update_inbound_phone_number.json").read_text())
    answer = invoke(**{**event, "entityId": None, by: NUMBER})
    assert {"Sid": NUMBER} == answer["connectorOutputPayload"]
    number = invoke(entity="IncomingPhoneNumbers", operation="get", entityId=NUMBER)["connectorOutputPayload"]
    assert "name of IncomingPhoneNumber is getting updated" == number["FriendlyName"]


@pytest.mark.parametrize("by", ["entityId", "filterClause"])
def test_update_a_caller_id(invoke: Invoke, by: str) -> None:
    """Entity OutboundCallerIds (OutgoingCallerIds), operation Update."""
    event = json.loads((EVENTS / "update_outbound_caller_id.json").read_text())
    answer = invoke(**{**event, "entityId": None, by: CALLER_ID})
    assert {"Sid": CALLER_ID} == answer["connectorOutputPayload"]
    found = invoke(entity="OutgoingCallerIds", operation="get", entityId=CALLER_ID)["connectorOutputPayload"]
    assert "Name Updated for 99025" == found["FriendlyName"]


def test_a_custom_query(invoke: Invoke) -> None:
    """A statement with a parameter, by invoke."""
    answer = invoke("query")
    assert ["Messages.DateSent >="] == answer["meta"]["pushedDown"]
    assert {"Status", "Count"} == set(answer["connectorOutputPayload"][0])


# The endpoints that a contact-centre connector uses, and what stands for each here.
WORKSPACE, CONVERSATION = "WS" + "3" * 32, "CH" + "4" * 32
ENDPOINTS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET /v1/Configuration", "FlexConfiguration", {"operation": "get"}),
    ("GET /v1/Channels", "FlexChannels", {"operation": "list"}),
    ("GET /v1/Conversations", "Conversations", {"operation": "list"}),
    (
        "GET /v1/Conversations/{sid}/Messages",
        "ConversationMessages",
        {"operation": "list", "filterClause": f"ConversationSid = '{CONVERSATION}'"},
    ),
    (
        "GET /v1/Conversations/{sid}/Participants",
        "ConversationParticipants",
        {"operation": "list", "filterClause": f"ConversationSid = '{CONVERSATION}'"},
    ),
    ("GET /v1/Workspaces/{sid}/Tasks", "Tasks", {"operation": "list", "filterClause": f"WorkspaceSid = '{WORKSPACE}'"}),
    (
        "GET /v1/Workspaces/{sid}/Workers",
        "Workers",
        {"operation": "list", "filterClause": f"WorkspaceSid = '{WORKSPACE}'"},
    ),
    (
        "GET /v1/Workspaces/{sid}/TaskQueues",
        "TaskQueues",
        {"operation": "list", "filterClause": f"WorkspaceSid = '{WORKSPACE}'"},
    ),
    (
        "GET /v1/Workspaces/{sid}/Events",
        "TaskRouterEvents",
        {"operation": "list", "filterClause": f"WorkspaceSid = '{WORKSPACE}'"},
    ),
]


@pytest.fixture
def centre(account: TwilioApiStandIn) -> None:
    account.add_rows("flex-api", "/v1/Channels", [{}])
    account.add_rows("conversations", "/v1/Conversations", [{"sid": CONVERSATION}])
    account.add_rows("conversations", f"/v1/Conversations/{CONVERSATION}/Messages", [{}])
    account.add_rows("conversations", f"/v1/Conversations/{CONVERSATION}/Participants", [{}])
    account.add_rows("taskrouter", "/v1/Workspaces", [{"sid": WORKSPACE}])
    for collection in ("Tasks", "Workers", "TaskQueues", "Events"):
        account.add_rows("taskrouter", f"/v1/Workspaces/{WORKSPACE}/{collection}", [{}])


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize(("endpoint", "entity", "asked"), ENDPOINTS, ids=[endpoint for endpoint, _, _ in ENDPOINTS])
def test_endpoints(
    invoke: Invoke, account: TwilioApiStandIn, endpoint: str, entity: str, asked: dict[str, Any]
) -> None:
    """Each endpoint is an entity, and is asked as it is named."""
    answer = invoke(entity=entity, **asked)
    assert answer.get("connectorOutputPayload"), answer
    method, path = endpoint.split(" ")
    assert method == account.requests[-1].method
    assert path.format(sid=WORKSPACE if "Workspaces" in path else CONVERSATION) in account.requests[-1].path


@pytest.mark.usefixtures("centre")
def test_create_a_web_channel(invoke: Invoke, account: TwilioApiStandIn) -> None:
    """POST /v1/WebChannels."""
    payload = {
        "FlexFlowSid": "FO" + "1" * 32,
        "Identity": "jo",
        "CustomerFriendlyName": "Jo",
        "ChatFriendlyName": "Chat",
    }
    answer = invoke(entity="FlexWebChannels", operation="create", connectorInputPayload=payload)
    assert ["Sid"] == list(answer["connectorOutputPayload"]), answer
    assert ("POST", True) == (account.requests[-1].method, account.requests[-1].path.endswith("/v1/WebChannels"))


def test_interactions_have_no_list(invoke: Invoke) -> None:
    """GET /v1/Interactions is no list at Twilio, and the answer says so and what has their history."""
    error = invoke(entity="Interactions", operation="list")["error"]
    assert 400 == error["code"]
    assert "Twilio has no list of interactions; Conversations and Tasks have their history" in error["message"]
