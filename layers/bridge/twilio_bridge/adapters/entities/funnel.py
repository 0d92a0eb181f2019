"""Every request of Twilio as a database: a slot first, a timeout within the caller's budget, Twilio's errors as ours.

The SDK is not used here: it has a class a resource, and here a resource is data (docs/decisions/0016-registry.md).
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import requests
from urllib3.exceptions import NewConnectionError

from twilio_bridge import deadline
from twilio_bridge.adapters.call_log import log_calls
from twilio_bridge.adapters.entities.accounts import FIRST_API, Accounts
from twilio_bridge.entities.errors import TwilioRefusedError
from twilio_bridge.errors import NotFoundError, NotTakenError, RateLimitedError, UnavailableError, UpstreamError
from twilio_bridge.retry import Retry, call

TWILIO: Final = "twilio"
CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 15.0
# A request gives up so much earlier than the caller's budget ends: then the error can still name the write whose
# outcome is unknown.
RESERVE_S: Final = 0.5
PATIENCE_S: Final = 10.0
IDLE_S: Final = 15.0  # a connection that rested so long may be dead, and a write must not be lost in it
BUSY_S: Final = 0.5
MAX_BUSY_S: Final = 10.0


class BusyError(RateLimitedError):
    """Twilio answered 429: it did nothing, and takes the request in a while."""


SAFE: Final = Retry(attempts=4, first_wait_s=0.5, on=(UnavailableError, BusyError))
"""For what may be done twice."""
NEVER_TWICE: Final = Retry(attempts=4, first_wait_s=0.5, on=(NotTakenError, BusyError))
"""For writes: again only where Twilio certainly did nothing, for it knows no idempotency key."""


class Limiter(Protocol):
    """Lets requests pass one after another."""

    def reserve(self, patience_s: float) -> None:
        """Wait for a turn; raise RateLimitedError where that takes longer."""

    def block(self, seconds: float) -> None:
        """Let nobody have a turn for a while."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request; `path` may have a query of its own, `login_of` is the account whose login asks."""

    product: str
    method: str
    path: str
    login_of: str
    params: Mapping[str, str | int] | None = None
    form: list[tuple[str, str]] | None = None
    json: Mapping[str, Any] | None = None
    policy: Retry = SAFE


@dataclass(frozen=True, slots=True)
class Answer:
    """What Twilio answered, and to which path and query."""

    content: Any
    text: bytes
    uri: str


class Funnel:
    """Requests to any of Twilio's products, whoever makes them."""

    def __init__(
        self,
        accounts: Accounts,
        limiter: Limiter,
        session: requests.Session,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.accounts = accounts
        self._limiter = limiter
        self._session = session
        log_calls(session, TWILIO)
        self._patience_s = patience_s
        self._clock = clock
        self._used_at = clock()

    def send(self, wanted: Call, on_request: Callable[[str, str], None]) -> Answer:
        """Make a request, again where its policy allows."""
        login = self._login(wanted, on_request)
        try:
            return call(lambda: self._once(wanted, login, on_request), wanted.policy)
        except TwilioRefusedError as error:
            if error.status == requests.codes.unauthorized:
                self.accounts.forget(wanted.login_of)
            raise

    def _login(self, wanted: Call, on_request: Callable[[str, str], None]) -> tuple[str, str]:
        """Return the login; that of a sub-account is read at Twilio first, by its parent."""
        if wanted.product == FIRST_API or self.accounts.knows(wanted.login_of):
            return self.accounts.login(wanted.login_of, wanted.product)
        own = Call(FIRST_API, "GET", self.accounts.path(wanted.login_of), self.accounts.account_sid)
        self.accounts.learn(wanted.login_of, self.send(own, on_request).content or {})
        return self.accounts.login(wanted.login_of, wanted.product)

    def _once(self, wanted: Call, login: tuple[str, str], on_request: Callable[[str, str], None]) -> Answer:
        on_request(wanted.method, wanted.path)
        self._limiter.reserve(deadline.seconds_left(self._patience_s + RESERVE_S) - RESERVE_S)
        response = self._send(wanted, login)
        uri = response.request.path_url
        if response.status_code < requests.codes.multiple_choices:
            return Answer(
                _read_content(response), response.content, uri.removeprefix(self.accounts.prefix(wanted.product))
            )
        error = _read_refusal(response)
        if isinstance(error, BusyError):
            self._limiter.block(error.retry_after)
        raise error

    def _send(self, wanted: Call, login: tuple[str, str]) -> requests.Response:
        left = max(deadline.seconds_left(CONNECT_TIMEOUT_S + READ_TIMEOUT_S) - RESERVE_S, RESERVE_S)
        self._close_idle_connections()
        try:
            return self._session.request(
                wanted.method,
                self.accounts.address(wanted.product) + wanted.path,
                params=wanted.params,
                data=wanted.form,
                json=wanted.json,
                auth=login,
                timeout=(min(CONNECT_TIMEOUT_S, left), min(READ_TIMEOUT_S, left)),
                allow_redirects=False,  # a redirect would take the login along
            )
        except requests.RequestException as error:
            raise _read_failure(error) from error

    def _close_idle_connections(self) -> None:
        if self._clock() - self._used_at > IDLE_S:
            self._session.close()  # the next request opens a new one
        self._used_at = self._clock()


def _read_content(response: requests.Response) -> Any:  # noqa: ANN401  JSON, None where the answer is empty
    if not response.content.strip():
        return None
    try:
        content = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise UnavailableError(TWILIO, "an answer is no JSON") from error
    if not isinstance(content, dict):
        raise UnavailableError(TWILIO, "an answer is no JSON object")
    return content


def _read_failure(error: requests.RequestException) -> UnavailableError:
    """Return what a failure without an answer means: whether the request can have had an effect."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    unsent = isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError)
    kind = NotTakenError if unsent or isinstance(reason, NewConnectionError) else UnavailableError
    return kind(TWILIO, type(error).__name__)


def _read_refusal(response: requests.Response) -> UpstreamError | NotFoundError:
    """Return Twilio's error: https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions."""
    status = response.status_code
    if status == requests.codes.too_many_requests:
        return BusyError(TWILIO, _retry_after(response))
    if status >= requests.codes.internal_server_error:
        return UnavailableError(TWILIO, f"status {status}")
    body = _read_error_body(response)
    if status == requests.codes.not_found:
        return NotFoundError("twilio: there is no such resource", friendly="There is no such resource at Twilio.")
    code = body.get("code")
    text, more_info = str(body.get("message") or ""), str(body.get("more_info") or "")
    return TwilioRefusedError(status, code if isinstance(code, int) else None, text, more_info)


def _read_error_body(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(response: requests.Response) -> float:
    try:
        asked = float(response.headers.get("Retry-After", ""))
    except ValueError:
        return BUSY_S
    return min(max(asked, BUSY_S), MAX_BUSY_S) if asked == asked else BUSY_S  # noqa: PLR0124  NaN is not itself
