"""The whole of Twilio's REST API on this machine: `TwilioApiStandIn` behind a real HTTP server.

Under `url` the product is the first path segment, as at TWILIO_ENDPOINT_URL.

    with TwilioApiStandIn(account_sid, auth_token) as twilio:
        twilio.add_rows("api", f"/2010-04-01/Accounts/{account_sid}/Messages.json", [{"body": "Hello"}])
"""

import time
from collections.abc import Mapping
from threading import Lock
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from flask import Blueprint, Flask, Response, request

from twilio_bridge_local.vendors.faults import Dealt
from twilio_bridge_local.vendors.server import Refusal, StandIn, json_response
from twilio_bridge_local.vendors.sliding_window import SlidingWindow
from twilio_bridge_local.vendors.twilio.errors import of_status, refusal
from twilio_bridge_local.vendors.twilio.openapi.account import ApiRequest, TwilioApi

TOO_MANY: Final = 20429
FORM: Final = "application/x-www-form-urlencoded"


def api_routes(api: TwilioApi) -> Blueprint:
    """Return the routes of every product of the description, below the product's name."""
    routes = Blueprint("twilio-api", __name__)

    @routes.route("/<product>/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def answer(product: str, _path: str) -> Response:
        found = api.answer(read_request(product))
        return Response(status=found.status) if found.content is None else json_response(found.content, found.status)

    return routes


def read_request(product: str) -> ApiRequest:
    """Take the request apart; its path is read as it came, for a decoded slash is part of a name."""
    raw = str(request.environ["RAW_URI"]).partition("?")[0]
    user, password = _read_login()
    return ApiRequest(
        product=product,
        method=request.method,
        path=raw.removeprefix(f"/{product}"),
        query=parse_qsl(request.query_string.decode(), keep_blank_values=True),
        form=parse_qsl(request.get_data(as_text=True), keep_blank_values=True) if request.mimetype == FORM else (),
        json=request.get_json(silent=True) if request.is_json else None,
        user=user,
        password=password,
    )


def _read_login() -> tuple[str, str]:
    login = request.authorization
    if login is None or login.type != "basic":
        return "", ""
    return str(login.username), str(login.password)


class TwilioApiStandIn(TwilioApi, StandIn):
    """An account behind the API at `url`; use it as a context manager, or `start()` and `stop()` it.

    Attributes:
        logins: The user of every request so far.
        max_requests_per_s: More than these in a second get 429; None for no limit.
    """

    vendor = "twilio-api"

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        sub_accounts: Mapping[str, str] = MappingProxyType({}),
        seeded: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        TwilioApi.__init__(self, account_sid, auth_token, dict(sub_accounts), seeded=seeded)
        StandIn.__init__(self, host, port, time.monotonic)
        self.logins: list[str] = []
        self.max_requests_per_s: int | None = None
        self._window = SlidingWindow(1.0)
        self._window_lock = Lock()

    def add_routes(self, app: Flask) -> None:
        """Put every product's paths on the app."""
        app.register_blueprint(api_routes(self))

    def check_client(self) -> None:
        """Raise Twilio's 401 unless somebody asks whom the account knows."""
        user, password = _read_login()
        self.logins.append(user)
        self.find_login(user, password)

    def check_limits(self, _dealt: Dealt) -> None:
        """Raise Twilio's 429 where the last second was full."""
        with self._window_lock:
            moment = time.monotonic()
            if self.max_requests_per_s is not None and self._window.count(moment) >= self.max_requests_per_s:
                raise refusal(TOO_MANY)
            self._window.add(moment)

    def refuse_with_status(self, status: int) -> Refusal:
        """Return Twilio's error for a bare HTTP status."""
        return of_status(status)
