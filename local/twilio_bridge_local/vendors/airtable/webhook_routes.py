"""The paths of Airtable's webhooks API and what each does, for the server.

Everything about tokens, limits and faults has happened when a view here is called.
https://airtable.com/developers/web/api/webhooks-overview
"""

import base64
from collections.abc import Callable
from functools import wraps

from flask import Flask, Response, jsonify, request

from twilio_bridge_local.vendors.airtable.errors import invalid_body, invalid_permissions, invalid_request
from twilio_bridge_local.vendors.airtable.store import Base
from twilio_bridge_local.vendors.airtable.webhook_payloads import milliseconds
from twilio_bridge_local.vendors.airtable.webhooks import MAX_PAYLOADS_COUNT, Webhooks

LIST_PATH = "/v0/bases/<base_id>/webhooks"
WEBHOOK_PATH = f"{LIST_PATH}/<webhook_id>"
View = Callable[..., Response]


def add_webhook_routes(app: Flask, base: Base, webhooks: Webhooks, allowed: Callable[[], bool]) -> None:
    """Put the API's paths on the app; `allowed` decides whether the token has the scope for them."""
    views = _Views(base, webhooks)
    for method, path, view in (
        ("GET", LIST_PATH, views.listed),
        ("POST", LIST_PATH, views.create),
        ("DELETE", WEBHOOK_PATH, views.delete),
        ("POST", f"{WEBHOOK_PATH}/refresh", views.refresh),
        ("POST", f"{WEBHOOK_PATH}/enableNotifications", views.enable_notifications),
        ("GET", f"{WEBHOOK_PATH}/payloads", views.payloads),
    ):
        app.add_url_rule(path, f"{method} {path}", _scoped(view, allowed), methods=[method])


def _scoped(view: View, allowed: Callable[[], bool]) -> View:
    @wraps(view)
    def checked(**path: str) -> Response:
        if not allowed():
            raise invalid_permissions()
        return view(**path)

    return checked


class _Views:
    """The views; each takes what its path names."""

    def __init__(self, base: Base, webhooks: Webhooks) -> None:
        self.base = base
        self.webhooks = webhooks

    def listed(self) -> Response:
        now = self.base.now()
        return jsonify({"webhooks": [webhook.answer(now) for webhook in self.webhooks.listed()]})

    def create(self) -> Response:
        made = self.webhooks.create(_body())
        secret = base64.b64encode(made.secret).decode()
        return jsonify({"id": made.id, "macSecretBase64": secret, "expirationTime": milliseconds(made.expires)})

    def delete(self, webhook_id: str) -> Response:
        self.webhooks.delete(webhook_id)
        return Response()

    def refresh(self, webhook_id: str) -> Response:
        return jsonify({"expirationTime": milliseconds(self.webhooks.refresh(webhook_id))})

    def enable_notifications(self, webhook_id: str) -> Response:
        enable = _body().get("enable")
        if not isinstance(enable, bool):
            raise invalid_request("enable must be true or false")
        self.webhooks.found(webhook_id).notifications_enabled = enable
        return Response()

    def payloads(self, webhook_id: str) -> Response:
        cursor, limit = _number("cursor", 1), _number("limit", MAX_PAYLOADS_COUNT, MAX_PAYLOADS_COUNT)
        return jsonify(self.webhooks.payloads(webhook_id, cursor, limit))


def _number(name: str, default: int, most: int | None = None) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not given.isdecimal() or int(given) < 1 or (most is not None and int(given) > most):
        raise invalid_request(f"{name} must be a number in its bounds")
    return int(given)


def _body() -> dict[str, object]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise invalid_body()
    return body
