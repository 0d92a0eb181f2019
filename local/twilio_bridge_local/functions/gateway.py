"""The HTTP API on this machine: routes from the template, requests in, answers back; used by the stack.

A path of an HTTP API matches exactly before it matches with parameters, those before a greedy one
(`{proxy+}`), and `$default` takes the rest. A failed function is 500, one that ran out of time 503, a
path without a route 404, a request without the signature that its route wants 403.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from twilio_bridge_local.functions.front_page import front_page
from twilio_bridge_local.functions.iam_authorizer import is_authorized
from twilio_bridge_local.functions.payload import Matched, event_of, failure, response_of, split_target
from twilio_bridge_local.functions.processes import Outcome
from twilio_bridge_local.http_server import HttpRequest, HttpResponse, HttpServer
from twilio_bridge_local.logs import Sink
from twilio_bridge_local.template.bundle import DEFAULT_ROUTE, Function, Route

Invoke = Callable[[str, object], Outcome]
"""Calls a function by its name with an event."""

_PARAMETER = re.compile(r"\\{(\w+)(\\\+)?\\}")


@dataclass(frozen=True)
class _Entry:
    route: Route
    function: str
    pattern: re.Pattern[str]

    @property
    def rank(self) -> tuple[bool, bool, int, bool]:
        """The smaller, the earlier it is tried."""
        path = self.route.path
        return (path == DEFAULT_ROUTE, "+}" in path, path.count("{"), self.route.method == "ANY")


class Routes:
    """Finds the function for a method and a path."""

    def __init__(self, functions: Iterable[Function]) -> None:
        entries = [
            _Entry(route, function.name, _pattern(route.path)) for function in functions for route in function.routes
        ]
        self._entries = sorted(entries, key=lambda entry: entry.rank)

    def match(self, method: str, path: str) -> tuple[str, Matched, bool] | None:
        """Return the function's name, what the event holds of the route, and whether the route wants a signature."""
        for entry in self._entries:
            found = entry.pattern.fullmatch(path)
            if found and entry.route.method in {method, "ANY"}:
                matched = Matched(entry.route.key, _parameters(entry.route, found))
                return entry.function, matched, entry.route.signed
        return None


def gateway(functions: Sequence[Function], invoke: Invoke, listening: socket.socket, log: Sink) -> HttpServer:
    """A server of the functions' routes on the socket; start it, or use it as a context manager."""
    routes, port = Routes(functions), int(listening.getsockname()[1])

    def answer(request: HttpRequest) -> HttpResponse:
        path = split_target(request.target)[0]
        found = routes.match(request.method, path)
        if found is None:
            return front_page(functions, port) if (request.method, path) == ("GET", "/") else failure(404)
        name, matched, is_signed = found
        if is_signed and not is_authorized(request):
            return failure(403)
        outcome = invoke(name, event_of(request, matched, port))
        if not outcome.ok:
            return failure(500 if outcome.failure == "error" else 503)
        try:
            return response_of(outcome.payload)
        except (ValueError, TypeError, AttributeError) as error:
            log(name, f"[ERROR] API Gateway cannot use this answer: {error}")
            return failure(500)

    return HttpServer(answer, listening)


def _pattern(path: str) -> re.Pattern[str]:
    if path == DEFAULT_ROUTE:
        return re.compile(r".*", re.DOTALL)
    return re.compile(_PARAMETER.sub(lambda match: "(.+)" if match[2] else "([^/]+)", re.escape(path)), re.DOTALL)


def _parameters(route: Route, found: re.Match[str]) -> Mapping[str, str]:
    names = re.findall(r"\{(\w+)\+?\}", route.path)
    return dict(zip(names, found.groups(), strict=True))
