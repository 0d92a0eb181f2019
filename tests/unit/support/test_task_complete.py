"""A finished task as a plugin or a server posts it: who may, until when, and what is made of odd bodies."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.support.tasks import AMARA, TASK
from tests.unit.support.test_cloud_events import JSON
from twilio_bridge.entrypoints import cors
from twilio_bridge.entrypoints.http import Reply
from twilio_bridge.errors import BadRequestError, SignatureError, UnavailableError
from twilio_bridge.support.cloud_events import decode_record
from twilio_bridge.support.task_complete import LARGEST, LATE_S, build_event, sign_body, verify_sender

NOW = 1_772_442_000.25
SECRET = "made-up"
BODY = json.dumps({"TaskSid": TASK, "TaskAttributes": AMARA, "Age": 200}).encode()


@dataclass
class Tokens:
    """The port AgentTokens: one valid token, and what was asked."""

    asked: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def is_valid(self, token: str) -> bool:
        self.asked.append(token)
        if self.failure:
            raise self.failure
        return token == "valid"


def signed(at: float = NOW, body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    timestamp = str(int(at))
    return {"x-bridge-timestamp": timestamp, "x-bridge-signature": sign_body(secret, timestamp, body)}


def check(headers: Mapping[str, str], body: bytes = BODY, secret: str | None = SECRET) -> Tokens:
    tokens = Tokens()
    verify_sender(headers, body, NOW, tokens, secret)
    return tokens


@pytest.mark.parametrize("at", [NOW, NOW - LATE_S + 1, NOW + LATE_S])
def test_a_server_signs_time_and_body(at: float) -> None:
    """Within five minutes to either side; nobody is asked."""
    assert [] == check(signed(at)).asked


def test_the_signature_is_what_the_docs_say() -> None:
    """Hex HMAC-SHA256 of timestamp, dot and body."""
    assert "sha256=ea97bce7c9bfca0f9b08b13c08b7ba8f13e123e9ac2858740ee6fab51edd4ccc" == sign_body(SECRET, "1", b"{}")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(NOW - LATE_S - 1),
        signed(NOW + LATE_S + 2),
        signed(body=b"{}"),
        signed(secret="another"),
        {**signed(), "x-bridge-timestamp": str(int(NOW) + 1)},
        {**signed(), "x-bridge-signature": signed()["x-bridge-signature"].removeprefix("sha256=")},
        {**signed(), "x-bridge-signature": "sha256=é\udc00"},
        {"x-bridge-timestamp": "", "x-bridge-signature": sign_body(SECRET, "", BODY)},
        {"x-bridge-timestamp": "٣", "x-bridge-signature": sign_body(SECRET, "٣", BODY)},
        {"x-bridge-timestamp": "9" * 400, "x-bridge-signature": sign_body(SECRET, "9" * 400, BODY)},
        {"x-bridge-timestamp": "NaN", "x-bridge-signature": sign_body(SECRET, "NaN", BODY)},
        {"x-bridge-timestamp": "\ud800", "x-bridge-signature": sign_body(SECRET, "\ud800", BODY)},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"authorization": "valid"},
    ],
)
def test_others_are_turned_away(headers: dict[str, str]) -> None:
    """Too old, too new, over another body, with another secret, or no signature at all; even a signed odd time."""
    with pytest.raises(SignatureError):
        check(headers)


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_nobody_can_sign(secret: str | None) -> None:
    """An empty secret is none: it would be everybody's."""
    with pytest.raises(SignatureError):
        check(signed(secret=""), secret=secret)


@pytest.mark.parametrize("authorization", ["Bearer valid", "bearer  valid "])
def test_a_plugin_shows_its_token(authorization: str) -> None:
    """A Flex token is asked about at Twilio; a secret is not needed for it."""
    assert ["valid"] == check({"authorization": authorization}, secret=None).asked


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer forged", "BEARER valid valid"])
def test_a_forged_token_is_turned_away(authorization: str) -> None:
    """Even where a signature that fits stands beside it: whoever shows a token is judged by it."""
    with pytest.raises(SignatureError, match="token"):
        check({**signed(), "authorization": authorization})


def test_an_outage_is_no_forgery() -> None:
    """Where Twilio cannot be asked the plugin may try again."""
    with pytest.raises(UnavailableError):
        verify_sender(
            {"authorization": "Bearer valid"}, BODY, NOW, Tokens(failure=UnavailableError("twilio", "")), None
        )


def test_a_task_becomes_an_event() -> None:
    """With the task's own id, the time of its arrival, and only what is wanted."""
    posted = {"TaskSid": TASK, "TaskAttributes": json.dumps(AMARA), "Age": 200, "Notes": "secret"}
    sid, data = build_event(json.dumps(posted).encode(), NOW)
    event = decode_record(data, 0).events[0]
    assert (TASK, f"plugin-{TASK}", "twilio-bridge.task-complete") == (sid, event.id, event.type)
    assert 1_772_442_000_250 == event.at
    assert {"TaskSid": TASK, "TaskAttributes": AMARA, "Age": 200} == event.data


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 10_000, "no JSON"),
        (b"[]", "JSON object"),
        (b'"WT"', "JSON object"),
        (b"{}", "TaskSid"),
        (b'{"TaskSid": 7}', "TaskSid"),
        (json.dumps({"TaskSid": TASK + "1"}).encode(), "TaskSid"),
        (json.dumps({"TaskSid": TASK + "\n"}).encode(), "TaskSid"),
        (json.dumps({"TaskSid": "CH" + TASK[2:]}).encode(), "TaskSid"),
        (b" " * LARGEST + b"{}", "larger"),
    ],
)
def test_what_is_no_task_is_refused(body: bytes, wrong: str) -> None:
    """With what is wrong, and nothing of what was sent."""
    with pytest.raises(BadRequestError, match=wrong):
        build_event(body, NOW)


@given(st.fixed_dictionaries({"TaskSid": st.just(TASK)}, optional=dict.fromkeys(("TaskAttributes", "Age"), JSON)))
def test_odd_fields_do_no_harm(posted: dict[str, Any]) -> None:
    """Whatever else is posted, it is an event of that task, and nothing in it is poison."""
    decoded = decode_record(build_event(json.dumps(posted).encode(), NOW)[1], 0)
    assert ([f"plugin-{TASK}"], []) == ([event.id for event in decoded.events], decoded.poison)


def answer() -> Reply:
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": "{}"}


def test_flex_s_pages_may_read_the_answer() -> None:
    """The origin is named, never `*`, and the answer differs by it; what it had already stays."""
    headers = cors.allow_origin(answer(), "https://flex.twilio.com", ["https://flex.twilio.com"])["headers"]
    assert ("https://flex.twilio.com", "origin") == (headers["access-control-allow-origin"], headers["vary"])
    assert "authorization" in headers["access-control-allow-headers"]
    assert "application/json" == headers["content-type"]


@pytest.mark.parametrize("origin", ["", "https://evil.example", "https://flex.twilio.com.evil.example", "null"])
def test_other_pages_may_not(origin: str) -> None:
    """They get the answer without leave to read it."""
    assert answer() == cors.allow_origin(answer(), origin, ["https://flex.twilio.com"])
