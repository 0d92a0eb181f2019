"""API Gateway's payload format 2.0, both ways; used by the gateway.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from twilio_bridge_local.credentials import AWS_ACCOUNT_ID
from twilio_bridge_local.http_server import HttpRequest, HttpResponse, json_response

API_ID: Final = "local"
_TEXT: Final = frozenset({"application/json", "application/xml", "application/javascript"})
_HOP_BY_HOP: Final = frozenset({"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"})


@dataclass(frozen=True)
class Matched:
    """The route a request took, and the values of the route's path parameters."""

    route_key: str
    parameters: Mapping[str, str]


class MalformedAnswerError(ValueError):
    """A function answered with something that API Gateway cannot turn into a response."""


def split_target(target: str) -> tuple[str, str]:
    """Path (percent-decoded, as HTTP APIs hand it on) and query (as it came) of a request's target."""
    path, _, query = target.partition("?")
    return unquote(path), query


def event_of(request: HttpRequest, matched: Matched, port: int) -> dict[str, Any]:
    """The event that a function gets for the request."""
    path, query = split_target(request.target)
    headers = _headers(request, port)
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part.strip()]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": matched.route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": _context(request, matched.route_key, path, headers),
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = joined(parse_qsl(query, keep_blank_values=True))
    if matched.parameters:
        event["pathParameters"] = dict(matched.parameters)
    if request.body:
        event |= _body(request.body, headers.get("content-type", ""))
    return event


def response_of(answer: object) -> HttpResponse:
    """The response that a function's answer stands for."""
    if not (isinstance(answer, dict) and "statusCode" in answer):
        body = answer if isinstance(answer, str) else json.dumps(answer)
        return HttpResponse(200, (("content-type", "application/json"),), body.encode())
    headers = {str(name).lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    headers.setdefault("content-type", "text/plain;charset=UTF-8")
    cookies = [("set-cookie", str(cookie)) for cookie in answer.get("cookies") or ()]
    kept = [(name, value) for name, value in headers.items() if name not in _HOP_BY_HOP]
    return HttpResponse(_status(answer["statusCode"]), (*kept, *cookies), _answer_body(answer))


def failure(status: int) -> HttpResponse:
    """API Gateway's own answers."""
    messages = {403: "Forbidden", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable"}
    return json_response(status, {"message": messages[status]})


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Pairs as a mapping; what came several times is joined by commas."""
    result: dict[str, str] = {}
    for name, value in pairs:
        result[name] = f"{result[name]},{value}" if name in result else value
    return result


def _headers(request: HttpRequest, port: int) -> dict[str, str]:
    # A proxy or a tunnel in front of this one knows better what the caller used.
    defaults = {
        "x-forwarded-for": request.source_ip,
        "x-forwarded-port": str(port),
        "x-forwarded-proto": "http",
    }
    return defaults | joined((name.lower(), value) for name, value in request.headers)


def _context(request: HttpRequest, route_key: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    now = datetime.now(UTC)
    domain = headers.get("host", "")
    return {
        "accountId": AWS_ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": domain,
        "domainPrefix": domain.split(".", 1)[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": route_key,
        "stage": "$default",
        "time": f"{now:%d/%b/%Y:%H:%M:%S +0000}",
        "timeEpoch": int(time.time() * 1000),
    }


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    kind = content_type.split(";", 1)[0].strip().lower()
    if kind in _TEXT or kind.startswith("text/"):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _status(value: object) -> int:
    try:
        status = int(str(value))
    except ValueError as error:
        raise MalformedAnswerError(f"statusCode is {value!r}") from error
    if not 200 <= status <= 599:  # noqa: PLR2004  the statuses a final response can have
        raise MalformedAnswerError(f"statusCode is {status}")
    return status


def _answer_body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswerError(f"body is not text but {type(body).__name__}")
    return base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
