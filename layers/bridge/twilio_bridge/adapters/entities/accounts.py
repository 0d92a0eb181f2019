"""Whose login asks, and where: the account, its sub-accounts, Twilio's regions and edges.

Twilio's first API takes the parent's login for a sub-account; every other product takes the sub-account's own, which
the parent may read. It stays in here.
https://www.twilio.com/docs/iam/api/subaccounts, https://www.twilio.com/docs/global-infrastructure
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from twilio_bridge.errors import RefusedError

Login = tuple[str, str]
DOMAIN: Final = "twilio.com"
FIRST_API: Final = "api"
KEEP_S: Final = 300
DEFAULT_REGION: Final = "us1"


class Accounts:
    """An account with its login, those of its sub-accounts as they become known, and the addresses of the products."""

    def __init__(
        self,
        account_sid: str,
        login: Login,
        *,
        region: str | None = None,
        edge: str | None = None,
        endpoint_url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.account_sid = account_sid
        self._login = login
        self._region = region or (DEFAULT_REGION if edge else None)
        self._edge = edge
        self._endpoint_url = endpoint_url.rstrip("/") if endpoint_url else ""
        self._clock = clock
        self._known: dict[str, tuple[Login, float]] = {}

    def address(self, product: str) -> str:
        """Return where a product is: at an endpoint of its own the product is the first path segment."""
        if self._endpoint_url:
            return f"{self._endpoint_url}/{product}"
        return "https://" + ".".join(part for part in (product, self._edge, self._region, DOMAIN) if part)

    def prefix(self, product: str) -> str:
        """Return what stands before a product's own paths at its address."""
        return urlsplit(self.address(product)).path

    def knows(self, account_sid: str) -> bool:
        """Return whether the account's login is at hand."""
        login, until = self._known.get(account_sid, (None, 0.0))
        return account_sid == self.account_sid or (login is not None and self._clock() < until)

    def login(self, account_sid: str, product: str) -> Login:
        """Return the login that a product takes for an account; a sub-account's own has to be known."""
        if product == FIRST_API or account_sid == self.account_sid:
            return self._login
        return self._known[account_sid][0]

    def path(self, account_sid: str) -> str:
        """Return where Twilio's first API has an account."""
        return f"/2010-04-01/Accounts/{quote(account_sid, safe='')}.json"

    def learn(self, account_sid: str, account: Mapping[str, Any]) -> None:
        """Keep a sub-account's login; raise RefusedError where the account's own login may not see it."""
        token = account.get("auth_token")
        if not token:
            raise RefusedError(
                "twilio",
                "this product wants the sub-account's own login, which only its parent's auth token or main API key "
                "may read; set TWILIO_AUTH_TOKEN, or TWILIO_ACCOUNT_SID to the sub-account",
            )
        self._known[account_sid] = ((account_sid, str(token)), self._clock() + KEEP_S)

    def forget(self, account_sid: str) -> None:
        """Have a sub-account's login read again, as after a refusal."""
        self._known.pop(account_sid, None)
