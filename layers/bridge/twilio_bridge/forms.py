"""The form of a callback and the answer to it: what the domain sees of HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from twilio_bridge.errors import BadRequestError

MAX_ANSWER_BYTES = 64_000  # over it, Frontline refuses: error 48003


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request: a body for JSON and a status."""

    body: object = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of a callback."""

    values: Mapping[str, list[str]]

    def get_text(self, name: str) -> str:
        """Return a parameter's value, empty where it was not sent; the first of several."""
        return self.values.get(name, [""])[0]

    def require_text(self, name: str) -> str:
        """Return a parameter's value, or raise BadRequestError that names it."""
        if value := self.get_text(name).strip():
            return value
        raise BadRequestError(f"the parameter {name} is missing")


def count_bytes(body: object) -> int:
    """Return the bytes that a body takes in an answer."""
    return len(to_json(body).encode())


def to_json(body: object) -> str:
    """Return the body as compact JSON; half a surrogate pair becomes `?`."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()
