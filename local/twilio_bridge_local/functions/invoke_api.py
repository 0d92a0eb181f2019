"""Lambda's Invoke API for functions that call each other; used by the stack at a port of its own.

RequestResponse waits and answers 200, with X-Amz-Function-Error where the function failed; Event answers
202 and runs the function once in the background (Lambda would try twice more); an unknown function is
ResourceNotFoundException.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import json
import re
import threading
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import unquote

from twilio_bridge_local.aws.server import INVOKE_PREFIX
from twilio_bridge_local.functions.gateway import Invoke
from twilio_bridge_local.functions.processes import arn
from twilio_bridge_local.http_server import HttpRequest, HttpResponse, json_response

_PATH: Final = re.compile(rf"{INVOKE_PREFIX}([^/]+)/invocations")


def invoke_api(names: Collection[str], invoke: Invoke) -> Callable[[HttpRequest], HttpResponse]:
    """What answers Lambda's API for the functions of these names."""

    def answer(request: HttpRequest) -> HttpResponse:
        name = _name(request)
        if name not in names:
            return _error(404, "ResourceNotFoundException", f"Function not found: {arn(name)}")
        try:
            event = json.loads(request.body or b"{}")
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            return _error(400, "InvalidRequestContentException", message)
        kind = _header(request, "x-amz-invocation-type") or "RequestResponse"
        if kind == "DryRun":
            return HttpResponse(204)
        if kind == "Event":
            threading.Thread(target=invoke, args=(name, event), daemon=True).start()
            return HttpResponse(202, (("X-Amz-Executed-Version", "$LATEST"),))
        return _wait(invoke, name, event)

    return answer


def _wait(invoke: Invoke, name: str, event: object) -> HttpResponse:
    outcome = invoke(name, event)
    if outcome.failure == "throttled":
        return _error(429, "TooManyRequestsException", "Rate Exceeded.")
    headers = {"X-Amz-Executed-Version": "$LATEST"}
    if not outcome.ok:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return json_response(200, outcome.payload, headers)


def _name(request: HttpRequest) -> str:
    """The function's name out of a name, a name with a version, or either form of an ARN."""
    found = _PATH.fullmatch(request.target.partition("?")[0])
    given = unquote(found[1]) if found and request.method == "POST" else ""
    if ":function:" in given:
        given = given.split(":function:", 1)[1]
    return given.split(":", 1)[0]


def _header(request: HttpRequest, name: str) -> str:
    return next((value for key, value in request.headers if key.lower() == name), "")


def _error(status: int, kind: str, message: str) -> HttpResponse:
    return json_response(status, {"Type": "User", "Message": message}, {"x-amzn-ErrorType": kind})
