"""What the JSON APIs share: objects in, and errors out as `{"error": {code, type, message, retryable, …}}`."""

import json
from collections.abc import Mapping
from typing import Any, Final

from twilio_bridge import errors
from twilio_bridge.entrypoints import http
from twilio_bridge.logs import describe_error as locate_error
from twilio_bridge.logs import logger
from twilio_bridge.refusals import SERVER_ERROR_STATUS

MAX_ANSWER_BYTES: Final = 5_500_000  # Lambda's own limit is 6 MB
_RETRYABLE: Final = (errors.RateLimitedError, errors.UnavailableError, errors.OutOfTimeError)


def read_body(event: http.Event) -> dict[str, Any]:
    """Return the JSON object of a request, empty where it has none; raise BadRequestError for anything else."""
    try:
        body = json.loads(http.read_body(event) or b"{}")
        check_text(body)
    except (ValueError, RecursionError) as error:
        raise errors.BadRequestError("the body is no JSON, or holds half a character, NaN or infinity") from error
    if not isinstance(body, dict):
        raise errors.BadRequestError("the body is to be a JSON object")
    return body


def check_text(body: object) -> None:
    """Raise ValueError for what no text can hold: half a surrogate pair, NaN, infinity."""
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def check_size(size: int, remedy: str) -> None:
    """Raise BadRequestError where Lambda cannot hand on an answer of so many bytes."""
    if size > MAX_ANSWER_BYTES:
        raise errors.BadRequestError(f"the answer is larger than 5.5 MB; {remedy}")


def build_error(error: BaseException, status: int, further: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an error; what is not ours is not repeated."""
    message = str(error) if isinstance(error, errors.BridgeError) else errors.BridgeError.friendly
    described: dict[str, Any] = {
        "code": status,
        "type": type(error).__name__.removesuffix("Error"),
        "message": message,
        "retryable": isinstance(error, _RETRYABLE),
    }
    return {"error": {**described, **further}}


def log_error(error: BaseException, status: int) -> None:
    """Log an error's kind and place; its message may name what the caller sent."""
    facts = {"status": status, **{name: value for name, value in locate_error(error).items() if name != "reason"}}
    if status >= SERVER_ERROR_STATUS:
        logger.error("failed", extra=facts)
    else:
        logger.info("refused", extra=facts)
