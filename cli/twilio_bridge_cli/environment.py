"""The environment and `.env` of the current directory; the environment wins, and empty is not set."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dotenv import dotenv_values

from twilio_bridge.settings import BASE_URL, Settings
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.local_stack import require_local_stack

Environment = Mapping[str, str]

_LOOPBACK: Final = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|::1")


def read_environment(endpoint_url: str | None = None) -> Environment:
    """Return everything that is set; `endpoint_url` takes the place of AWS_ENDPOINT_URL."""
    both = {**read_env_file(), **{name: value for name, value in os.environ.items() if value.strip()}}
    both |= {"AWS_ENDPOINT_URL": endpoint_url} if endpoint_url else {}
    return {name: value for name, value in both.items() if value}


def read_env_file() -> Environment:
    """Return what `.env` alone sets."""
    try:
        values = dotenv_values(Path.cwd() / ".env")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f".env cannot be read ({type(error).__name__}).") from error

    return {name: value for name, value in values.items() if value and value.strip()}


def find_base_url(option: str | None, environment: Environment) -> str:
    """Return where callbacks are sent: --url, else PUBLIC_BASE_URL, else the local stack's (PORT, or as it runs)."""
    url = option or Settings(environment).public_base_url or _find_local_url(environment)
    if not _is_url(url):
        raise CommandError(f"The URL should be {BASE_URL[1]}, such as https://bridge.example.com.")
    if "@" in urlsplit(url).netloc:
        raise CommandError("The URL should not hold a user or a password: Twilio's signature is what proves the call.")

    return url.rstrip("/")


def is_local(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    return _LOOPBACK.fullmatch((urlsplit(url).hostname or "").lower()) is not None


def _is_url(text: str) -> bool:
    try:
        return re.fullmatch(BASE_URL[0], text) is not None and urlsplit(text).port != 0
    except ValueError:  # brackets that do not close, a port beyond the last
        return False


def _find_local_url(environment: Environment) -> str:
    if "PORT" in environment:
        return f"http://127.0.0.1:{_port(environment)}"
    return require_local_stack().url


def _port(environment: Environment) -> str:
    port = environment["PORT"].strip()
    if not re.fullmatch(r"[0-9]{1,5}", port):
        raise CommandError("PORT should be a number from 1 to 65535.")

    return port
