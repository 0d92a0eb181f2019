"""Twilio's REST API as JSON, for what the SDK would need a class each: the account's set-up.

The SDK's client sends, so that login, region, edge, endpoint and proxy are as everywhere; a refusal is a RefusedError
whose `code` is the HTTP status.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

from twilio_bridge.adapters.twilio.client import NEVER_TWICE, REPEATABLE, Account, call_twilio
from twilio_bridge.adapters.twilio.failures import TWILIO
from twilio_bridge.errors import RefusedError, UnavailableError
from twilio_bridge.retry import Retry

Form = Mapping[str, str | Sequence[str]]
MAX_PAGES_COUNT = 100
PAGE_SIZE = "50"  # some lists take no more


class TwilioRest:
    """One account's REST API; `ahead_s` is how far our clock was ahead of Twilio's at its last answer."""

    def __init__(self, account: Account) -> None:
        self._client = account.make_client()
        self._account_sid = account.sid
        self.ahead_s: float | None = None

    def fetch(self, product: str, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return a resource, or a page."""
        return self._send("GET", product, path, params=params)

    def list_all(self, product: str, path: str, key: str) -> Iterator[Mapping[str, Any]]:
        """Yield the resources of a list, page by page."""
        params: Mapping[str, str] | None = {"PageSize": PAGE_SIZE}
        for _ in range(MAX_PAGES_COUNT):
            page = self.fetch(product, path, params)
            yield from _rows(page, key)
            following = str((page.get("meta") or {}).get("next_page_url") or "")
            if not following:
                return
            path, params = following.partition(".twilio.com")[2] or _path_of(following, product), None

    def create(self, product: str, path: str, form: Form) -> Mapping[str, Any]:
        """Make a resource; it is sent again only where Twilio certainly did nothing."""
        return self._send("POST", product, path, form=form, policy=NEVER_TWICE)

    def update(self, product: str, path: str, form: Form) -> Mapping[str, Any]:
        """Change a resource; twice is the same as once."""
        return self._send("POST", product, path, form=form)

    def delete(self, product: str, path: str) -> None:
        """Remove a resource; one that is gone is removed."""
        try:
            self._send("DELETE", product, path)
        except RefusedError as error:
            if error.code != 404:  # noqa: PLR2004
                raise

    def _send(
        self,
        method: str,
        product: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Form | None = None,
        policy: Retry = REPEATABLE,
    ) -> Mapping[str, Any]:
        url = f"https://{product}.twilio.com{path}"

        def once() -> Mapping[str, Any]:
            response = self._client.request(method, url, params=params, data=form)
            self._note_clock(response.headers or {})
            return _read(response.status_code, response.text)

        return call_twilio(once, policy)

    def _note_clock(self, headers: Mapping[str, str]) -> None:
        try:
            self.ahead_s = time.time() - parsedate_to_datetime(headers["Date"]).timestamp()
        except (KeyError, TypeError, ValueError):  # an answer may have no date
            return


def _path_of(url: str, product: str) -> str:
    """Return the path of a next page where Twilio is reached elsewhere: the product is its first segment there."""
    return "/" + url.partition(f"/{product}/")[2]


def _read(status: int, text: str) -> Mapping[str, Any]:
    content = json.loads(text) if (text or "").strip() else {}
    if status >= 500:  # noqa: PLR2004
        raise UnavailableError(TWILIO, f"status {status}")
    if status >= 400:  # noqa: PLR2004
        code = content.get("code") if isinstance(content, dict) else None
        raise RefusedError(TWILIO, f"status {status}, error {code}", code=status)
    if not isinstance(content, dict):
        raise UnavailableError(TWILIO, "an answer is no JSON object")
    return content


def _rows(page: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    rows = page.get(key)
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise UnavailableError(TWILIO, f"a list has no {key}")
    return rows
