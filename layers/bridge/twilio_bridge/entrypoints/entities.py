"""Calls of entities as they come in, by HTTP or by invoke, and errors as they go out.

The error's form is the same both ways: `{"error": {code, type, message, retryable, upstream}}`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from twilio_bridge import errors, forms
from twilio_bridge.entities.calls import EntityCall, parse_call
from twilio_bridge.entities.errors import TwilioRefusedError
from twilio_bridge.entities.writes import Outcome, PartlyDoneError
from twilio_bridge.entrypoints import http, json_api
from twilio_bridge.refusals import read_status

_OWN_MISTAKES: Final = range(400, 500)
_OURS_AT_TWILIO: Final = frozenset({401, 403, 407})  # our login, not the caller's doing

Perform = Callable[[EntityCall], Outcome]


def respond(event: http.Event, context: http.Context, perform: Callable[[], Perform]) -> dict[str, Any]:
    """Answer POST /entities/{entity}/{operation}, or an invoke that names both."""
    is_http = isinstance(event, dict) and "requestContext" in event
    try:
        with http.limit_invocation(context, max_s=http.GATEWAY_S if is_http else math.inf):
            call = read_http(event) if is_http else read_invoke(event)
            body, status = perform()(call).body, 200
            json_api.check_size(forms.count_bytes(body), "ask for fewer rows, or name the fields")
    except Exception as error:  # noqa: BLE001  the last resort: no stack trace leaves, and the log keeps the place
        body, status = describe_error(error), status_of(error)
        json_api.log_error(error, status)
    return http.build_reply(forms.Answer(body, status)) if is_http else body


def read_http(event: http.Event) -> EntityCall:
    """Return the call of a request."""
    named = event.get("pathParameters") or {}
    call = parse_call(str(named.get("entity", "")), str(named.get("operation", "")), json_api.read_body(event))
    if call.operation == "query":
        raise errors.BadRequestError("a query takes up to 180 s and goes by invoke, not by HTTP")
    return call


def read_invoke(event: Mapping[str, Any]) -> EntityCall:
    """Return the call of an invoke: `{"entity": …, "operation": …, …}`, or a query with its statement."""
    if not isinstance(event, dict):
        raise errors.BadRequestError("the event is to be an object with entity and operation")
    try:
        json_api.check_text(event)
    except (ValueError, RecursionError) as error:
        raise errors.BadRequestError("the event holds half a character (a lone surrogate), NaN or infinity") from error
    rest = {name: value for name, value in event.items() if name not in {"entity", "operation"}}
    default = "query" if "statement" in rest else ""
    return parse_call(str(event.get("entity", "")), str(event.get("operation") or default), rest)


def status_of(error: BaseException) -> int:
    """Return an error's HTTP status; what Twilio refuses because of the caller's values is the caller's to mend."""
    if isinstance(error, PartlyDoneError):
        return status_of(error.error)
    if isinstance(error, TwilioRefusedError) and error.status in _OWN_MISTAKES and error.status not in _OURS_AT_TWILIO:
        return error.status
    return read_status(error)


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return the body of an error: what is wrong, whether to try again, and Twilio's own code, text and link."""
    further: dict[str, Any] = {"upstream": None}
    cause = error.error if isinstance(error, PartlyDoneError) else error
    if isinstance(cause, TwilioRefusedError):
        refusal = {"status": cause.status, "code": cause.code, "message": cause.text, "moreInfo": cause.more_info}
        further = {"upstream": refusal}
    elif isinstance(cause, errors.RateLimitedError):
        further = {"upstream": {"retryAfter": cause.retry_after}}
    if isinstance(error, PartlyDoneError):
        further |= {"message": str(error), "done": error.done}

    return json_api.build_error(cause, status_of(error), further)
