"""Flex tokens, as an agent's browser has one; kept by the account, judged by the IAM API."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from twilio_bridge_local.vendors.twilio.records import new_sid
from twilio_bridge_local.vendors.twilio.store import now

TTL_S: Final = 3600


@dataclass(frozen=True)
class FlexToken:
    """Whom a token was issued to, by which account, and until when it is valid."""

    account_sid: str
    identity: str
    worker_sid: str
    roles: tuple[str, ...]
    expiration: datetime


@dataclass
class FlexTokens:
    """The tokens that were issued; one that is not here is nobody's."""

    issued: dict[str, FlexToken] = field(default_factory=dict)

    def issue(
        self, account_sid: str, identity: str, roles: Sequence[str] = ("agent",), ttl_s: float = TTL_S, token: str = ""
    ) -> str:
        """A token for an agent; a `ttl_s` below zero makes one that has expired, `token` one that is known before."""
        token = token or ".".join(secrets.token_urlsafe(24) for _ in range(5))  # a JWE has five parts
        expiration = now() + timedelta(seconds=ttl_s)
        self.issued[token] = FlexToken(account_sid, identity, new_sid("WK"), tuple(roles), expiration)
        return token
