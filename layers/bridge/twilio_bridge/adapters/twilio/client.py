"""Twilio's REST API through Twilio's SDK: one funnel for every request, whichever product.

The SDK has no types and, by default, no timeout; both end here.
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from twilio_bridge import deadline
from twilio_bridge.adapters.call_log import log_calls
from twilio_bridge.adapters.proxy import use_proxy
from twilio_bridge.adapters.twilio.failures import TWILIO, InitializingError, check_limit, translate_failure
from twilio_bridge.errors import NotTakenError, RateLimitedError, RefusedError, UnavailableError, UpstreamError
from twilio_bridge.retry import Retry, call
from twilio_bridge.settings import Proxy

T = TypeVar("T")

TIMEOUT_S = 2.5

# The SDK logs every address it calls, and with it whom it asks about.
logging.getLogger("twilio").setLevel(logging.WARNING)
# What an answer of the wrong shape raises, in the SDK and here.
RUBBISH = (ValueError, TypeError, KeyError, AttributeError)
# "Conversation is still initializing": https://www.twilio.com/docs/api/errors/50386
INITIALIZING = 50386
# Nothing was done: https://www.twilio.com/docs/api/errors/20429 is refused before it is processed.
UNPROCESSED = (RateLimitedError, InitializingError, NotTakenError)
# What changes nothing, or changes it to the same: after a timeout, a reset or a 5xx it may be sent again.
REPEATABLE = Retry(attempts=3, first_wait_s=0.3, on=(UnavailableError,), unprocessed=UNPROCESSED)
# What would be done twice; only what was certainly not done is sent again.
NEVER_TWICE = Retry(attempts=1, first_wait_s=0.3, on=(), unprocessed=UNPROCESSED)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of Twilio's, the login for it, and where it is reached."""

    login: tuple[str, str]
    sid: str
    region: str | None = None
    edge: str | None = None
    endpoint_url: str | None = None
    proxy: Proxy | None = None

    def make_client(self, timeout_s: float = TIMEOUT_S) -> Any:  # noqa: ANN401  the SDK has no types
        """Make the SDK's client; a request of it ends after `timeout_s`."""
        http = BoundedHttpClient(self.endpoint_url, self.proxy, timeout_s)
        return Client(*self.login, self.sid, region=self.region, edge=self.edge, http_client=http)


class BoundedHttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's HTTP client with a timeout within the call's budget, and an endpoint that can stand elsewhere."""

    def __init__(self, endpoint_url: str | None, proxy: Proxy | None = None, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__()
        self._endpoint_url = endpoint_url
        self._timeout_s = timeout_s
        log_calls(self.session, TWILIO)
        if proxy:
            use_proxy(self.session, proxy)

    def request(self, method: str, url: str, **options: Any) -> Any:  # noqa: ANN401
        """Send one request to where Twilio is; `https://{product}.twilio.com/X` stands at `{endpoint}/{product}/X`."""
        if self._endpoint_url:
            url = replace_host(url, self._endpoint_url)
        response = super().request(method, url, **{**options, "timeout": deadline.seconds_left(self._timeout_s)})
        check_limit(response.status_code, response.headers, response.text)
        return response


def replace_host(url: str, endpoint_url: str) -> str:
    """Return the address of one of Twilio's products at another endpoint."""
    return re.sub(r"^https://([a-z-]+)(?:\.[a-z0-9-]+)*\.twilio\.com", rf"{endpoint_url.rstrip('/')}/\1", url)


def call_twilio(request: Callable[[], T], policy: Retry = REPEATABLE) -> T:
    """Make a request, again where the policy allows it; every failure is an UpstreamError."""

    def once() -> T:
        try:
            return request()
        except (TwilioRestException, TwilioServiceException) as error:
            raise _as_ours(error.status, error.code, _sentence_of(error)) from error
        except TwilioException as error:
            raise _of_listing(error) from error
        except requests.RequestException as error:
            raise translate_failure(error) from error
        except RUBBISH as error:
            raise UnavailableError(TWILIO, type(error).__name__) from error

    return call(once, policy)


def require_resource(found: T) -> T:
    """Return what the SDK made of an answer; from one that is no resource it makes an empty one."""
    if not getattr(found, "sid", None):
        raise UnavailableError(TWILIO, "an answer holds no resource")
    return found


def _of_listing(error: TwilioException) -> UpstreamError:
    """Read what the SDK leaves unread where a listing fails: its response is the exception's second argument."""
    response = error.args[1] if len(error.args) > 1 else None
    if response is None:
        return UnavailableError(TWILIO, type(error).__name__)
    try:
        code = json.loads(response.text)["code"]
    except RUBBISH:
        code = response.status_code
    return _as_ours(response.status_code, code)


def _sentence_of(error: TwilioRestException | TwilioServiceException) -> str:
    """Return Twilio's own sentence; the SDK puts what it was doing in front: "Unable to create record: "."""
    said = str(getattr(error, "msg", "") or getattr(error, "detail", "") or getattr(error, "title", ""))
    return re.sub(r"^Unable to \w+ (record|page): ", "", said)


def _as_ours(status: int, code: int, detail: str = "") -> UpstreamError:
    if code == INITIALIZING:
        return InitializingError(TWILIO, "the conversation is still initializing")
    if status >= 500 or status == requests.codes.request_timeout:  # noqa: PLR2004
        return UnavailableError(TWILIO, f"status {status}")
    return RefusedError(TWILIO, f"status {status}, error {code}", code=code, detail=detail)
