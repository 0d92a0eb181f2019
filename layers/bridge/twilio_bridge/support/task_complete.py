"""A finished task as Flex's plugin, or a server, posts it: who may, and the event that it becomes.

A plugin runs in an agent's browser and can keep no secret, so it shows its Flex token. A server signs the time and the
body with a secret of ours.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twilio_bridge.errors import BadRequestError, SignatureError
from twilio_bridge.support.cloud_events import parse_json, parse_object
from twilio_bridge.support.ports import AgentTokens

LATE_S = 300
LARGEST = 64_000  # bytes; task attributes have 4,096 characters at most
TASK_SID = re.compile(r"WT[0-9A-Za-z]{32}")
WANTED = ("TaskChannelUniqueName", "TaskQueueFriendlyName", "Age")
TYPE = "twilio-bridge.task-complete"


def verify_sender(headers: Mapping[str, str], body: bytes, now: float, tokens: AgentTokens, secret: str | None) -> None:
    """Raise SignatureError unless this comes from an agent's Flex or from a server that knows the secret.

    `headers` by their names in lower case, `now` in epoch seconds.
    """
    kind, _, token = headers.get("authorization", "").partition(" ")
    if kind.casefold() == "bearer":
        if not tokens.is_valid(token.strip()):
            raise SignatureError("the Flex token is not valid")
    elif not secret or not _is_signed(headers, body, now, secret):
        raise SignatureError("neither a Flex token nor a signature that fits; see docs/flex-plugin.md")


def sign_body(secret: str, timestamp: str, body: bytes) -> str:
    """Return the header X-Bridge-Signature for a body posted at this time (epoch seconds, as text)."""
    signed = timestamp.encode("utf-8", "replace") + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _is_signed(headers: Mapping[str, str], body: bytes, now: float, secret: str) -> bool:
    timestamp = headers.get("x-bridge-timestamp", "")
    offered = headers.get("x-bridge-signature", "").encode("utf-8", "replace")
    fits = hmac.compare_digest(sign_body(secret, timestamp, body).encode(), offered)
    return fits and re.fullmatch("[0-9]{1,12}", timestamp) is not None and abs(now - int(timestamp)) <= LATE_S


def build_event(body: bytes, now: float) -> tuple[str, bytes]:
    """Return the task's SID and the event, or raise BadRequestError with what is wrong.

    The event's id is the task's alone: however often a task is posted as finished, it is so once.
    """
    if len(body) > LARGEST:
        raise BadRequestError(f"the body is larger than {LARGEST:,} bytes")
    posted = _posted(body)
    sid = posted.get("TaskSid")
    if not isinstance(sid, str) or not TASK_SID.fullmatch(sid):
        raise BadRequestError("TaskSid is missing; it should be WT and 32 letters or digits")
    data = {"TaskSid": sid, "TaskAttributes": dict(parse_object(posted.get("TaskAttributes")))}
    data |= {name: posted[name] for name in WANTED if isinstance(posted.get(name), str | int)}
    event = {
        "specversion": "1.0",
        "type": TYPE,
        "source": "/webhooks/flex/task-complete",
        "id": f"plugin-{sid}",
        "time": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
        "data": data,
    }
    return sid, json.dumps(event).encode()


def _posted(body: bytes) -> Mapping[str, Any]:
    try:
        posted = parse_json(body)
    except ValueError as error:
        raise BadRequestError("the body is no JSON") from error
    if not isinstance(posted, dict):
        raise BadRequestError("the body should be a JSON object")
    return posted
