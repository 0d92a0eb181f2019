"""Brevo's error answers as our errors.

https://developers.brevo.com/docs/how-it-works#error-codes: a body has `code`, `message` and sometimes `metadata`. The
message may hold a person's data: only the names of fields are taken from it.
"""

import re
from collections.abc import Mapping
from math import isnan
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
# What a 429 without a readable reset means, and the longest reset that one of Brevo's limits can have (seconds).
DEFAULT_RESET_S = 10.0
MAX_RESET_S = 3600.0
# A field's name in a message: an identifier in any case, an attribute in capitals.
IDENTIFIERS = {"email": "email", "ext_id": "ext_id", "sms": "SMS", "phone": "SMS", "whatsapp": "WHATSAPP"}
FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,49}")
CLASH = re.compile(r"already (exist|associated)|must be unique", re.IGNORECASE)
NO_CODE = re.compile(r"[^a-z_]")
ABOUT_IP_ADDRESS = re.compile(r"\bip\b|authorised_ips", re.IGNORECASE)
REMEDIES = {
    401: "; check BREVO_API_KEY",
    402: "; the account has no credits left",
    403: "; BREVO_API_KEY may not do this, or the account is not validated",
}


class BrevoIpBlockedError(RefusedError):
    """Brevo refuses requests from our IP address."""


class NotThereError(RefusedError):
    """There is no such contact, or no such list."""


class RefusedFieldsError(UnacceptableError):
    """A field has a value that Brevo does not take.

    `fields` holds the names that the answer mentions, as requests have them (`email`, `ext_id`, `SMS`, attributes in
    capitals); it is empty where the answer mentions none.
    """

    def __init__(self, message: str, code: int, fields: frozenset[str] = frozenset()) -> None:
        super().__init__(BREVO, message, code=code)
        self.fields = fields


class DuplicateError(RefusedFieldsError):
    """Identifiers belong to another contact."""


# The request itself is wrong where the status is one of these; other requests may succeed.
KINDS: Mapping[int, type[RefusedError]] = {
    404: NotThereError,
    409: UnacceptableError,
    413: UnacceptableError,
    415: UnacceptableError,
    422: UnacceptableError,
}


def refusal(response: requests.Response) -> UpstreamError:
    """Return the error that an answer with this status (400 and above) means."""
    status = response.status_code
    if status == requests.codes.too_many_requests:
        return RateLimitedError(BREVO, read_reset_s(response))
    if status == requests.codes.too_early:
        return NotTakenError(BREVO, "the account is busy with an earlier change")
    if requests.codes.bad_request <= status < requests.codes.server_error:
        return _refused(status, _body(response))
    return UnavailableError(BREVO, f"status {status}")


def _refused(status: int, body: Mapping[str, Any]) -> RefusedError:
    if status == requests.codes.unauthorized and ABOUT_IP_ADDRESS.search(str(body.get("message", ""))):
        remedy = f"authorise the NAT's address, or switch the blocking off, at {AUTHORISED_IPS}"
        return BrevoIpBlockedError(BREVO, f"our IP address is blocked; {remedy}", code=status)
    code = NO_CODE.sub("", str(body.get("code", "")))[:40]
    if status == requests.codes.bad_request:
        return _refused_fields(code, body)
    return KINDS.get(status, RefusedError)(BREVO, f"status {status} {code}{REMEDIES.get(status, '')}", code=status)


def _refused_fields(code: str, body: Mapping[str, Any]) -> RefusedFieldsError:
    """Return the error of a 400; the code of a clash has changed over time, its metadata and wording less so."""
    message = str(body.get("message", ""))
    clashing = _clashing_identifiers(body)
    if clashing or CLASH.search(message) or code == "duplicate_parameter":
        fields = clashing or _mentioned_fields(message)
        return DuplicateError("another contact has an identifier", 400, fields)
    return RefusedFieldsError(f"status 400 {code}", 400, _mentioned_fields(message))


def _clashing_identifiers(body: Mapping[str, Any]) -> frozenset[str]:
    metadata = body.get("metadata")
    named = metadata.get("duplicate_identifiers") if isinstance(metadata, dict) else None
    listed = named if isinstance(named, list) else []
    return frozenset(name for name in listed if isinstance(name, str) and FIELD_NAME.fullmatch(name))


def _mentioned_fields(message: str) -> frozenset[str]:
    """Return which parts of a message can be fields' names; the caller compares them with the request's."""
    words = FIELD_NAME.findall(message)
    identifiers = {IDENTIFIERS[word.lower()] for word in words if word.lower() in IDENTIFIERS}
    return frozenset(identifiers | {word for word in words if word.isupper()})


def failure(error: requests.RequestException) -> UnavailableError:
    """Return the error of a request without an answer: NotTakenError where it cannot have had an effect."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    unsent = isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError)
    kind = NotTakenError if unsent or isinstance(reason, NewConnectionError) else UnavailableError
    return kind(BREVO, type(error).__name__)


def read_reset_s(response: requests.Response) -> float:
    """Return the seconds until a limit lets requests through again; Brevo's header counts from now on.

    https://developers.brevo.com/docs/limit-headers
    """
    try:
        seconds = float(response.headers.get("x-sib-ratelimit-reset", ""))
    except ValueError:
        return DEFAULT_RESET_S
    return DEFAULT_RESET_S if isnan(seconds) else min(max(seconds, 1.0), MAX_RESET_S)


def _body(response: requests.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
