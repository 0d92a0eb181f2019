"""The whole of Twilio's REST API on this machine: `TwilioApiStandIn` behind a real HTTP server.

Under `url` the product is the first path segment, as at TWILIO_ENDPOINT_URL.

    with TwilioApiStandIn(account_sid, auth_token) as twilio:
        twilio.add_rows("api", f"/2010-04-01/Accounts/{account_sid}/Messages.json", [{"body": "Hello"}])
"""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import parse_qsl

from flask import Blueprint, Flask, Response, g, jsonify, request

from twilio_bridge_local.vendors import fault_responses
from twilio_bridge_local.vendors.app_server import AppServer
from twilio_bridge_local.vendors.faults import NO_FAULTS, FaultBox, Faults
from twilio_bridge_local.vendors.twilio.errors import TwilioError, of_status, refusal
from twilio_bridge_local.vendors.twilio.openapi.account import ApiRequest, TwilioApi

TOO_MANY = 20429


@dataclass(frozen=True)
class Seen:
    """A request that reached the stand-in; one without an answer has the status 0."""

    at: float
    method: str
    path: str
    query: str
    status: int
    user: str


def api_blueprint(api: TwilioApi) -> Blueprint:
    """Return the routes of every product of the description, below the product's name."""
    routes = Blueprint("twilio-api", __name__)

    @routes.route("/<product>/<path:_path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def answer(product: str, _path: str) -> Response:
        found = api.answer(_read_request(product))
        response = jsonify(found.content) if found.content is not None else Response()
        response.status_code = found.status
        return response

    routes.register_error_handler(TwilioError, _refuse)
    return routes


def _read_request(product: str) -> ApiRequest:
    """Take the request apart; its path is read as it came, for a decoded slash is part of a name."""
    raw = str(request.environ.get("RAW_URI") or request.full_path).partition("?")[0]
    login = request.authorization
    is_basic = login is not None and login.type == "basic"
    is_form = request.mimetype == "application/x-www-form-urlencoded"
    return ApiRequest(
        product=product,
        method=request.method,
        path=raw.removeprefix(f"/{product}"),
        query=parse_qsl(request.query_string.decode(), keep_blank_values=True),
        form=parse_qsl(request.get_data(as_text=True), keep_blank_values=True) if is_form else (),
        json=request.get_json(silent=True) if request.is_json else None,
        user=str(login.username) if login and is_basic else "",
        password=str(login.password) if login and is_basic else "",
    )


def _refuse(error: TwilioError) -> Response:
    response = jsonify(error.body())
    response.status_code = error.status
    return response


class TwilioApiStandIn(TwilioApi):
    """An account behind the API at `url`; use it as a context manager, or `start()` and `stop()` it.

    Attributes:
        faults: What goes wrong; assign `Faults(...)` at any time, `Faults()` ends it.
        requests: Every request so far, refused and unanswered ones too.
        max_requests_per_s: More than these in a second get 429; None for no limit.
    """

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
        super().__init__(account_sid, auth_token, dict(sub_accounts), seeded=seeded)
        self.requests: list[Seen] = []
        self.max_requests_per_s: int | None = None
        self._accepted: deque[float] = deque()
        self._box = FaultBox()
        self._server = AppServer("twilio-api", host, port)

    @property
    def url(self) -> str:
        """Where it listens, for TWILIO_ENDPOINT_URL; only once it is started."""
        return self._server.url

    @property
    def faults(self) -> Faults:
        """What goes wrong now."""
        return self._box.current

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._box.set(faults)

    def start(self) -> Self:
        """Listen, in threads that do not keep the process alive."""
        app = Flask("twilio-api-stand-in", static_folder=None)
        app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask types its provider as the abstract one
        app.before_request(self._admit)
        app.after_request(self._leave)
        app.register_error_handler(TwilioError, _refuse)
        app.register_blueprint(api_blueprint(self))
        self._server.start(app)
        return self

    def stop(self) -> None:
        """Stop listening and let go of every connection that a fault holds; may be called twice."""
        self.faults = NO_FAULTS
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _admit(self) -> Response | None:
        """What happens to a request before anybody looks at what it asks for."""
        request.get_data()  # closing a connection with unread data would cost the client the answer
        g.dealt = dealt = self._box.deal(request.method, request.path)
        if fault_responses.unanswered(dealt):
            self._note(0)
            return fault_responses.unheard(dealt)
        if dealt.faults.status is not None:
            return _refuse(of_status(dealt.faults.status))
        if not self._accepts():
            raise refusal(TOO_MANY)
        return None

    def _accepts(self) -> bool:
        """Return whether one more request fits into the last second."""
        moment = time.monotonic()
        while self._accepted and self._accepted[0] <= moment - 1:
            self._accepted.popleft()
        if self.max_requests_per_s is not None and len(self._accepted) >= self.max_requests_per_s:
            return False
        self._accepted.append(moment)
        return True

    def _leave(self, response: Response) -> Response:
        dealt = g.dealt
        response = fault_responses.changed(response, dealt.faults)
        if not fault_responses.unanswered(dealt):
            self._note(response.status_code)
        return fault_responses.delayed(response, dealt)

    def _note(self, status: int) -> None:
        user = str(request.authorization.username) if request.authorization else ""
        query = request.query_string.decode(errors="replace")
        self.requests.append(Seen(time.time(), request.method, request.path, query, status, user))
