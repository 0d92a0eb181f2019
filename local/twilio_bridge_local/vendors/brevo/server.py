"""Brevo's API v3 on this machine, for `make run`, the contract tests and the benchmarks.

`BrevoStandIn` answers over real HTTP with Brevo's limits and errors.
"""

import math
import time
from collections.abc import Callable, Iterable

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from twilio_bridge_local.vendors.brevo.account import Account
from twilio_bridge_local.vendors.brevo.answers import state
from twilio_bridge_local.vendors.brevo.errors import (
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
from twilio_bridge_local.vendors.faults import Dealt
from twilio_bridge_local.vendors.server import OWN_PATH, Refusal, StandIn, refusal_response

API_KEY = "xkeysib-stand-in"


class BrevoStandIn(StandIn):
    """One account behind Brevo's API at `url`.

    `url` is what stands in for https://api.brevo.com, so a contact is at `{url}/v3/contacts/…`.

    Attributes:
        account: Contacts, lists, attributes and timelines, to look at and to change behind the API's back, and
            how Brevo behaves where its documentation is silent.
        api_key: The only key that opens it.
        ip_blocked: Whether the caller's address is not on the account's list.
        rate_limits: Has `set(limits)` and `reset()`.
    """

    vendor = "brevo"

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
        super().__init__(host, port, clock)
        self.account = account or Account()
        for name in lists:
            self.account.add_list(name)
        self.api_key = api_key
        self.ip_blocked = False
        self.rate_limits = RateLimits(limits, clock)

    def reset(self) -> None:
        """Forget requests, faults, the block and what counts against the limits; the account stays."""
        super().reset()
        self.ip_blocked = False
        self.rate_limits.reset()

    def add_routes(self, app: Flask) -> None:
        """Put the API's paths on the app, and the account's content under /_stand-in/state."""
        add_routes(app, self.account)
        app.add_url_rule(f"{OWN_PATH}state", view_func=self._show_state)
        # A vendor's path or method that does not exist has an error of its own; a status that is set has another.
        app.register_error_handler(404, _no_path)
        app.register_error_handler(405, _no_method)

    def check_client(self) -> None:
        """Raise what Brevo answers to an unknown address or key."""
        if self.ip_blocked:
            raise ip_blocked(request.remote_addr or "")
        given = request.headers.get("api-key")
        if not given:
            raise no_key()
        if given != self.api_key:
            raise wrong_key()

    def check_limits(self, dealt: Dealt) -> None:
        """Raise Brevo's 429 when a limit is reached; the headers show how far it is."""
        standing = self.rate_limits.admit(bucket_of(request.method, request.path))
        g.headers = standing.headers
        if not standing.admitted:
            raise too_many_requests()
        if dealt.faults.status == 429:  # noqa: PLR2004  its headers show it, too
            g.headers = headers(1, 0, math.ceil(dealt.left_s or 1))

    def refuse_with_status(self, status: int) -> Refusal:
        """Return Brevo's error for a bare HTTP status."""
        return with_status(status)

    def _show_state(self) -> Response:
        with self.account.lock:
            return jsonify(state(self.account))


def _no_path(_error: HTTPException) -> Response:
    return refusal_response(not_found("Path"))


def _no_method(_error: HTTPException) -> Response:
    return refusal_response(method_not_allowed(request.method))
