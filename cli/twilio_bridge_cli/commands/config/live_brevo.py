"""A configuration against the Brevo account it is for: attributes that cannot keep what is mapped to them."""

from collections.abc import Mapping
from typing import Final

from twilio_bridge.adapters.brevo.attributes import BrevoAttributes
from twilio_bridge.adapters.brevo.client import WINDOWS, BrevoRequests
from twilio_bridge.config import schema
from twilio_bridge.contacts.base_check import Finding
from twilio_bridge.errors import RefusedError, UpstreamError
from twilio_bridge.settings import Settings
from twilio_bridge.support.brevo.typical_values import list_samples
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import RefusedCommandError, UnreachableError
from twilio_bridge_cli.pace import BrevoPace

ACCESS: Final = "Check BREVO_API_KEY, and the account's list of allowed addresses (docs/operations.md, Brevo waits)."
REMEDY: Final = (
    "Map it to another attribute, or make one of that name that fits; values that it cannot keep are left out."
)


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
    limits = dict.fromkeys(WINDOWS, BrevoPace())
    brevo = BrevoRequests(settings.brevo_api_key, settings.brevo_endpoint_url, limits, proxy=settings.proxy_to("BREVO"))
    return BrevoAttributes(brevo, create=settled.brevo.create_attributes).find_misfits(list_samples(settled))
