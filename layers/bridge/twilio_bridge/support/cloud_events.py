"""CloudEvents as Twilio's Event Streams send them, brought to one form; what cannot be read is poison.

A record holds one event, or an array of them. `data` is an object, or JSON in a text, and inside are texts of JSON
again. Of the envelope only `type` and a key are needed; `time` may be missing.
https://www.twilio.com/docs/events/event-types and https://github.com/cloudevents/spec
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from twilio_bridge.errors import BadRequestError

TWILIO = "com.twilio."
TASKROUTER = "taskrouter."
MAX_ID_LENGTH = 64  # SIDs have 34
# Times outside these years are a sender's mistake, and no event's.
EARLIEST, LATEST = 946_684_800_000, 4_102_444_800_000
# Kinesis takes records of 1 MB; a larger batch of a webhook sink is put there event by event.
MAX_RECORD_BYTES = 900_000
HALF_A_CHARACTER = ("\\ud", "\\uD")


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event: its key, its type without `com.twilio.`, when it happened (epoch ms), and its data.

    For TaskRouter's `data` is the payload, and `id` the one that the REST API knows the event by, too.
    """

    id: str
    type: str
    at: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PoisonRecord:
    """Something that is no event, and why."""

    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """What a record held."""

    events: list[CloudEvent] = field(default_factory=list)
    poison: list[PoisonRecord] = field(default_factory=list)


def decode_record(raw: bytes, arrived_at: int) -> DecodedRecord:
    """Read a record that arrived at this moment (epoch ms)."""
    decoded = DecodedRecord()
    try:
        documents = _documents(raw)
    except BadRequestError as error:
        return DecodedRecord(poison=[PoisonRecord(raw, str(error))])
    for document in documents:
        try:
            decoded.events.append(_event(document, arrived_at))
        except BadRequestError as error:
            piece = raw if len(documents) == 1 else json.dumps(document).encode()
            decoded.poison.append(PoisonRecord(piece, str(error)))
    return decoded


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401  JSON holds anything
    """Read JSON, or raise ValueError; halves of characters become question marks, for no store takes them."""
    written = text.decode() if isinstance(text, bytes) else text
    try:
        value = json.loads(written, parse_constant=lambda _name: None)
        if any(half in written for half in HALF_A_CHARACTER):
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def parse_object(value: object) -> Mapping[str, Any]:
    """Return what a text of JSON holds (or the object itself); nothing where it is empty, broken or no object."""
    try:
        found = parse_json(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def parse_time(text: object) -> int | None:
    """Return a time in epoch ms; without a zone it is UTC; None where it is no time."""
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
        at = int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return at if EARLIEST <= at <= LATEST else None


def _documents(raw: bytes) -> list[Any]:
    try:
        document = parse_json(raw)
    except ValueError as error:  # UnicodeDecodeError is one
        raise BadRequestError("it is no JSON") from error
    return document if isinstance(document, list) else [document]


def _event(document: object, arrived_at: int) -> CloudEvent:
    if not isinstance(document, dict):
        raise BadRequestError("it is no JSON object")
    kind = document.get("type")
    if not isinstance(kind, str) or not kind:
        raise BadRequestError("it has no type")
    data = _data(document.get("data"))
    kind = kind.removeprefix(TWILIO)
    wrapped = data
    if kind.startswith(TASKROUTER) and "payload" in data:
        data = _data(data["payload"])
    at = next(_times(document, data, wrapped), arrived_at)
    return CloudEvent(_id(document, kind, data), kind, at, data)


def require_sid(event: CloudEvent, name: str, prefix: str) -> str:
    """Return a SID that the event's type promises, or raise BadRequestError."""
    sid = event.data.get(name)
    if not isinstance(sid, str) or not sid.startswith(prefix) or not sid.isalnum() or len(sid) > MAX_ID_LENGTH:
        raise BadRequestError(f"it has no {name}")
    return sid


def _data(data: object) -> Mapping[str, Any]:
    try:
        read = parse_json(data.strip() or "{}") if isinstance(data, str) else data or {}
    except ValueError as error:
        raise BadRequestError("its data is no JSON") from error
    if not isinstance(read, dict):
        raise BadRequestError("its data is no JSON object")
    return read


def _times(document: Mapping[str, Any], data: Mapping[str, Any], wrapped: Mapping[str, Any]) -> Iterator[int]:
    """TaskRouter's own timestamp counts first: the REST API gives it for the same event, too."""
    texts = (data.get("timestamp"), wrapped.get("timestamp"), document.get("time"), data.get("StateUpdated"))
    return (at for text in texts if (at := parse_time(text)) is not None)


def _id(document: Mapping[str, Any], kind: str, data: Mapping[str, Any]) -> str:
    own = data.get("sid") if kind.startswith(TASKROUTER) else None
    found = own or document.get("id")
    if isinstance(found, str) and found:
        return found if len(found) <= MAX_ID_LENGTH else hashlib.sha256(found.encode()).hexdigest()
    raise BadRequestError("it has no id")


def split_into_records(body: bytes) -> list[tuple[str, bytes]]:
    """Return the stream's records for a webhook sink's body, as (partition key, data); the same body cuts alike."""
    if len(body) <= MAX_RECORD_BYTES:
        return [_record(body)]
    try:
        documents = parse_json(body)
    except ValueError:
        return [_record(body)]
    if not isinstance(documents, list):
        return [_record(body)]
    return [_record(json.dumps(document).encode()) for document in documents]


def _record(data: bytes) -> tuple[str, bytes]:
    return hashlib.sha256(data).hexdigest()[:32], data
