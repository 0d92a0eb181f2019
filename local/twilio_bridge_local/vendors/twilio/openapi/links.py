"""A list's links to its other pages, in the first API's manner or in that of the others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.openapi.resources import Resource
from twilio_bridge_local.vendors.twilio.openapi.routes import Match

DEFAULT_PAGE_SIZE: Final = 50
FIRST_API: Final = "api"


@dataclass(frozen=True)
class ListAddress:
    """A list's address, for the links of its pages."""

    match: Match
    kept: Sequence[tuple[str, str]]
    size: int

    def links(self, page: int, last: int) -> Resource:
        """Return what stands beside the rows: in the first API's manner, or in that of the others."""
        following = self._url(page + 1, last) if last else None
        if "next_page_uri" in self.match.route.answer:
            counts = {
                "page": page,
                "page_size": self.size,
                "first_page_uri": self._url(0, 0),
                "previous_page_uri": None,
            }
            return {
                **counts,
                "uri": self._url(page, 0),
                "next_page_uri": following,
                "start": page * self.size,
                "end": 0,
            }
        if "meta" not in self.match.route.answer:
            return {"uri": self._url(0, 0)} if "uri" in self.match.route.answer else {}
        meta = {"page": page, "page_size": self.size, "key": self.match.route.rows_key, "previous_page_url": None}
        return {
            "meta": {**meta, "first_page_url": self._url(0, 0), "url": self._url(page, 0), "next_page_url": following}
        }

    def _url(self, page: int, last: int) -> str:
        route = self.match.route
        path = re.sub(r"\{(\w+)\}", lambda found: self.match.values[found[1]], route.path)
        sized = [("PageSize", str(self.size)), ("Page", str(page))] if "PageSize" in route.query else []
        query = urlencode([*self.kept, *sized, *([("PageToken", f"PA{last}")] if last else [])])
        host = "" if route.product == FIRST_API else f"https://{route.product}.twilio.com"
        return f"{host}{path}?{query}" if query else f"{host}{path}"


def read_token(token: str) -> int:
    """Return the number that a page token names, 0 for none; raise TwilioError where it is no such token."""
    if token and not re.fullmatch(r"PA\d+", token):
        raise refusal(20001, "PageToken")
    return int(token[2:] or 0)
