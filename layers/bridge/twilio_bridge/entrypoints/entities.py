"""Calls of entities as they come in, by HTTP or by invoke, and errors as they go out.

The error's form is the same both ways: `{"error": {code, type, message, retryable, upstream}}`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from twilio_bridge import deadline, errors, forms
from twilio_bridge.entities.calls import EntityCall, parse_call
from twilio_bridge.entities.errors import OutcomeUnknownError, TwilioRefusedError
from twilio_bridge.entities.writes import Outcome, PartlyDoneError
from twilio_bridge.entrypoints import http
from twilio_bridge.logs import describe_error as locate_error
from twilio_bridge.logs import logger
from twilio_bridge.refusals import SERVER_ERROR_STATUS, read_status

HTTP_SECONDS: Final = 25.0
MAX_ANSWER_BYTES: Final = 5_500_000  # Lambda's own limit is 6 MB
_OWN_MISTAKES: Final = range(400, 500)
_OURS_AT_TWILIO: Final = frozenset({401, 403, 407})  # our login, not the caller's doing
_RETRYABLE: Final = (errors.RateLimitedError, errors.UnavailableError, errors.OutOfTimeError)

Perform = Callable[[EntityCall], Outcome]


def respond(event: http.Event, context: http.Context, perform: Callable[[], Perform]) -> dict[str, Any]:
    """Answer POST /entities/{entity}/{operation}, or an invoke that names both."""
    logger.append_keys(request_id=context.aws_request_id)
    is_http = isinstance(event, dict) and "requestContext" in event
    left = context.get_remaining_time_in_millis() / 1000 - http.MARGIN_S
    try:
        with deadline.limit(min(left, HTTP_SECONDS) if is_http else left):
            call = read_http(event) if is_http else read_invoke(event)
            body, status = _fit(perform()(call).body), 200
    except Exception as error:  # noqa: BLE001  the last resort: no stack trace leaves, and the log keeps the place
        body, status = describe_error(error), status_of(error)
        _log(error, status)
    return http.build_reply(forms.Answer(body, status)) if is_http else body


def read_http(event: http.Event) -> EntityCall:
    """Return the call of a request."""
    named = event.get("pathParameters") or {}
    try:
        body = json.loads(http.read_body(event) or b"{}")
        _check_text(body)
    except (ValueError, RecursionError) as error:
        raise errors.BadRequestError("the body is no JSON") from error
    if not isinstance(body, dict):
        raise errors.BadRequestError("the body is to be a JSON object")
    call = parse_call(str(named.get("entity", "")), str(named.get("operation", "")), body)
    if call.operation == "query":
        raise errors.BadRequestError("a query takes up to 180 s and goes by invoke, not by HTTP")
    return call


def read_invoke(event: Mapping[str, Any]) -> EntityCall:
    """Return the call of an invoke: `{"entity": …, "operation": …, …}`, or a query with its statement."""
    if not isinstance(event, dict):
        raise errors.BadRequestError("the event is to be an object with entity and operation")
    try:
        _check_text(event)
    except (ValueError, RecursionError) as error:
        raise errors.BadRequestError("the event holds half a character (a lone surrogate), NaN or infinity") from error
    rest = {name: value for name, value in event.items() if name not in {"entity", "operation"}}
    default = "query" if "statement" in rest else ""
    return parse_call(str(event.get("entity", "")), str(event.get("operation") or default), rest)


def _check_text(body: object) -> None:
    """Raise ValueError for what no text can hold: half a surrogate pair, NaN, infinity."""
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def _fit(body: dict[str, Any]) -> dict[str, Any]:
    """Return an answer that Lambda can hand on."""
    if forms.count_bytes(body) > MAX_ANSWER_BYTES:
        raise errors.BadRequestError("the answer is larger than 5.5 MB; ask for fewer rows, or name the fields")
    return body


def status_of(error: BaseException) -> int:
    """Return an error's HTTP status; what Twilio refuses because of the caller's values is the caller's to mend."""
    if isinstance(error, PartlyDoneError):
        return status_of(error.error)
    if isinstance(error, TwilioRefusedError) and error.status in _OWN_MISTAKES and error.status not in _OURS_AT_TWILIO:
        return error.status
    return read_status(error)


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return the body of an error: what is wrong, whether to try again, and Twilio's own code, text and link."""
    done = {"done": error.done} if isinstance(error, PartlyDoneError) else {}
    cause = error.error if isinstance(error, PartlyDoneError) else error
    message = str(error) if isinstance(error, errors.BridgeError) else errors.BridgeError.friendly
    upstream: dict[str, Any] | None = None
    if isinstance(cause, TwilioRefusedError):
        upstream = {"status": cause.status, "code": cause.code, "message": cause.text, "moreInfo": cause.more_info}
    elif isinstance(cause, errors.RateLimitedError):
        upstream = {"retryAfter": cause.retry_after}
    return {
        "error": {
            "code": status_of(error),
            "type": type(cause).__name__.removesuffix("Error"),
            "message": message,
            "retryable": isinstance(cause, _RETRYABLE) and not isinstance(cause, OutcomeUnknownError),
            "upstream": upstream,
            **done,
        }
    }


def _log(error: Exception, status: int) -> None:
    """Log an error's kind and place; its message may name what the caller sent."""
    located = {name: value for name, value in locate_error(error).items() if name != "reason"}
    facts = {"status": status, **located}
    if status >= SERVER_ERROR_STATUS:
        logger.error("failed", extra=facts)
    else:
        logger.info("refused", extra=facts)
