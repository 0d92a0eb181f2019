"""Twilio's stand-in without a socket: its account behind a session of requests, with the limits of its products.

The clock is the test's own, so that a month of requests takes as long as it takes to compute.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter

from twilio_bridge_local.vendors.sliding_window import SlidingWindow
from twilio_bridge_local.vendors.twilio.errors import TwilioError, refusal
from twilio_bridge_local.vendors.twilio.limits import FIRST_API, PRODUCT_LIMITS, name_limit
from twilio_bridge_local.vendors.twilio.openapi.account import ApiRequest, TwilioApi

ENDPOINT: Final = "http://twilio.test"
ACCOUNT, TOKEN = "AC" + "0" * 31 + "a", "made-up"
# The first API's is what two nodes have.
LIMITS: Final[Mapping[str, int]] = {**PRODUCT_LIMITS, FIRST_API: 50}


class SteppingClock:
    """A clock that only tests and sleepers move; seconds since 1970."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def time(self) -> float:
        """Return the moment."""
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += max(seconds, 0)

    def read_ms(self) -> int:
        """Return the moment in epoch ms."""
        return round(self.now_s * 1000)


class AccountAdapter(BaseAdapter):
    """Answers requests out of an account; `requests` counts them by product, `refused` those above a limit.

    `max_rows` is how many rows a list may hold before Twilio refuses it; None for no such limit.
    """

    def __init__(self, api: TwilioApi, clock: SteppingClock) -> None:
        super().__init__()
        self.api = api
        self.clock = clock
        self.requests: Counter[str] = Counter()
        self.paths: list[str] = []
        self.refused = 0
        self.max_pages: int | None = None
        self.failures: dict[str, int] = {}
        self._windows: defaultdict[str, SlidingWindow] = defaultdict(lambda: SlidingWindow(1.0))

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:  # type: ignore[override]
        """Answer one request."""
        parts = urlsplit(str(request.url))
        product, _, path = parts.path.removeprefix("/").partition("/")
        self.paths.append(f"{product}/{path}?{parts.query}")
        try:
            content = self._answer(product, f"/{path}", parts.query, request)
            return _respond(request, 200, content)
        except TwilioError as error:
            return _respond(request, error.status, error.body)

    def _answer(self, product: str, path: str, query: str, request: requests.PreparedRequest) -> Any:
        self._count(name_limit(str(request.method), f"/{product}{path}"))
        for part, status in self.failures.items():
            if part in f"{path}?{query}":
                raise refusal(20404 if status == 404 else 20003 if status == 401 else 20001, path)
        given = parse_qsl(query, keep_blank_values=True)
        if self.max_pages is not None and int(dict(given).get("Page", 0)) >= self.max_pages:
            raise refusal(20001, "invalid page and pageSize combination")
        wanted = ApiRequest(product, str(request.method), path, given, user=ACCOUNT, password=TOKEN)
        return self.api.answer(wanted).content

    def _count(self, kind: str) -> None:
        """Count a request, or refuse it where the last second was full."""
        self.clock.sleep(0.001)
        window, now = self._windows[kind], self.clock.time()
        if window.count(now) >= LIMITS[kind]:
            self.refused += 1
            raise refusal(20429)
        window.add(now)
        self.requests[kind] += 1

    def close(self) -> None:
        """Close nothing."""


def _respond(request: requests.PreparedRequest, status: int, content: Any) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps(content).encode()
    response.request = request
    response.url = str(request.url)
    return response


def open_session(adapter: AccountAdapter) -> requests.Session:
    """Return a session whose requests the account answers."""
    session = requests.Session()
    session.trust_env = False
    session.mount(ENDPOINT, adapter)
    return session
