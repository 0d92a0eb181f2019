"""What a login may ask: the auth token and Main keys everything, the other keys less; used by the server.

https://www.twilio.com/docs/iam/api-keys/keys-in-console: a Standard key may not ask for accounts and keys, a Restricted
one only for what it has permissions for. https://www.twilio.com/docs/api/errors/20003 and
https://www.twilio.com/docs/api/errors/403 say which refusal means what.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from twilio_bridge_local.vendors.twilio.errors import refusal

KeyType = Literal["Main", "Standard", "Restricted"]
_ACCOUNTS_AND_KEYS: Final = re.compile(
    r"/api/2010-04-01/Accounts(/\w+)?\.json|/api/2010-04-01/Accounts/\w+/(Signing)?Keys.*"
)


@dataclass
class Access:
    """How the account and its key are.

    Attributes:
        key_type: What kind of key the account's API key is.
        permissions: The products that a Restricted key may ask.
        is_suspended: Whether the account is suspended.
        flex_status: What Flex's configuration answers: 200, or 403 where Flex is not activated.
    """

    key_type: KeyType = "Standard"
    permissions: frozenset[str] = frozenset()
    is_suspended: bool = False
    flex_status: int = 200

    def check(self, path: str, *, with_key: bool) -> None:
        """Raise Twilio's refusal where this login may not ask for this path."""
        product = path.lstrip("/").partition("/")[0]
        if self.is_suspended:
            raise refusal(20403, "the account is suspended")
        if product == "flex-api" and path.endswith("/Configuration") and self.flex_status != 200:  # noqa: PLR2004
            raise refusal(20403 if self.flex_status == 403 else 20404, path)  # noqa: PLR2004
        if not with_key or self.key_type == "Main":
            return
        if self.key_type == "Standard" and _ACCOUNTS_AND_KEYS.fullmatch(path):
            raise refusal(20003)
        if self.key_type == "Restricted" and product not in self.permissions:
            raise refusal(20403, path)
