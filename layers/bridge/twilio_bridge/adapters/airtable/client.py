"""Every request to Airtable's Web API goes through here.

A slot of the shared limiter first, a timeout within the caller's budget, then the vendor's errors as ours.
https://airtable.com/developers/web/api/errors
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import requests
from pyairtable import Api

from twilio_bridge import deadline
from twilio_bridge.adapters.call_log import log_calls
from twilio_bridge.adapters.proxy import use_proxy
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.errors import (
    ColumnsGoneError,
    ComputedColumnError,
    RateLimitedError,
    RefusedError,
    StaleOffsetError,
    UnavailableError,
    UpstreamError,
    ViewGoneError,
)
from twilio_bridge.retry import Retry, call
from twilio_bridge.settings import Proxy

T = TypeVar("T")

CONNECT_TIMEOUT_S = 1.0
READ_TIMEOUT_S = 3.0
# A background job may wait for its slot behind everybody else; a callback waits for what its budget leaves.
BULK_PATIENCE_S = 120.0
CALLBACK_PATIENCE_S = 3.0
# What is kept of a budget for the request itself.
REQUEST_S = 1.0
READS = Retry(attempts=2, first_wait_s=0.3, on=(UnavailableError,))
# The messages of https://airtable.com/developers/web/api/errors name the column in quotes.
UNKNOWN_COLUMN = re.compile(r"[Uu]nknown field names?: \"?(.+?)\"?\s*$")
COMPUTED_COLUMN = re.compile(r"Field \"(.+)\" cannot accept .*\bcomputed\b")
ONCE = Retry(attempts=1, first_wait_s=0, on=())


@dataclass(frozen=True, slots=True)
class Refusal:
    """Airtable's refusal: the status, its type and message, and the address asked. The message may hold values."""

    status: int
    kind: str
    url: str
    message: str = ""


def is_an_error(_refusal: Refusal) -> bool:
    """Take no refusal for an answer."""
    return False


class AirtableRequests:
    """Airtable behind one funnel; `api` makes the requests that `ask` lets through."""

    def __init__(
        self,
        token: str,
        endpoint_url: str,
        limiter: SlotLimiter,
        patience_s: float = CALLBACK_PATIENCE_S,
        proxy: Proxy | None = None,
    ) -> None:
        self.api = Api(token, endpoint_url=endpoint_url, retry_strategy=None)
        log_calls(self.api.session, AIRTABLE)
        if proxy:
            use_proxy(self.api.session, proxy)
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
        kind, message = _read_error(error.response)
        return Refusal(status, kind, str(error.response.url), message)


def _read_error(response: requests.Response) -> tuple[str, str]:
    """Return Airtable's type and message of an error; it comes in two shapes."""
    try:
        error = response.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", ""
    if not isinstance(error, dict):
        return str(error), ""
    return str(error.get("type", "")), str(error.get("message", ""))


def _as_ours(refusal: Refusal) -> UpstreamError:
    status, kind = refusal.status, refusal.kind
    if kind == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE":
        return StaleOffsetError(AIRTABLE, kind)
    if status in {401, 403, 404}:
        cure = "check AIRTABLE_TOKEN, its scopes and the table's name"
        return RefusedError(AIRTABLE, f"status {status} {kind}; {cure}", code=status)
    if error := _refused_column(refusal):
        return error
    if kind.startswith("VIEW_"):
        return ViewGoneError(AIRTABLE, f"status {status} {kind}; check the view in bridge.yaml", code=status)
    if status < 500:  # noqa: PLR2004
        return RefusedError(AIRTABLE, f"status {status} {kind}; check the columns in bridge.yaml", code=status)
    return UnavailableError(AIRTABLE, f"status {status}")


def _refused_column(refusal: Refusal) -> RefusedError | None:
    """Return the error where Airtable refuses a column by its name, which stands in its message only."""
    unknown = UNKNOWN_COLUMN.search(refusal.message)
    if refusal.kind == "UNKNOWN_FIELD_NAME" or (refusal.kind == "INVALID_FILTER_BY_FORMULA" and unknown):
        return ColumnsGoneError(AIRTABLE, [unknown[1]] if unknown else [])
    computed = COMPUTED_COLUMN.search(refusal.message)
    if refusal.kind == "INVALID_VALUE_FOR_COLUMN" and computed:
        return ComputedColumnError(AIRTABLE, computed[1])
    return None
