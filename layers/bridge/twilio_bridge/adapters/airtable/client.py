"""Every request to Airtable's Web API goes through here.

A slot of the shared limiter first, a timeout within the caller's budget, then the vendor's errors as ours.
https://airtable.com/developers/web/api/errors
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import requests
from pyairtable import Api

from twilio_bridge import deadline
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.errors import RateLimitedError, RefusedError, StaleOffsetError, UnavailableError, UpstreamError
from twilio_bridge.retry import Retry, call

T = TypeVar("T")

CONNECT_TIMEOUT_S = 1.0
READ_TIMEOUT_S = 3.0
# A background job may wait for its slot behind everybody else; a callback waits for what its budget leaves.
BULK_PATIENCE_S = 120.0
CALLBACK_PATIENCE_S = 3.0
# What is kept of a budget for the request itself.
REQUEST_S = 1.0
READS = Retry(attempts=2, first_wait_s=0.3, on=(UnavailableError,))
ONCE = Retry(attempts=1, first_wait_s=0, on=())


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Airtable said instead of an answer: the status, its own name for the error, and to which address."""

    status: int
    kind: str
    url: str


def is_an_error(_refusal: Refusal) -> bool:
    """Take no refusal for an answer."""
    return False


class AirtableRequests:
    """Airtable behind one funnel; `api` makes the requests that `ask` lets through."""

    def __init__(
        self, token: str, endpoint_url: str, limiter: SlotLimiter, patience_s: float = CALLBACK_PATIENCE_S
    ) -> None:
        self.api = Api(token, endpoint_url=endpoint_url, retry_strategy=None)
        self._limiter = limiter
        self._patience_s = patience_s

    def send_request(
        self, request: Callable[[], T], policy: Retry, says_nothing: Callable[[Refusal], bool] = is_an_error
    ) -> T | None:
        """Do one request; None where a refusal `says_nothing` more than that there is nothing."""

        def once() -> T | None:
            self._limiter.reserve_slot(deadline.seconds_left(self._patience_s + REQUEST_S) - REQUEST_S)
            left = deadline.seconds_left(CONNECT_TIMEOUT_S + READ_TIMEOUT_S)
            self.api.timeout = (min(CONNECT_TIMEOUT_S, left), min(READ_TIMEOUT_S, left))  # type: ignore[assignment]  # requests takes fractions
            try:
                return request()
            except requests.HTTPError as error:
                refusal = self._refusal(error)
                if says_nothing(refusal):
                    return None
                raise _as_ours(refusal) from error
            except (requests.RequestException, ValueError, TypeError, KeyError, RecursionError) as error:
                raise UnavailableError(AIRTABLE, type(error).__name__) from error

        return call(once, policy)

    def _refusal(self, error: requests.HTTPError) -> Refusal:
        status = error.response.status_code
        if status == requests.codes.too_many_requests:
            self._limiter.block_slots()
            raise RateLimitedError(AIRTABLE, 30) from error
        return Refusal(status, _error_type(error.response), str(error.response.url))


def _error_type(response: requests.Response) -> str:
    """Return Airtable's name for an error; it comes in two shapes."""
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return str(error.get("type", "")) if isinstance(error, dict) else str(error)


def _as_ours(refusal: Refusal) -> UpstreamError:
    status, kind = refusal.status, refusal.kind
    if kind == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE":
        return StaleOffsetError(AIRTABLE, kind)
    if status in {401, 403, 404}:
        cure = "check AIRTABLE_TOKEN, its scopes and the table's name"
        return RefusedError(AIRTABLE, f"status {status} {kind}; {cure}", code=status)
    if status < 500:  # noqa: PLR2004
        return RefusedError(AIRTABLE, f"status {status} {kind}; check the columns in bridge.yaml", code=status)
    return UnavailableError(AIRTABLE, f"status {status}")
