"""What Brevo says instead of an answer, as our errors.

https://developers.brevo.com/docs/how-it-works#error-codes: a body has `code`, `message` and sometimes `metadata`. The
message may hold a person's data, so it is read here and never handed on.
"""

import re
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from twilio_bridge.errors import (
    NotTakenError,
    RateLimitedError,
    RefusedError,
    UnacceptableError,
    UnavailableError,
    UpstreamError,
)

BREVO = "brevo"
AUTHORISED_IPS = "app.brevo.com/security/authorised_ips"
# What a 429 without a readable reset means, and the longest reset that one of Brevo's limits can have.
USUAL_RESET_S = 10.0
MAX_RESET_S = 3600.0
IDENTIFIER = re.compile(r"[A-Za-z_]{1,40}")
NO_CODE = re.compile(r"[^a-z_]")
OF_THE_ADDRESS = re.compile(r"\bip\b|authorised_ips", re.IGNORECASE)
REMEDIES = {
    401: "; check BREVO_API_KEY",
    402: "; the account has no credits left",
    403: "; BREVO_API_KEY may not do this, or the account is not validated",
}


class BrevoIpBlockedError(RefusedError):
    """Brevo does not talk to the address we come from."""


class NotThereError(RefusedError):
    """There is no such contact, or no such list."""


class DuplicateError(UnacceptableError):
    """Identifiers belong to another contact; `identifiers` names them the way Brevo does: SMS, ext_id, email."""

    def __init__(self, identifiers: list[str]) -> None:
        super().__init__(BREVO, f"another contact has {', '.join(identifiers)}", code=400)
        self.identifiers = identifiers


# The request itself is wrong where it is one of these; whatever else is asked may succeed.
KINDS: Mapping[int, type[RefusedError]] = {
    400: UnacceptableError,
    404: NotThereError,
    409: UnacceptableError,
    413: UnacceptableError,
    415: UnacceptableError,
    422: UnacceptableError,
}


def refusal(response: requests.Response) -> UpstreamError:
    """Say what an answer that is none means."""
    status = response.status_code
    if status == requests.codes.too_many_requests:
        return RateLimitedError(BREVO, reset_s(response))
    if status == requests.codes.too_early:
        return NotTakenError(BREVO, "the account is busy with an earlier change")
    if requests.codes.bad_request <= status < requests.codes.server_error:
        return _refused(status, _body(response))
    return UnavailableError(BREVO, f"status {status}")


def _refused(status: int, body: Mapping[str, Any]) -> RefusedError:
    if identifiers := _duplicates(body):
        return DuplicateError(identifiers)
    if status == requests.codes.unauthorized and OF_THE_ADDRESS.search(str(body.get("message", ""))):
        remedy = f"authorise the NAT's address, or switch the blocking off, at {AUTHORISED_IPS}"
        return BrevoIpBlockedError(BREVO, f"our IP address is blocked; {remedy}", code=status)
    code = NO_CODE.sub("", str(body.get("code", "")))[:40]
    return KINDS.get(status, RefusedError)(BREVO, f"status {status} {code}{REMEDIES.get(status, '')}", code=status)


def failure(error: requests.RequestException) -> UnavailableError:
    """Say what a failure without an answer means: whether the request can have had an effect."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    unsent = isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError)
    kind = NotTakenError if unsent or isinstance(reason, NewConnectionError) else UnavailableError
    return kind(BREVO, type(error).__name__)


def reset_s(response: requests.Response) -> float:
    """Return the seconds until a limit lets requests through again; the header counts from now on.

    https://developers.brevo.com/docs/limit-headers
    """
    try:
        told = float(response.headers.get("x-sib-ratelimit-reset", ""))
    except ValueError:
        return USUAL_RESET_S
    return min(max(told, 1.0), MAX_RESET_S) if told == told else USUAL_RESET_S  # noqa: PLR0124  NaN is not itself


def _body(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _duplicates(body: Mapping[str, Any]) -> list[str]:
    """Return the identifiers that clash; the code for it has changed, the metadata has not."""
    metadata = body.get("metadata")
    named = metadata.get("duplicate_identifiers") if isinstance(metadata, dict) else None
    listed = named if isinstance(named, list) else []
    return [name for name in listed if isinstance(name, str) and IDENTIFIER.fullmatch(name)]
