"""Page tokens: where a list goes on, in a text that only we can write and that is good for one list."""

import base64
import hashlib
import hmac
import json
from typing import Any, Final

from twilio_bridge.errors import BadRequestError

_MAC_BYTES: Final = 16
_VERSION: Final = 1


class PageTokens:
    """Seals and opens tokens. The key follows from the login, so tokens end where that is changed."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"twilio-bridge page tokens\0" + secret.encode()).digest()

    def seal(self, listing: list[object], position: list[object]) -> str:
        """Return a token for a position in a list; `listing` is what makes the list that one."""
        packed = json.dumps([_VERSION, position], ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(listing, packed) + packed).decode().rstrip("=")

    def open(self, listing: list[object], token: str) -> list[Any]:
        """Return the position; raise BadRequestError for a token that we did not give for this list."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            sealed = b""
        mac, packed = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(listing, packed)):
            raise BadRequestError(
                "listEntitiesPageToken is none that was given for this entity, filter, sort and account; "
                "begin the list again without it"
            )
        position: list[Any] = json.loads(packed)[1]
        return position

    def _mac(self, listing: list[object], packed: bytes) -> bytes:
        context = json.dumps(listing, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, len(context).to_bytes(8) + context + packed, "sha256")[:_MAC_BYTES]
