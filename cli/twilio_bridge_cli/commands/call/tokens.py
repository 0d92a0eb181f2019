"""The auth token that calls are signed with. It is never an option: it would stay in the shell's history."""

from dataclasses import dataclass, field
from typing import Final

from twilio_bridge.adapters.aws.secrets import Secrets
from twilio_bridge.errors import SettingError, UnavailableError
from twilio_bridge.settings import ALIASES, Settings
from twilio_bridge_cli import aws
from twilio_bridge_cli.environment import Environment, is_local, read_env_file
from twilio_bridge_cli.errors import CommandError, RefusedCommandError

LOCAL_TOKEN: Final = "local-auth-token"  # noqa: S105  made up: the local stack's, nobody else's
_NAME: Final = "TWILIO_AUTH_TOKEN"
_NAMES: Final = (_NAME, ALIASES[_NAME])


@dataclass(frozen=True, slots=True)
class Token:
    """An auth token and where it comes from; shown, it shows only the latter."""

    value: str = field(repr=False)
    source: str
    made_up: bool = False


def find_token(url: str, environment: Environment, secret: str | None, region: str | None) -> Token:
    """Return the token: of the secret that is named, else as it is set, else the local stack's."""
    if secret:
        return Token(_in_secret(secret, environment, region), f"the secret {secret}")
    if given := next((name for name in _NAMES if name in environment), None):
        where = ".env" if read_env_file().get(given) == environment[given] else "the environment"
        return Token(_first(Settings(environment)), f"{given} in {where}")
    if is_local(url):
        return Token(LOCAL_TOKEN, "the local stack's made-up token", made_up=True)
    raise CommandError(
        f"There is no auth token to sign with for {url}.",
        f"Set {_NAME} in the environment or in .env, or name the stack's secret: --secret twilio-bridge/twilio",
    )


def _in_secret(name: str, environment: Environment, region: str | None) -> str:
    client = aws.make_client("secretsmanager", environment, region)
    try:
        return _first(Settings({"TWILIO_SECRET": name}, Secrets(client).read))
    except UnavailableError as error:
        raise aws.explain_failure(error, f"The secret {name} cannot be read") from error
    except SettingError as error:
        raise RefusedCommandError(f"{str(error)[:1].upper()}{str(error)[1:]}.", "See --secret and --region.") from error


def _first(settings: Settings) -> str:
    """Return the one in force; while a token is being rotated there are several."""
    return settings.twilio_auth_tokens[0]
