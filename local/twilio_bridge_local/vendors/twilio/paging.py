"""Lists as Twilio pages them; used by the REST API.

A page token names the last record of the page before, so a list stays whole while records come and go. A
PageSize above the maximum counts as the maximum: the SDK itself sends up to 1,000 where a caller gives a
limit.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar
from urllib.parse import urlencode

from flask import Request

from twilio_bridge_local.vendors.twilio.conversations.resources import Resource
from twilio_bridge_local.vendors.twilio.errors import refusal

DEFAULT_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 100


class Numbered(Protocol):
    """A record with a place in lists."""

    @property
    def number(self) -> int:
        """Its place: records are numbered as they are made."""


Record = TypeVar("Record", bound=Numbered)


def page(
    request: Request,
    key: str,
    records: Sequence[Record],
    show: Callable[[Record], Resource],
    largest: int = MAX_PAGE_SIZE,
) -> dict[str, object]:
    """The page that the request asks for, with its `meta`; `Order=desc` puts the newest first."""
    newest_first = request.args.get("Order") == "desc"
    size = min(_number(request, "PageSize", DEFAULT_SIZE), largest)
    after, number = request.args.get("PageToken", ""), _number(request, "Page", 0)
    ordered = sorted(records, key=lambda record: record.number, reverse=newest_first)
    rest = [record for record in ordered if _follows(record, after, newest_first=newest_first)]
    shown = rest[:size]
    following = f"PA{shown[-1].number}" if len(rest) > size else None
    meta = {
        "page": number,
        "page_size": size,
        "first_page_url": _url(request, size, 0, None),
        "previous_page_url": _url(request, size, 0, None) if number == 1 else None,
        "url": _url(request, size, number, after or None),
        "next_page_url": _url(request, size, number + 1, following) if following else None,
        "key": key,
    }
    return {key: [show(record) for record in shown], "meta": meta}


def vendor_url(path: str) -> str:
    """Twilio's own address of a path whose first segment is the product."""
    product, _, rest = path.lstrip("/").partition("/")
    return f"https://{product}.twilio.com/{rest}"


def _follows(record: Numbered, token: str, *, newest_first: bool) -> bool:
    if not token:
        return True
    last = token.removeprefix("PA")
    if not last.isdigit():
        raise refusal(20001, "PageToken")
    return record.number < int(last) if newest_first else record.number > int(last)


def _number(request: Request, name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isdigit() or (name == "PageSize" and text == "0"):
        raise refusal(20001, f"{name} must be a positive number")
    return int(text)


def _url(request: Request, size: int, number: int, token: str | None) -> str:
    kept = [(name, value) for name, value in request.args.items() if not name.startswith("Page")]
    query = [*kept, ("PageSize", str(size)), ("Page", str(number))]
    return f"{vendor_url(request.path)}?{urlencode(query + ([('PageToken', token)] if token else []))}"
