"""Flex tokens: what an agent's browser proves itself with, checked at Twilio.

https://github.com/twilio/twilio-flex-token-validator is Twilio's own description of the request.
"""

import hashlib
import time
from collections.abc import Callable

import requests

from twilio_bridge import deadline
from twilio_bridge.adapters.call_log import log_calls
from twilio_bridge.adapters.proxy import open_session
from twilio_bridge.adapters.twilio.failures import TWILIO, check_limit, translate_failure
from twilio_bridge.errors import NotTakenError, RateLimitedError, UnavailableError
from twilio_bridge.retry import Retry, call
from twilio_bridge.settings import Proxy

TIMEOUT_S = 2.5
KEEP_S = 60
MAX_CACHED_COUNT = 1_000
MAX_TOKEN_LENGTH = 8_192
IAM = "https://iam.twilio.com"
# A validation changes nothing, so it may be sent again.
VALIDATING = Retry(attempts=3, first_wait_s=0.3, on=(UnavailableError,), unprocessed=(RateLimitedError, NotTakenError))


class FlexTokens:
    """The port AgentTokens: valid tokens are remembered for a minute, by their hash."""

    def __init__(
        self,
        login: tuple[str, str],
        account_sid: str,
        endpoint_url: str | None = None,
        proxy: Proxy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        base = f"{endpoint_url.rstrip('/')}/iam" if endpoint_url else IAM
        self._url = f"{base}/v1/Accounts/{account_sid}/Tokens/validate"
        self._login = login
        self._session = open_session(proxy)
        log_calls(self._session, TWILIO)
        self._clock = clock
        self._valid_until: dict[str, float] = {}

    def is_valid(self, token: str) -> bool:
        """Return whether Twilio issued this token to somebody of the account's Flex, and it has not expired."""
        if not token or len(token) > MAX_TOKEN_LENGTH:
            return False
        name = hashlib.sha256(token.encode()).hexdigest()
        if self._valid_until.get(name, 0) > self._clock():
            return True
        if not call(lambda: self._validate(token), VALIDATING):
            return False
        if len(self._valid_until) >= MAX_CACHED_COUNT:
            self._valid_until.clear()
        self._valid_until[name] = self._clock() + KEEP_S
        return True

    def _validate(self, token: str) -> bool:
        try:
            timeout_s = deadline.seconds_left(TIMEOUT_S)
            answer = self._session.post(self._url, json={"token": token}, auth=self._login, timeout=timeout_s)
        except requests.RequestException as error:
            raise translate_failure(error) from error

        check_limit(answer.status_code, answer.headers)
        if answer.status_code >= 500:  # noqa: PLR2004
            raise UnavailableError(TWILIO, f"status {answer.status_code}")
        try:
            return answer.ok and answer.json().get("valid") is True
        except (ValueError, AttributeError) as error:
            raise UnavailableError(TWILIO, type(error).__name__) from error
