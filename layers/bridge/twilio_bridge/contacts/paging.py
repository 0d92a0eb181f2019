"""Where a worker's list goes on: the cursor behind Frontline's `NextPageToken`."""

import base64
import binascii
import json
from dataclasses import dataclass, replace

from twilio_bridge.contacts.contact import Contact, from_values, to_values
from twilio_bridge.errors import BadRequestError


@dataclass(frozen=True, slots=True)
class Cursor:
    """The key behind which the list goes on, and the source's offset where the page came straight from it."""

    after: str = ""
    offset: str | None = None

    @property
    def token(self) -> str:
        """Seal the cursor in a text that is opaque to the app."""
        packed = json.dumps([self.after, self.offset], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(packed.encode()).decode()


@dataclass(frozen=True, slots=True)
class Page:
    """Some contacts in order, and where the list goes on, if it does."""

    contacts: tuple[Contact, ...] = ()
    following: Cursor | None = None

    @property
    def packed(self) -> str:
        """Return the page as text: what a list shows, not all that is known."""
        rows = [to_values(replace(contact, notes="", linkedin="", cells={})) for contact in self.contacts]
        return json.dumps([rows, self.following.token if self.following else None], ensure_ascii=False)


def unpack_page(text: str) -> Page:
    """Return the page of a text that `packed` made."""
    rows, token = json.loads(text)
    return Page(tuple(from_values(row) for row in rows), parse_cursor(token) if token else None)


def parse_cursor(token: str) -> Cursor:
    """Open a token, or raise BadRequestError."""
    try:
        unpacked = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        unpacked = None
    match unpacked:
        case [str(after), None | str() as offset]:
            return Cursor(after.encode("utf-8", "replace").decode(), offset)
    raise BadRequestError("NextPageToken is none that this service gave")
