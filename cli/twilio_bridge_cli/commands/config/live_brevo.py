"""A configuration against the Brevo account it is for: attributes that cannot keep what is mapped to them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Final

from twilio_bridge.adapters.brevo.attributes import BrevoAttributes
from twilio_bridge.adapters.brevo.client import WINDOWS, BrevoRequests
from twilio_bridge.adapters.state.window_limiter import WindowLimiter
from twilio_bridge.config import schema
from twilio_bridge.contacts.base_check import Finding
from twilio_bridge.errors import RefusedError, UpstreamError
from twilio_bridge.settings import Settings
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import RefusedCommandError, UnreachableError

# A typical value of each number of ours, and of each type that a mapped task attribute may have.
METRICS: Final[Mapping[str, object]] = {
    "total_conversations": 3,
    "avg_wait_time": 12.5,
    "last_conversation_date": date(2026, 1, 31),
    "preferred_channel": "voice",
    "last_csat_score": 4.5,
}
TYPES: Final[Mapping[str, object]] = {
    "text": "A-17",
    "number": 12.5,
    "boolean": True,
    "date": date(2026, 1, 31),
    "list": ["A-17"],
}
ACCESS: Final = "Check BREVO_API_KEY, and the account's list of allowed addresses (docs/operations.md, Brevo waits)."
REMEDY: Final = (
    "Map it to another attribute, or make one of that name that fits; values that it cannot keep are left out."
)


class OneRequest(WindowLimiter):
    """Brevo's limit for a command that asks once."""

    def __init__(self) -> None:
        pass

    @contextmanager
    def hold_token(self, patience_s: float) -> Iterator[None]:
        """Let the request pass."""
        del patience_s
        yield


def find_problems(environment: Environment, settled: schema.Config) -> list[Finding]:
    """Return the mapped attributes that Brevo has with another type or category; nothing where there is no key.

    Raises:
        RefusedCommandError: Brevo refuses the key or this address.
        UnreachableError: Brevo cannot be read.
    """
    if not environment.get("BREVO_API_KEY"):
        return []

    try:
        misfits = _read_misfits(Settings(environment), settled)
    except RefusedError as error:
        raise RefusedCommandError(f"Brevo refuses: {error}.", ACCESS) from error
    except UpstreamError as error:
        raise UnreachableError(f"Brevo cannot be read: {error}.", "Try again in a moment.") from error
    return [
        Finding(f"field_mapping: {name}", f"Brevo's attribute {text}", REMEDY, is_error=False)
        for name, text in misfits.items()
    ]


def _read_misfits(settings: Settings, settled: schema.Config) -> Mapping[str, str]:
    limits = dict.fromkeys(WINDOWS, OneRequest())
    brevo = BrevoRequests(settings.brevo_api_key, settings.brevo_endpoint_url, limits, proxy=settings.proxy_to("BREVO"))
    return BrevoAttributes(brevo, create=settled.brevo.create_attributes).find_misfits(list_samples(settled))


def list_samples(settled: schema.Config) -> dict[str, object]:
    """Return a typical value for each mapped attribute, by Brevo's name."""
    types = settled.brevo.attribute_types
    return {
        target.upper(): METRICS.get(path, TYPES[types.get(target.upper(), "text")])
        for path, target in settled.field_mapping.items()
    }
