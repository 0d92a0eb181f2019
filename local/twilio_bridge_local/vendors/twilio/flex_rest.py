"""Flex's configuration, which names the account's TaskRouter workspace; used by the server.

https://www.twilio.com/docs/flex/developer/config/flex-configuration-rest-api. The rest is as the description has it.
"""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from twilio_bridge_local.vendors.twilio.openapi.account import ApiRequest, TwilioApi


def flex_routes(api: TwilioApi) -> Blueprint:
    """Return the route of one account's configuration."""
    routes = Blueprint("flex", __name__)

    @routes.get("/flex-api/v1/Configuration")
    def fetch_configuration() -> ResponseReturnValue:
        found = _ask(api, "flex-api", "/v1/Configuration")
        workspaces = _ask(api, "taskrouter", "/v1/Workspaces").get("workspaces") or []
        first = {"taskrouter_workspace_sid": workspaces[-1]["sid"]} if workspaces else {}
        return {**found, "account_sid": api.account_sid, **first}

    return routes


def _ask(api: TwilioApi, product: str, path: str) -> dict[str, Any]:
    request = ApiRequest(product, "GET", path, user=api.account_sid, password=api.auth_token)
    return dict(api.answer(request).content or {})
