"""Campaigns as they are asked for by HTTP, and errors as they go out: `{"error": {code, type, message, faults}}`."""

from collections.abc import Callable, Mapping
from typing import Any

from twilio_bridge import forms
from twilio_bridge.entrypoints import http, json_api
from twilio_bridge.messages.planning.acceptance import CampaignExistsError
from twilio_bridge.messages.planning.requests import FaultsError
from twilio_bridge.refusals import read_status

Query = Mapping[str, str]
# A campaign's id, the request's query with the parameters of its path, and its body.
Handler = Callable[[str, Query, Mapping[str, Any]], forms.Answer]


def respond(event: http.Event, context: http.Context, handlers: Callable[[], Mapping[str, Handler]]) -> dict[str, Any]:
    """Answer a request by the handler of its route key, such as `GET /campaigns/{id}`."""
    try:
        with http.limit_invocation(context, max_s=http.GATEWAY_S):
            parameters = event.get("pathParameters") or {}
            handler = handlers()[str(event["routeKey"])]
            query = {**(event.get("queryStringParameters") or {}), **parameters}
            answer = handler(str(parameters.get("id", "")), query, json_api.read_body(event))
            return _build_reply(answer)
    except Exception as error:  # noqa: BLE001  the last resort: no stack trace leaves, and the log keeps the place
        status = status_of(error)
        json_api.log_error(error, status)
        return http.build_reply(forms.Answer(describe_error(error), status))


def _build_reply(answer: forms.Answer) -> dict[str, Any]:
    """Return an answer that Lambda can hand on; a text is CSV."""
    is_text = isinstance(answer.body, str)
    reply = http.build_reply(answer)
    if is_text:
        reply |= {"headers": {"content-type": "text/csv; charset=utf-8"}, "body": answer.body}
    json_api.check_size(len(reply["body"].encode()), "ask for fewer rows")
    return reply


def status_of(error: BaseException) -> int:
    """Return an error's HTTP status."""
    return 409 if isinstance(error, CampaignExistsError) else read_status(error)


def describe_error(error: BaseException) -> dict[str, Any]:
    """Return the body of an error, with all faults of a request."""
    further = {"faults": list(error.faults)} if isinstance(error, FaultsError) else {}
    return json_api.build_error(error, status_of(error), further)
