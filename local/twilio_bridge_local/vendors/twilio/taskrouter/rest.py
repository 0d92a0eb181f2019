"""The REST routes of tasks and workers; used by `server`, which has already checked who asks."""

from typing import Final

from flask import Blueprint, Response, request

from twilio_bridge_local.vendors.server import json_response
from twilio_bridge_local.vendors.twilio.openapi.server import read_request
from twilio_bridge_local.vendors.twilio.taskrouter.workspace import PRODUCT, TaskRouter

WORKSPACE: Final = f"/{PRODUCT}/v1/Workspaces/<_workspace>"


def taskrouter_routes(router: TaskRouter) -> Blueprint:
    """Return the routes of a workspace's tasks and workers; the API's other paths are not among them."""
    routes = Blueprint("taskrouter", __name__)

    def answer(_workspace: str, _sid: str = "") -> Response:
        found = router.answer(read_request(PRODUCT), request.headers.get("If-Match"))
        content, status = found.answer.content, found.answer.status
        response = Response(status=status) if content is None else json_response(content, status)
        if found.etag:
            response.headers["ETag"] = found.etag
        return response

    for collection in ("Tasks", "Workers"):
        one = f"{WORKSPACE}/{collection}/<string(length=34):_sid>"
        routes.add_url_rule(f"{WORKSPACE}/{collection}", collection, answer, methods=["GET", "POST"])
        routes.add_url_rule(one, f"{collection}-one", answer, methods=["GET", "POST", "DELETE"])
    return routes
