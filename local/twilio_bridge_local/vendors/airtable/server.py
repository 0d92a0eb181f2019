"""Airtable's Web API on this machine, for `make run`, the contract tests and the benchmarks.

`AirtableStandIn` answers over real HTTP with Airtable's limits and errors, and lets tests set faults and
count requests. A request is checked in this order: size, token, rate limit, faults, then what it asks for.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from twilio_bridge_local.vendors import fault_responses
from twilio_bridge_local.vendors.airtable.errors import (
    AirtableError,
    authentication_required,
    body_too_large,
    model_not_found,
    rate_limited,
    url_too_long,
    with_status,
)
from twilio_bridge_local.vendors.airtable.limits import RateLimit
from twilio_bridge_local.vendors.airtable.listing import Listings
from twilio_bridge_local.vendors.airtable.pings import AIRTABLES_PINGING, Ping, Pinger, Pinging
from twilio_bridge_local.vendors.airtable.replies import http_refusal, json_reply, refusal
from twilio_bridge_local.vendors.airtable.routes import add_routes
from twilio_bridge_local.vendors.airtable.store import Base, Column, utc_now
from twilio_bridge_local.vendors.airtable.webhook_routes import add_webhook_routes
from twilio_bridge_local.vendors.airtable.webhooks import Webhooks
from twilio_bridge_local.vendors.app_server import AppServer
from twilio_bridge_local.vendors.faults import NO_FAULTS, Dealt, FaultBox, Faults, faults_from_json

BASE_ID = "appTwilioBridge00"
TOKEN = "patStandIn.0000"  # noqa: S105  # opens nothing but this stand-in
URL_LIMIT = 16_000
BODY_LIMIT = 2_000_000
OWN_PATH = "/_stand-in/"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that reached the stand-in; `at` is the clock's time, one without an answer has the status 0."""

    at: float
    method: str
    path: str
    status: int
    query: str = ""


class AirtableStandIn:
    """One base behind Airtable's API at `url`; use it as a context manager, or `start()` and `stop()` it.

    Attributes:
        base: The records, to look at and to change behind the API's back.
        faults: What goes wrong; assign `Faults(...)` at any time, `Faults()` ends it.
        requests: Every request so far, refused and silent ones too.
        latency_s: How much later than at once every answer leaves; its effect is there at once.
        rate_limit: Has `requests_per_s` and `penalty_s`, which may be changed, and `reset()`.
        listings: Has `expire()`, after which every offset is unknown.
        webhooks: Those of the base, for tests that look behind the API.
        webhooks_allowed: Whether the token has the scope for webhooks.
    """

    def __init__(  # noqa: PLR0913  # all but the tables are named at the call, and have defaults
        self,
        tables: Mapping[str, Iterable[Mapping[str, object]]] | Base,
        *,
        columns: Mapping[str, Iterable[str | Column]] | None = None,
        base_id: str = BASE_ID,
        token: str = TOKEN,
        host: str = "127.0.0.1",
        port: int = 0,
        latency_s: float = 0.0,
        requests_per_s: int = 5,
        penalty_s: float = 30.0,
        offset_expire_s: float = 600.0,
        webhooks_allowed: bool = True,
        pinging: Pinging = AIRTABLES_PINGING,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.base = tables if isinstance(tables, Base) else Base(tables, columns, now=now)
        self.base_id = base_id
        self.token = token
        self.latency_s = latency_s
        self.requests: list[Seen] = []
        self.rate_limit = RateLimit(requests_per_s, penalty_s, clock)
        self.listings = Listings(self.base, clock, offset_expire_s)
        self.webhooks_allowed = webhooks_allowed
        self._pinger = Pinger(base_id, self.base.now, pinging)
        self.webhooks = Webhooks(self.base, self._pinger.notify)
        self._box = FaultBox()
        self._clock = clock
        self._stopping = threading.Event()
        self._server = AppServer("airtable", host, port)

    @property
    def url(self) -> str:
        """Where it listens, for `endpoint_url`; only once it is started."""
        return self._server.url

    @property
    def pings(self) -> list[Ping]:
        """Every notification so far, with its answer."""
        return self._pinger.sent

    @property
    def faults(self) -> Faults:
        """What goes wrong now."""
        return self._box.current

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._box.set(faults)

    def start(self) -> Self:
        """Listen, in threads that do not keep the process alive."""
        self._stopping.clear()
        self._server.start(self._app())
        self._pinger.start()
        return self

    def stop(self) -> None:
        """Stop listening and let go of every connection that a fault holds; may be called twice."""
        self._stopping.set()
        self._pinger.stop()
        self.faults = NO_FAULTS
        self._server.stop()

    def reset(self) -> None:
        """Forget requests, faults, the rate limit's penalty, offsets, webhooks and pings; the records stay."""
        self.faults = NO_FAULTS
        self.rate_limit.reset()
        self.listings.expire()
        self.webhooks.delete_all()
        self.requests.clear()
        self.pings.clear()

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
        app = Flask("airtable-stand-in")
        app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask types its provider as the abstract one
        app.before_request(self._admit)
        app.after_request(self._leave)
        app.register_error_handler(AirtableError, refusal)
        app.register_error_handler(HTTPException, http_refusal)
        add_routes(app, self.base, self.base_id, self.listings, lambda: self.webhooks_allowed)
        add_webhook_routes(app, self.base, self.webhooks, lambda: self.webhooks_allowed)
        app.add_url_rule(f"{OWN_PATH}faults", view_func=self._put_faults, methods=["PUT"])
        app.add_url_rule(f"{OWN_PATH}requests", view_func=self._get_requests)
        return app

    def _admit(self) -> Response | None:
        """What happens to a request before anybody looks at what it asks for."""
        if request.path.startswith(OWN_PATH):
            return None
        g.arrived = self._clock()
        self._check_client()
        g.dealt = dealt = self._box.deal(request.method, request.path)
        if fault_responses.unanswered(dealt):
            self._note(0)
            return fault_responses.unheard(dealt)
        if dealt.faults.status is not None:
            raise with_status(dealt.faults.status)
        return None

    def _check_client(self) -> None:
        # Read whatever comes of it: closing a connection with unread data would cost the client the answer.
        size = len(request.get_data())
        if len(request.host_url) - 1 + len(str(request.environ.get("REQUEST_URI", ""))) > URL_LIMIT:
            raise url_too_long()
        if size > BODY_LIMIT:
            raise body_too_large()
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise authentication_required()
        if g.base_id not in (None, self.base_id):
            raise model_not_found()
        # The limit is the base's: who the token's owner is may be asked at any rate.
        if g.base_id and not self.rate_limit.admit():
            raise rate_limited()

    def _leave(self, response: Response) -> Response:
        """What happens to an answer on its way out."""
        if request.path.startswith(OWN_PATH):
            return response
        dealt: Dealt | None = g.get("dealt")
        if dealt is None or not fault_responses.unanswered(dealt):
            response = fault_responses.changed(response, dealt.faults) if dealt else response
            self._note(response.status_code)
        self._stopping.wait(self.latency_s)
        return fault_responses.delayed(response, dealt) if dealt else response

    def _note(self, status: int) -> None:
        query = request.query_string.decode(errors="replace")
        self.requests.append(Seen(g.arrived, request.method, request.path, status, query))

    def _put_faults(self) -> Response:
        try:
            self.faults = faults_from_json(request.get_json(silent=True))
        except ValueError as exc:
            return json_reply({"error": str(exc)}, 422)
        return json_reply(asdict(self.faults))

    def _get_requests(self) -> Response:
        seen = [asdict(one) for one in self.requests]
        return json_reply({"count": len(seen), "requests": seen})
