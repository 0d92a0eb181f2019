"""Airtable's Web API on this machine, for `make run`, the contract tests and the benchmarks.

`AirtableStandIn` answers over real HTTP with Airtable's limits and errors. Size, token and rate limit are checked in
this order; a request that they refuse uses up no fault.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Self

from flask import Flask, g, request

from twilio_bridge_local.vendors.airtable.errors import (
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
from twilio_bridge_local.vendors.airtable.routes import add_routes
from twilio_bridge_local.vendors.airtable.store import Base, Column, utc_now
from twilio_bridge_local.vendors.airtable.webhook_routes import add_webhook_routes
from twilio_bridge_local.vendors.airtable.webhooks import Webhooks
from twilio_bridge_local.vendors.server import Refusal, StandIn

BASE_ID = "appTwilioBridge00"
TOKEN = "patStandIn.0000"  # noqa: S105  # opens nothing but this stand-in
MAX_URL_LENGTH = 16_000
MAX_BODY_BYTES = 2_000_000


class AirtableStandIn(StandIn):
    """One base behind Airtable's API at `url`.

    Attributes:
        base: The records, to look at and to change behind the API's back.
        rate_limit: Has `requests_per_s` and `penalty_s`, which may be changed, and `reset()`.
        listings: Has `expire()`, after which every offset is unknown.
        webhooks: Those of the base, for tests that look behind the API.
        webhooks_allowed: Whether the token has the scope for webhooks.
    """

    vendor = "airtable"

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
        super().__init__(host, port, clock)
        self.base = tables if isinstance(tables, Base) else Base(tables, columns, now=now)
        self.base_id = base_id
        self.token = token
        self.latency_s = latency_s
        self.rate_limit = RateLimit(requests_per_s, penalty_s, clock)
        self.listings = Listings(self.base, clock, offset_expire_s)
        self.webhooks_allowed = webhooks_allowed
        self._pinger = Pinger(base_id, self.base.now, pinging)
        self.webhooks = Webhooks(self.base, self._pinger.notify)

    @property
    def pings(self) -> list[Ping]:
        """Every notification so far, with its answer."""
        return self._pinger.sent

    def start(self) -> Self:
        """Listen, and send notifications."""
        super().start()
        self._pinger.start()
        return self

    def stop(self) -> None:
        """Send no more notifications and stop listening; may be called twice."""
        self._pinger.stop()
        super().stop()

    def reset(self) -> None:
        """Forget requests, faults, the rate limit's penalty, offsets, webhooks and pings; the records stay."""
        super().reset()
        self.rate_limit.reset()
        self.listings.expire()
        self.webhooks.delete_all()
        self.pings.clear()

    def add_routes(self, app: Flask) -> None:
        """Put the Web API's paths on the app."""
        add_routes(app, self.base, self.base_id, self.listings, lambda: self.webhooks_allowed)
        add_webhook_routes(app, self.base, self.webhooks, lambda: self.webhooks_allowed)

    def check_client(self) -> None:
        """Raise what Airtable answers to a request that is too long, has no token, or is one too many."""
        if len(request.host_url) - 1 + len(str(request.environ.get("REQUEST_URI", ""))) > MAX_URL_LENGTH:
            raise url_too_long()
        if len(request.get_data()) > MAX_BODY_BYTES:
            raise body_too_large()
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise authentication_required()
        if g.base_id not in (None, self.base_id):
            raise model_not_found()
        # The limit is the base's: the token's owner may be asked for at any rate.
        if g.base_id and not self.rate_limit.admit():
            raise rate_limited()

    def refuse_with_status(self, status: int) -> Refusal:
        """Return Airtable's error for a bare HTTP status."""
        return with_status(status)
