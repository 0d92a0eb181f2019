"""Every request to Brevo's API v3 goes through here.

A token of the shared limiter first, a timeout within the caller's budget, then Brevo's errors as ours. The limits of
the general plan: https://developers.brevo.com/docs/api-limits.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from twilio_bridge import deadline
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.brevo.errors import BREVO, failure, refusal
from twilio_bridge.adapters.call_log import log_calls
from twilio_bridge.adapters.proxy import open_session
from twilio_bridge.adapters.state.window_limiter import Window, WindowLimiter
from twilio_bridge.errors import NotTakenError, RateLimitedError, UnavailableError
from twilio_bridge.retry import Retry, call
from twilio_bridge.settings import Proxy

URL = "https://api.brevo.com"
CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 8.0
# How long a request waits for its token before it goes back to the queue.
PATIENCE_S = 5.0
# A connection that rested this long may be dead without anybody having noticed, and an event must not be lost in it.
IDLE_S = 15.0

CONTACTS, EVENTS, THE_REST = "contacts", "events", "the rest"
# Ten a second are allowed for each of the first two, of the rest a hundred an hour: some are left to others.
WINDOWS: Mapping[str, Window] = {
    CONTACTS: Window(9, 1.0),
    EVENTS: Window(9, 1.0),
    THE_REST: Window(90, 3600.0),
}

IDEMPOTENT = Retry(attempts=3, first_wait_s=0.5, on=(UnavailableError,))
# What may have had an effect is never repeated here: Brevo knows no idempotency key.
NEVER_TWICE = Retry(attempts=3, first_wait_s=0.5, on=(NotTakenError,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: which limit it counts under, what it asks for, and when it may be repeated.

    `patience_s` is how long it may wait for its token, where that is not the client's usual time.
    """

    group: str
    method: str
    path: str
    params: Mapping[str, str | int | list[str]] | None = None
    body: Mapping[str, Any] | None = None
    policy: Retry = IDEMPOTENT
    patience_s: float | None = None


def limiters(table: Table) -> dict[str, WindowLimiter]:
    """Return the account's limiters, shared by everybody who uses this table."""
    return {group: WindowLimiter(table, BREVO, group, window) for group, window in WINDOWS.items()}


class BrevoRequests:
    """Brevo behind one funnel."""

    def __init__(
        self,
        api_key: str,
        endpoint_url: str,
        limits: Mapping[str, WindowLimiter],
        *,
        patience_s: float = PATIENCE_S,
        proxy: Proxy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = open_session(proxy)
        log_calls(self._session, BREVO)
        self._session.headers.update({"api-key": api_key, "accept": "application/json"})
        self._url = f"{(endpoint_url or URL).rstrip('/')}/v3"
        self._limits = limits
        self._patience_s = patience_s
        self._clock = clock
        self._used_at = clock()

    def ask(self, wanted: Call) -> Any:  # noqa: ANN401  JSON, None where the answer is empty
        """Make a request and return what its answer holds."""
        return call(lambda: self._once(wanted), wanted.policy)

    def _once(self, wanted: Call) -> Any:  # noqa: ANN401  as above
        limiter = self._limits[wanted.group]
        patience_s = self._patience_s if wanted.patience_s is None else wanted.patience_s
        with limiter.hold_token(deadline.seconds_left(patience_s + 0.5) - 0.5):
            response = self._send(wanted)
        if response.status_code < requests.codes.multiple_choices:
            return _content(response)
        error = refusal(response)
        if isinstance(error, RateLimitedError):
            limiter.block(error.retry_after)
        raise error

    def _send(self, wanted: Call) -> requests.Response:
        left = deadline.seconds_left(CONNECT_TIMEOUT_S + READ_TIMEOUT_S)
        self._leave_what_rested()
        try:
            return self._session.request(
                wanted.method,
                self._url + wanted.path,
                params=wanted.params,
                json=wanted.body,
                timeout=(min(CONNECT_TIMEOUT_S, left), min(READ_TIMEOUT_S, left)),
                allow_redirects=False,  # a redirect would take the key along
            )
        except requests.RequestException as error:
            raise failure(error) from error

    def _leave_what_rested(self) -> None:
        if self._clock() - self._used_at > IDLE_S:
            self._session.close()  # closes the connections; the next request opens a new one
        self._used_at = self._clock()


def _content(response: requests.Response) -> Any:  # noqa: ANN401  as above
    """Return what an answer holds: nothing, or an object."""
    if not response.content.strip():
        return None
    try:
        content = response.json()
    except (ValueError, RecursionError) as error:
        raise UnavailableError(BREVO, "an answer is no JSON") from error
    if not isinstance(content, dict):
        raise UnavailableError(BREVO, "an answer is no JSON object")
    return content
