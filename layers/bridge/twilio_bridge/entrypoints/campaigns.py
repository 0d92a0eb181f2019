"""Campaigns as they are asked for by HTTP, and errors as they go out: `{"error": {code, type, message, faults}}`."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from twilio_bridge import deadline, errors, forms
from twilio_bridge.entrypoints import http
from twilio_bridge.logs import describe_error as locate_error
from twilio_bridge.logs import logger
from twilio_bridge.messages.planning.acceptance import CampaignExistsError
from twilio_bridge.messages.planning.requests import FaultsError
from twilio_bridge.refusals import SERVER_ERROR_STATUS, read_status

HTTP_SECONDS: Final = 25.0
MAX_ANSWER_BYTES: Final = 5_500_000  # Lambda's own limit is 6 MB
_RETRYABLE: Final = (errors.RateLimitedError, errors.UnavailableError, errors.OutOfTimeError)

Query = Mapping[str, str]
# A campaign's id, the request's query with the parameters of its path, and its body.
Handler = Callable[[str, Query, Mapping[str, Any]], forms.Answer]


def respond(event: http.Event, context: http.Context, handlers: Callable[[], Mapping[str, Handler]]) -> dict[str, Any]:
    """Answer a request by the handler of its route key, such as `GET /campaigns/{id}`."""
    logger.append_keys(request_id=context.aws_request_id)
    left = context.get_remaining_time_in_millis() / 1000 - http.MARGIN_S
    try:
        with deadline.limit(min(left, HTTP_SECONDS)):
            parameters = event.get("pathParameters") or {}
            handler = handlers()[str(event["routeKey"])]
            query = {**(event.get("queryStringParameters") or {}), **parameters}
            answer = handler(str(parameters.get("id", "")), query, read_body(event))
            return _build_reply(answer)
    except Exception as error:  # noqa: BLE001  the last resort: no stack trace leaves, and the log keeps the place
        status = status_of(error)
        _log(error, status)
        return http.build_reply(forms.Answer(describe_error(error), status))


def read_body(event: http.Event) -> Mapping[str, Any]:
    """Return the JSON object of a request, empty where it has none."""
    try:
        body = json.loads(http.read_body(event) or b"{}")
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise errors.BadRequestError("the body is no JSON, or holds half a character, NaN or infinity") from error
    if not isinstance(body, dict):
        raise errors.BadRequestError("the body is to be a JSON object")
    return body


def _build_reply(answer: forms.Answer) -> dict[str, Any]:
    """Return an answer that Lambda can hand on; a text is CSV."""
    is_text = isinstance(answer.body, str)
    reply = http.build_reply(answer)
    if is_text:
        reply |= {"headers": {"content-type": "text/csv; charset=utf-8"}, "body": answer.body}
    if len(reply["body"].encode()) > MAX_ANSWER_BYTES:
        raise errors.BadRequestError("the answer is larger than 5.5 MB; ask for fewer rows")
    return reply


def status_of(error: BaseException) -> int:
    """Return an error's HTTP status."""
    return 409 if isinstance(error, CampaignExistsError) else read_status(error)


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return the body of an error; what is not ours is not repeated."""
    faults = list(error.faults) if isinstance(error, FaultsError) else None
    message = str(error) if isinstance(error, errors.BridgeError) else errors.BridgeError.friendly
    described = {
        "code": status_of(error),
        "type": type(error).__name__.removesuffix("Error"),
        "message": message,
        "retryable": isinstance(error, _RETRYABLE),
        "faults": faults,
    }
    return {"error": {name: value for name, value in described.items() if value is not None}}


def _log(error: Exception, status: int) -> None:
    """Log an error's kind and place; its message may name what the caller sent."""
    facts = {"status": status, **{name: value for name, value in locate_error(error).items() if name != "reason"}}
    if status >= SERVER_ERROR_STATUS:
        logger.error("failed", extra=facts)
    else:
        logger.info("refused", extra=facts)
