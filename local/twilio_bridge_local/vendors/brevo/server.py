"""Brevo's API v3 on this machine, for `make run`, the contract tests and the benchmarks.

`BrevoStandIn` answers over real HTTP with Brevo's limits and errors, and lets tests set faults and count
requests. A request is checked in this order: address, key, faults that leave it without effect, rate limit, faults
that answer in Brevo's place, then what it asks for.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from twilio_bridge_local.vendors import fault_responses
from twilio_bridge_local.vendors.app_server import AppServer
from twilio_bridge_local.vendors.brevo.account import Account
from twilio_bridge_local.vendors.brevo.answers import state
from twilio_bridge_local.vendors.brevo.errors import (
    BrevoError,
    ip_blocked,
    method_not_allowed,
    no_key,
    not_found,
    too_many_requests,
    with_status,
    wrong_key,
)
from twilio_bridge_local.vendors.brevo.limits import GENERAL, Limits, RateLimits, bucket_of, headers
from twilio_bridge_local.vendors.brevo.routes import add_routes
from twilio_bridge_local.vendors.faults import NO_FAULTS, Dealt, FaultBox, Faults, faults_from_json

API_KEY = "xkeysib-stand-in"
OWN_PATH = "/_stand-in/"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that reached the stand-in; `at` is the clock's time, one without an answer has the status 0."""

    at: float
    method: str
    path: str
    status: int
    query: str = ""


class BrevoStandIn:
    """One account behind Brevo's API at `url`; use it as a context manager, or `start()` and `stop()` it.

    `url` is what stands in for https://api.brevo.com, so a contact is at `{url}/v3/contacts/…`.

    Attributes:
        account: Contacts, lists, attributes and timelines, to look at and to change behind the API's back, and
            how Brevo behaves where its documentation is silent.
        api_key: The only key that opens it.
        ip_blocked: Whether the caller's address is not on the account's list.
        faults: What goes wrong; assign `Faults(...)` at any time, `Faults()` ends it.
        requests: Every request so far, refused and unanswered ones too.
        rate_limits: Has `set(limits)` and `reset()`.
    """

    def __init__(
        self,
        account: Account | None = None,
        *,
        lists: Iterable[str] = (),
        api_key: str = API_KEY,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: Limits = GENERAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account = account or Account()
        for name in lists:
            self.account.add_list(name)
        self.api_key = api_key
        self.ip_blocked = False
        self.requests: list[Seen] = []
        self.rate_limits = RateLimits(limits, clock)
        self._box = FaultBox(clock)
        self._clock = clock
        self._server = AppServer("brevo", host, port)

    @property
    def url(self) -> str:
        """Where it listens, for BREVO_ENDPOINT_URL; only once it is started."""
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
        self._server.start(self._app())
        return self

    def stop(self) -> None:
        """Stop listening and let go of every connection that a fault holds; may be called twice."""
        self.faults = NO_FAULTS
        self._server.stop()

    def reset(self) -> None:
        """Forget requests, faults, the block and what counts against the limits; the account stays."""
        self.faults = NO_FAULTS
        self.ip_blocked = False
        self.rate_limits.reset()
        self.requests.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _app(self) -> Flask:
        app = Flask("brevo-stand-in")
        app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask types its provider as the abstract one
        app.before_request(self._admit)
        app.after_request(self._leave)
        app.register_error_handler(BrevoError, _refusal)
        app.register_error_handler(HTTPException, _http_refusal)
        add_routes(app, self.account)
        app.add_url_rule(f"{OWN_PATH}faults", view_func=self._put_faults, methods=["PUT"])
        app.add_url_rule(f"{OWN_PATH}requests", view_func=self._get_requests)
        app.add_url_rule(f"{OWN_PATH}state", view_func=self._get_state)
        return app

    def _admit(self) -> Response | None:
        """What happens to a request before anybody looks at what it asks for."""
        if request.path.startswith(OWN_PATH):
            return None
        g.arrived = self._clock()
        # Read whatever comes of it: closing a connection with unread data would cost the client the answer.
        request.get_data()
        self._check_client()
        g.dealt = dealt = self._box.deal(request.method, request.path)
        if fault_responses.unanswered(dealt):
            self._note(0)
            return fault_responses.unheard(dealt)
        self._check_limits(dealt)
        return None

    def _check_client(self) -> None:
        if self.ip_blocked:
            raise ip_blocked(request.remote_addr or "")
        given = request.headers.get("api-key")
        if not given:
            raise no_key()
        if given != self.api_key:
            raise wrong_key()

    def _check_limits(self, dealt: Dealt) -> None:
        standing = self.rate_limits.admit(bucket_of(request.method, request.path))
        g.headers = standing.headers
        if not standing.admitted:
            raise too_many_requests()
        if dealt.faults.status == 429:  # noqa: PLR2004  said by its headers, too
            g.headers = headers(1, 0, math.ceil(dealt.left_s or 1))
        if dealt.faults.status is not None:
            raise with_status(dealt.faults.status)

    def _leave(self, response: Response) -> Response:
        """What happens to an answer on its way out."""
        if request.path.startswith(OWN_PATH):
            return response
        dealt: Dealt | None = g.get("dealt")
        response = fault_responses.changed(response, dealt.faults) if dealt else response
        response.headers.update(g.get("headers", {}))
        if dealt is None or not fault_responses.unanswered(dealt):
            self._note(response.status_code)
        return fault_responses.delayed(response, dealt) if dealt else response

    def _note(self, status: int) -> None:
        query = request.query_string.decode(errors="replace")
        self.requests.append(Seen(g.arrived, request.method, request.path, status, query))

    def _put_faults(self) -> Response:
        try:
            self.faults = faults_from_json(request.get_json(silent=True))
        except ValueError as exc:
            response = jsonify({"error": str(exc)})
            response.status_code = 422
            return response
        return jsonify(asdict(self.faults))

    def _get_requests(self) -> Response:
        seen = [asdict(one) for one in self.requests]
        return jsonify({"count": len(seen), "requests": seen})

    def _get_state(self) -> Response:
        with self.account.lock:
            return jsonify(state(self.account))


def _refusal(refused: BrevoError) -> Response:
    response = jsonify(refused.body)
    response.status_code = refused.status
    return response


def _http_refusal(refused: HTTPException) -> Response:
    """What the web framework refuses, in Brevo's words."""
    if refused.code == 405:  # noqa: PLR2004  as Brevo says it
        return _refusal(method_not_allowed(request.method))
    return _refusal(not_found("Path") if refused.code == 404 else with_status(refused.code or 500))  # noqa: PLR2004  same
