"""Whether Airtable signed a request: the header X-Airtable-Content-MAC.

https://airtable.com/developers/web/api/webhooks-overview
"""

import base64
import hmac
from collections.abc import Callable

from twilio_bridge.entrypoints import http
from twilio_bridge.errors import SignatureError

HEADER = "X-Airtable-Content-MAC"
NOT_SIGNED = "This request was not signed by Airtable."


def sign(secret: str, body: bytes) -> str:
    """Return the header for a body; the secret is base64, as Airtable returns it when a webhook is created."""
    return "hmac-sha256=" + hmac.new(base64.b64decode(secret), body, "sha256").hexdigest()


def require_signature(event: http.Event, *secrets: Callable[[], str | None]) -> None:
    """Raise SignatureError unless one of the secrets, asked for in turn, signed the request's very bytes."""
    signature = http.read_headers(event).get(HEADER.lower())
    if not signature:
        raise SignatureError(f"the header {HEADER} is missing", friendly=NOT_SIGNED)

    try:
        body = http.read_body(event)
    except ValueError as error:
        raise SignatureError("the request cannot be read", friendly=NOT_SIGNED) from error

    if not any(_is_signed(signature, secret(), body) for secret in secrets):
        raise SignatureError(f"{HEADER} does not fit; see docs/operations.md", friendly=NOT_SIGNED)


def _is_signed(signature: str, secret: str | None, body: bytes) -> bool:
    return bool(secret) and hmac.compare_digest(signature.encode(errors="replace"), sign(str(secret), body).encode())
