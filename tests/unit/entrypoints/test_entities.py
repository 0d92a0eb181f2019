"""Calls of entities by HTTP and by invoke: what is read of them, and what goes back."""

import base64
import json
from typing import Any

import pytest

from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.errors import OutcomeUnknownError, TwilioRefusedError, UnknownEntityError
from twilio_bridge.entities.writes import Outcome, PartlyDoneError
from twilio_bridge.entrypoints import entities
from twilio_bridge.errors import (
    BadRequestError,
    BridgeError,
    ForbiddenError,
    NotFoundError,
    OutOfTimeError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)

LINK = "https://www.twilio.com/docs/errors/21211"


class Context:
    """What Lambda says of a call."""

    aws_request_id = "request"

    def __init__(self, milliseconds: int = 190_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


class Function:
    """Takes the call and gives the prepared answer."""

    def __init__(self, answer: Outcome | Exception | None = None) -> None:
        self.answer = answer or Outcome({"Sid": "SM1"}, {"requests": 1})
        self.call: EntityCall | None = None

    def __call__(self, call: EntityCall) -> Outcome:
        self.call = call
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def invoke(self, event: Any) -> dict[str, Any]:
        return entities.respond(event, Context(), lambda: self)

    def post(self, path: str, body: object = None, *, raw: str | None = None) -> tuple[int, dict[str, Any]]:
        entity, _, operation = path.partition("/")
        event = {
            "requestContext": {"http": {"method": "POST"}},
            "pathParameters": {"entity": entity, "operation": operation},
            "body": raw if raw is not None else json.dumps(body),
            "isBase64Encoded": False,
        }
        reply = self.invoke(event)
        return reply["statusCode"], json.loads(reply["body"])


def test_http() -> None:
    """Entity and operation stand in the path, the rest in the body."""
    function = Function()
    status, body = function.post("Messages/get", {"entityId": "SM1"})
    assert (200, {"connectorOutputPayload": {"Sid": "SM1"}, "meta": {"requests": 1}}) == (status, body)
    assert ("Messages", "get", "SM1") == (function.call.entity, function.call.operation, function.call.entity_id)  # type: ignore[union-attr]


def test_http_base64() -> None:
    """A body may come in base64."""
    function = Function()
    packed = base64.b64encode(b'{"entityId": "SM1"}').decode()
    event = {
        "requestContext": {},
        "pathParameters": {"entity": "Messages", "operation": "GET"},
        "body": packed,
        "isBase64Encoded": True,
    }
    assert 200 == function.invoke(event)["statusCode"]


def test_invoke() -> None:
    """By invoke everything stands in the event, and the answer is bare."""
    function = Function(Outcome([], {"requests": 1}, "token", is_list=True))
    body = function.invoke({"entity": "Messages", "operation": "List", "listEntitiesPageSize": 5})
    assert {"connectorOutputPayload": [], "listEntitiesNextPageToken": "token", "meta": {"requests": 1}} == body
    assert ("list", 5) == (function.call.operation, function.call.page_size)  # type: ignore[union-attr]


def test_everything_a_call_may_say() -> None:
    """Names of connectors, and of their REST API, mean the same."""
    function = Function()
    function.invoke(
        {
            "entity": "Messages",
            "operation": "list",
            "filterClause": " To = '+1' ",
            "pageSize": 1000,
            "pageToken": "t",
            "sortBy": ["DateSent"],
            "sortOrder": "DESC",
            "fields": ["Sid", "To"],
            "account": "AC1",
            "maxRequests": 7,
            "entityId": None,
        }
    )
    call = function.call
    assert call == EntityCall(
        "Messages",
        "list",
        filter_clause=" To = '+1' ",
        page_size=1000,
        page_token="t",
        sort_by="DateSent",
        descending=True,
        fields=("Sid", "To"),
        account="AC1",
        max_requests=7,
    )


def test_a_payload_as_text() -> None:
    """Connectors hand the payload on as JSON text."""
    function = Function()
    function.invoke({"entity": "Messages", "operation": "create", "connectorInputPayload": '{"To": "+1"}'})
    assert {"To": "+1"} == function.call.payload  # type: ignore[union-attr]


def test_a_query() -> None:
    """A query has a statement and parameters, 25 rows and 180 s; by HTTP there is none."""
    function = Function()
    function.invoke({"statement": "SELECT ?", "parameters": [1], "timeout": 60, "maxRows": 100})
    call = function.call
    assert ("query", "SELECT ?", (1,), 60, 100) == (
        call.operation,  # type: ignore[union-attr]
        call.statement,  # type: ignore[union-attr]
        call.parameters,  # type: ignore[union-attr]
        call.timeout_s,  # type: ignore[union-attr]
        call.max_rows,  # type: ignore[union-attr]
    )
    function.invoke({"operation": "query", "query": "SELECT 1"})
    assert (180, 25, 1000) == (function.call.timeout_s, function.call.max_rows, function.call.max_requests)  # type: ignore[union-attr]
    status, body = function.post("Messages/query", {"statement": "SELECT 1"})
    assert (400, True) == (status, "by invoke" in body["error"]["message"])


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"operation": "lst"}, "there is no operation 'lst'; did you mean list?"),
        ({"operation": ""}, "there is no operation ''; there are list, get"),
        ({"filterclause": "x"}, "list takes no 'filterclause'; did you mean filterClause or fields?"),
        ({"listEntitiesPageSize": 0}, "listEntitiesPageSize is a number from 1 to 1,000"),
        ({"listEntitiesPageSize": 1001}, "listEntitiesPageSize is a number from 1 to 1,000"),
        ({"listEntitiesPageSize": "25"}, "listEntitiesPageSize is a number"),
        ({"listEntitiesPageSize": True}, "listEntitiesPageSize is a number"),
        ({"listEntitiesSortByColumns": ["A", "B"]}, "takes one column"),
        ({"sortOrder": "up"}, "sortOrder is asc or desc"),
        ({"fields": [1]}, "fields is a list of column names"),
        ({"filterClause": 5}, "filterClause is a text"),
        ({"entityId": 5}, "entityId is a text"),
        ({"dryRun": "yes"}, "dryRun is true or false"),
        ({"maxAffected": 0}, "maxAffected is a number from 1 to 1,000"),
        ({"connectorInputPayload": "x"}, "connectorInputPayload is an object"),
        ({"connectorInputPayload": [1]}, "connectorInputPayload is an object"),
        ({"parameters": [[1]]}, "parameters is a list of texts"),
        ({"timeout": 181}, "timeout is a number from 1 to 180"),
        ({"maxRows": 10001}, "maxRows is a number from 1 to 10,000"),
    ],
)
def test_calls_that_cannot_be_used(asked: dict[str, Any], reason: str) -> None:
    """What is wrong with a call is said, by name."""
    body = Function().invoke({"entity": "Messages", "operation": "list", **asked})
    assert (400, False) == (body["error"]["code"], body["error"]["retryable"])
    assert reason in body["error"]["message"]


@pytest.mark.parametrize("raw", ["", "{", "[1]", '"x"', "[" * 100_000, '{"filterClause": "\\ud83d"}', "\x00"])
def test_bodies_that_cannot_be_read(raw: str) -> None:
    """A body is a JSON object; none is an empty one."""
    status, body = Function().post("Messages/list", raw=raw)
    assert status == (200 if raw == "" else 400)
    assert raw == "" or "error" in body


@pytest.mark.parametrize("event", [None, [], "x", {}, {"entity": "Messages"}])
def test_events_that_cannot_be_read(event: Any) -> None:
    """An event that names nothing is refused."""
    assert 400 == Function().invoke(event)["error"]["code"]


@pytest.mark.parametrize(
    ("error", "status", "kind", "retryable"),
    [
        (BadRequestError("no"), 400, "BadRequest", False),
        (UnknownEntityError("x", []), 400, "UnknownEntity", False),
        (ForbiddenError("no"), 403, "Forbidden", False),
        (NotFoundError("no"), 404, "NotFound", False),
        (TwilioRefusedError(400, 21211, "invalid To", LINK), 400, "TwilioRefused", False),
        (TwilioRefusedError(409, 20001, "conflict", ""), 409, "TwilioRefused", False),
        (TwilioRefusedError(401, 20003, "login", ""), 502, "TwilioRefused", False),
        (RefusedError("twilio", "no"), 502, "Refused", False),
        (RateLimitedError("twilio", 1.5), 503, "RateLimited", True),
        (UnavailableError("twilio", "down"), 503, "Unavailable", True),
        (OutOfTimeError("late"), 503, "OutOfTime", True),
        (OutcomeUnknownError("twilio", "look it up"), 503, "OutcomeUnknown", False),
        (PartlyDoneError(TwilioRefusedError(400, 1, "no", ""), [{"Sid": "SM1"}]), 400, "TwilioRefused", False),
        (ValueError("a secret"), 500, "Value", False),
    ],
)
def test_errors(error: Exception, status: int, kind: str, retryable: bool) -> None:
    """An error has its status, its kind, and whether to try again."""
    given, body = Function(error).post("Messages/list", {})
    assert (status, status, kind, retryable) == (
        given,
        body["error"]["code"],
        body["error"]["type"],
        body["error"]["retryable"],
    )


def test_an_error_of_twilios() -> None:
    """Twilio's own code, text and link are handed on."""
    body = Function(TwilioRefusedError(400, 21211, "'To' is not valid", LINK)).invoke(
        {"entity": "M", "operation": "list"}
    )
    expected = {"status": 400, "code": 21211, "message": "'To' is not valid", "moreInfo": LINK}
    assert expected == body["error"]["upstream"]


def test_a_mistake_of_ours_says_nothing() -> None:
    """What we did not expect is not shown: it could hold anything."""
    body = Function(ValueError("+4479")).invoke({"entity": "M", "operation": "list"})
    assert BridgeError.friendly == body["error"]["message"]


def test_what_was_done_before() -> None:
    """A write that broke in the middle names what it had written."""
    error = PartlyDoneError(RateLimitedError("twilio", 1), [{"Sid": "SM1"}])
    assert [{"Sid": "SM1"}] == Function(error).invoke({"entity": "M", "operation": "delete"})["error"]["done"]


def test_an_answer_too_large() -> None:
    """An answer that Lambda could not hand on says what to do."""
    rows = [{"Body": "x" * 1_000} for _ in range(6_000)]
    status, body = Function(Outcome(rows, {}, is_list=True)).post("Messages/list", {})
    assert (400, True) == (status, "ask for fewer rows" in body["error"]["message"])


@pytest.mark.parametrize("value", ["half \ud83d", float("nan"), float("inf")])
def test_an_event_that_is_no_json_text(value: object) -> None:
    """What no request could carry is refused before a write begins."""
    function = Function()
    event = {"entity": "Messages", "operation": "create", "connectorInputPayload": {"To": "+1", "Body": value}}
    assert function.invoke(event)["error"]["code"] == 400
    assert function.call is None
