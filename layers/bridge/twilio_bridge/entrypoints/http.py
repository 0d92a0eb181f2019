"""HTTP in and out for route functions: API Gateway's payload v2, Twilio's signature, and errors as statuses.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from twilio_bridge import deadline, errors, forms
from twilio_bridge.entrypoints import twilio_signature
from twilio_bridge.forms import Answer, Form
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.refusals import SERVER_ERROR_STATUS, answer_error, read_status

Event = Mapping[str, Any]
Reply = dict[str, Any]

MAX_PARAMETERS_COUNT = 1_000
NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
GATEWAY_S = 25.0  # an HTTP API gives up after 30 s
MARGIN_S = 1.3  # what Twilio's network and our own cold start take of the time a function has


class Context(Protocol):
    """Lambda's context of a call."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the function's timeout."""


@contextmanager
def limit_invocation(context: Context, margin_s: float = MARGIN_S, max_s: float = math.inf) -> Iterator[None]:
    """Raise OutOfTimeError `margin_s` before the function's time is over, or after `max_s`.

    Each line that is logged from here on has the request id.
    """
    logger.append_keys(request_id=context.aws_request_id)
    left_s = context.get_remaining_time_in_millis() / 1000 - margin_s

    with deadline.limit(min(left_s, max_s)):
        yield


class Tokens(Protocol):
    """The secrets Twilio may sign with: auth tokens, and shared keys by their id."""

    def read_tokens(self) -> tuple[str, ...]:
        """Return the auth tokens as last read."""

    def reread_tokens(self) -> tuple[str, ...]:
        """Read all secrets again, at most once a minute, and return the auth tokens; empty where that is not due."""

    def read_shared_keys(self) -> Mapping[str, str]:
        """Return the secrets of the shared keys; one under an empty id is good for every key."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """How a route function checks who calls: the tokens, and its public address where the request's is not it."""

    tokens: Tokens
    public_base_url: str | None = None


Respond = Callable[[Form], Answer]
Rescue = Callable[[Form | None, BaseException], Answer]


def answer_callback(
    event: Event, context: Context, signatures: Signatures, respond: Respond, rescue: Rescue = answer_error
) -> Reply:
    """Answer one signed callback: 403 unless Twilio signed it, then the answer of `respond`, always in time.

    `rescue` turns a failure into an answer; a wrong signature is always refused.
    """
    received: list[Form] = []

    def act() -> Answer:
        received.append(read_signed_form(event, signatures))
        return respond(received[0])

    return answer_in_time(context, act, lambda error: rescue(next(iter(received), None), error))


def answer_in_time(
    context: Context, act: Callable[[], Answer], rescue: Callable[[BaseException], Answer] | None = None
) -> Reply:
    """Answer with the result of `act`, always in time; `act` checks the signature before anything else."""
    try:
        with limit_invocation(context, max_s=GATEWAY_S):
            answer = act()
    except errors.SignatureError as error:
        logger.warning("refused", extra={"reason": str(error)})
        answer = answer_error(None, error)
    except Exception as error:  # noqa: BLE001  the last resort: no stack trace leaves, and the log keeps the place
        answer = rescue(error) if rescue else answer_error(None, error)
        _log(error, answer.status)
    return build_reply(answer)


def _log(error: Exception, status: int) -> None:
    """Log a refusal as information, a busy moment as a warning, and whatever somebody has to mend as an error."""
    facts = {
        "status": status,
        "reason": str(error) if isinstance(error, errors.BridgeError) else None,
        **describe_error(error),
    }
    if isinstance(error, errors.RateLimitedError):
        logger.warning("busy", extra=facts)
    elif isinstance(error, errors.BridgeError) and read_status(error) < SERVER_ERROR_STATUS:
        logger.info("refused", extra=facts)
    else:
        logger.error("failed", extra=facts)


def build_reply(answer: Answer) -> Reply:
    """Turn an answer into payload v2."""
    return {
        "statusCode": answer.status,
        "headers": {"content-type": "application/json"},
        "body": forms.to_json(answer.body),
    }


def read_signed_form(event: Event, signatures: Signatures) -> Form:
    """Return the request's parameters, or raise SignatureError unless Twilio signed them."""
    headers = read_headers(event)
    if not headers.get("x-twilio-signature"):
        raise errors.SignatureError("the header X-Twilio-Signature is missing")
    try:
        body = read_body(event)
        is_json = headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
        parameters = {} if is_json else _parameters(body)
        urls = list_public_urls(event, headers, signatures.public_base_url)
        _require_signature(headers, signatures.tokens, urls, parameters, body, is_json=is_json)
        return Form(_json_parameters(body) if is_json else parameters)
    except (ValueError, RecursionError) as error:
        raise errors.SignatureError(f"the request cannot be read ({type(error).__name__})") from error


def read_signed_body(event: Event, signatures: Signatures) -> bytes:
    """Return a JSON body, or raise SignatureError unless Twilio signed it: the URL has to name its hash."""
    headers = read_headers(event)
    try:
        body, urls = read_body(event), list_public_urls(event, headers, signatures.public_base_url)
    except ValueError as error:
        raise errors.SignatureError("the request cannot be read") from error
    _require_signature(headers, signatures.tokens, urls, {}, body, is_json=True)
    return body


def read_headers(event: Event) -> dict[str, str]:
    """Return the request's headers by their names in lower case."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def _require_signature(
    headers: Mapping[str, str],
    tokens: Tokens,
    urls: list[str],
    parameters: dict[str, list[str]],
    body: bytes,
    *,
    is_json: bool,
) -> None:
    """Raise SignatureError unless the signature fits; where it does not, secrets are read again, for they rotate."""
    signature = headers.get("x-twilio-signature", "")
    settings = twilio_signature.parse_settings(headers.get("x-twilio-webhooks-signature-settings", ""))
    algorithm = settings.algorithm if settings else twilio_signature.HMAC_SHA1

    def fits(secrets: tuple[str, ...]) -> bool:
        return twilio_signature.is_valid(
            signature, secrets, urls, parameters, body, is_json=is_json, algorithm=algorithm
        )

    if algorithm in twilio_signature.HASHES:
        if fits(_shared_secrets(settings, tokens) if settings else tokens.read_tokens()):
            return
        renewed = tokens.reread_tokens()
        if fits(_shared_secrets(settings, tokens) if settings and renewed else renewed):
            return
    raise errors.SignatureError(_explain_refusal(settings, tokens))


def _shared_secrets(settings: twilio_signature.KeySettings, tokens: Tokens) -> tuple[str, ...]:
    keys = tokens.read_shared_keys()
    return tuple(keys[key_id] for key_id in (settings.key_id, "") if key_id in keys)


def _explain_refusal(settings: twilio_signature.KeySettings | None, tokens: Tokens) -> str:
    """Return what does not fit. A header of an unsigned request is repeated only as far as it is a name."""
    if settings is None:
        return "X-Twilio-Signature does not fit the request; see docs/operations.md"
    key_id = settings.key_id if NAME.fullmatch(settings.key_id) else "without a readable id"
    if settings.algorithm not in twilio_signature.HASHES:
        return f"the shared key {key_id} signs by an unknown algorithm; see docs/operations.md"
    if not _shared_secrets(settings, tokens):
        return f"TWILIO_SHARED_KEYS lacks the shared key {key_id}, which signs the request; see docs/operations.md"
    return f"X-Twilio-Signature does not fit the request and the shared key {key_id}; see docs/operations.md"


def list_public_urls(event: Event, headers: Mapping[str, str], public_base_url: str | None) -> list[str]:
    """Return the addresses Twilio may have called, the operator's PUBLIC_BASE_URL first."""
    host = headers.get("host") or event.get("requestContext", {}).get("domainName", "")
    scheme = headers.get("x-forwarded-proto", "https").partition(",")[0].strip() or "https"
    query = event.get("rawQueryString") or ""
    path = event.get("rawPath", "") + (f"?{query}" if query else "")
    return [base + path for base in (public_base_url, f"{scheme}://{host}") if base]


def read_body(event: Event) -> bytes:
    """Return the request's body as it was sent."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def _parameters(body: bytes) -> dict[str, list[str]]:
    pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_PARAMETERS_COUNT, errors="strict")
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters


def _json_parameters(body: bytes) -> dict[str, list[str]]:
    values = json.loads(body)
    json.dumps(values, ensure_ascii=False).encode()  # half a surrogate pair is no text
    if not isinstance(values, dict):
        raise errors.BadRequestError("a JSON body must be an object")
    return {name: [value if isinstance(value, str) else json.dumps(value)] for name, value in values.items()}
