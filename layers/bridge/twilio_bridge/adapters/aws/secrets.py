"""The stack's secrets: read at first use, kept for five minutes, read again early where a signature fails.

So a rotated token needs no deployment: https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets.html
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.errors import NoSecretError, SettingError, UnavailableError
from twilio_bridge.logs import logger
from twilio_bridge.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEEP_S = 300
REREAD_S = 60


class MalformedSecretError(SettingError):
    """A secret is not what it should be."""

    def __init__(self, secret_id: str) -> None:
        super().__init__(f"the secret {secret_id} is no JSON object")


@dataclass(frozen=True, slots=True)
class _Kept:
    values: Mapping[str, str]
    asked_at: float
    due_at: float


class Secrets:
    """Secrets by id, each a JSON object of texts."""

    def __init__(self, client: "SecretsManagerClient", clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def read(self, secret_id: str) -> Mapping[str, str]:
        """Return a secret's values, as old as five minutes."""
        kept = self._kept.get(secret_id)
        if kept is None or self._clock() >= kept.due_at:
            kept = self._kept[secret_id] = self._ask(secret_id, kept)
        return kept.values

    def forget(self, secret_id: str) -> bool:
        """Have the secret read again at its next use, unless that was done within the last minute."""
        kept = self._kept.get(secret_id)
        if kept and self._clock() - kept.asked_at < REREAD_S:
            return False
        if kept:
            self._kept[secret_id] = replace(kept, due_at=self._clock())
        return True

    def _ask(self, secret_id: str, kept: _Kept | None) -> _Kept:
        try:
            values, keep_s = self._fetch(secret_id), KEEP_S
        except (UnavailableError, MalformedSecretError) as error:
            if kept is None:
                raise
            if isinstance(error, MalformedSecretError):
                logger.error("secret not readable, the last good one holds", extra={"reason": str(error)})
            values, keep_s = kept.values, REREAD_S  # neither an outage nor a slip takes away what is known
        return _Kept(values, self._clock(), self._clock() + keep_s)

    def _fetch(self, secret_id: str) -> Mapping[str, str]:
        try:
            text = self._client.get_secret_value(SecretId=secret_id)["SecretString"]
            values = json.loads(text)
        except clients.FAILURES as error:
            if clients.code_of(error) == "ResourceNotFoundException":
                raise NoSecretError(
                    f"the secret {secret_id} does not exist; README, 'Deploy', says how to make it"
                ) from error
            raise clients.unavailable("secrets manager", error) from error
        except (KeyError, ValueError) as error:
            raise MalformedSecretError(secret_id) from error
        if not isinstance(values, dict):
            raise MalformedSecretError(secret_id)
        return {str(name): str(value) for name, value in values.items() if value is not None}


class SigningTokens:
    """The port Tokens of `entrypoints.http`: Twilio's auth tokens and shared keys from the settings."""

    def __init__(self, settings: Settings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets

    def read_tokens(self) -> tuple[str, ...]:
        """Return the tokens as last read."""
        return self._settings.twilio_auth_tokens

    def reread_tokens(self) -> tuple[str, ...]:
        """Read the secret again, at most once a minute."""
        secret_id = self._settings.twilio_secret
        return self.read_tokens() if secret_id and self._secrets.forget(secret_id) else ()

    def read_shared_keys(self) -> Mapping[str, str]:
        """Return the shared keys' secrets as last read."""
        return self._settings.twilio_shared_keys
