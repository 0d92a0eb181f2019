"""Twilio's temporary refusals and failed connections as our errors; without the SDK, which is slow to import."""

import json
from collections.abc import Mapping

import requests
from urllib3.exceptions import NewConnectionError

from twilio_bridge.errors import NotTakenError, RateLimitedError, UnavailableError, UpstreamError

TWILIO = "twilio"
# What a 429 without a readable Retry-After means (seconds).
USUAL_WAIT_S = 0.4
MAX_WAIT_S = 60.0


class InitializingError(UpstreamError):
    """The conversation cannot be used yet."""


def check_limit(status: int, headers: Mapping[str, str] | None, body: str = "") -> None:
    """Raise RateLimitedError for a 429; `Retry-After` is optional: https://www.twilio.com/docs/api/errors/20429."""
    if status == requests.codes.too_many_requests:
        raise RateLimitedError(TWILIO, _retry_after_s(headers or {}), code=_read_code(body))


def _read_code(body: str) -> int | None:
    """Return Twilio's error code, for a 429 may stand for more than one limit; None where there is none to read."""
    try:
        code = json.loads(body)["code"]
    except (ValueError, TypeError, KeyError):
        return None
    return code if isinstance(code, int) else None


def _retry_after_s(headers: Mapping[str, str]) -> float:
    try:
        return min(max(float(headers.get("Retry-After", "")), USUAL_WAIT_S), MAX_WAIT_S)
    except ValueError:
        return USUAL_WAIT_S


def translate_failure(error: requests.RequestException) -> UnavailableError:
    """Return NotTakenError where no connection was made, so that nothing was sent; else UnavailableError."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    is_unsent = isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)
    kind = NotTakenError if is_unsent else UnavailableError
    return kind(TWILIO, type(error).__name__)
