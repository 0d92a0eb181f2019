"""Decides what is real and what is a stand-in; used by `__main__`, and by tests that start a stack.

A vendor is real where the environment or `.env` (the environment wins) has its credentials, and reached
at its `…_ENDPOINT_URL` if that is set; otherwise a stand-in takes its place. Half of the credentials is
an error that names the missing half. A demonstration uses stand-ins whatever is set, unless it is a live
one.
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from twilio_bridge_local import credentials
from twilio_bridge_local.aws.server import refuse_real_aws
from twilio_bridge_local.errors import SettingsError

Settings = Mapping[str, str]

_ALIASES: Final = {
    "TWILIO_ACCOUNT_SID": "ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN": "AUTH_TOKEN",
    "AIRTABLE_TOKEN": "AIRTABLE_API_KEY",
}
# The template's parameters and the variables that they become.
_PARAMETERS: Final = {
    "TwilioSmsNumber": "TWILIO_SMS_NUMBER",
    "TwilioWhatsappNumber": "TWILIO_WHATSAPP_NUMBER",
    "TwilioRegion": "TWILIO_REGION",
    "TwilioEdge": "TWILIO_EDGE",
    "TwilioNodes": "TWILIO_NODES",
    "ProxyEnabled": "PROXY_ENABLED",
    "ProxyServer": "PROXY_SERVER",
    "ProxyAuthScheme": "PROXY_AUTH_SCHEME",
    "ProxySslType": "PROXY_SSLTYPE",
    "TwilioSinkSid": "TWILIO_SINK_SID",
    "FlexOrigins": "FLEX_ORIGINS",
    "PublicBaseUrl": "PUBLIC_BASE_URL",
    "LogLevel": "LOG_LEVEL",
}
_NUMBERS: Final = {
    "TWILIO_SMS_NUMBER": credentials.TWILIO_SMS_NUMBER,
    "TWILIO_WHATSAPP_NUMBER": credentials.TWILIO_WHATSAPP_NUMBER,
}
# Kept beside the credentials where they are given.
_PROXY_LOGIN: Final = ("PROXY_USER", "PROXY_PASSWORD")
_MORE_SECRETS: Final = {
    "twilio": (
        "TWILIO_API_KEY_SID",
        "TWILIO_API_KEY_SECRET",
        "TWILIO_SHARED_KEYS",
        "TASK_COMPLETE_SECRET",
        *_PROXY_LOGIN,
    ),
    "airtable": ("AIRTABLE_WEBHOOK_SECRET", *_PROXY_LOGIN),
    "brevo": _PROXY_LOGIN,
}
_OF_A_DEMONSTRATION: Final = frozenset({"LOG_LEVEL", "PORT"})
_CONFIG_OF_A_DEMONSTRATION: Final = Path(__file__).parent / "demo" / "bridge.yaml"


@dataclass(frozen=True)
class Vendor:
    """One vendor's account (Airtable's is the base, Brevo's key names it) and where it is reached; "" is at home."""

    account: str
    token: str
    endpoint_url: str = ""
    stand_in: bool = False


@dataclass(frozen=True)
class Environment:
    """All that a stack takes from outside; `aws_endpoint_url` is empty where AWS is embedded.

    `host` is where the stand-ins listen: the address of Docker's bridge lets containers reach them.
    """

    twilio: Vendor
    airtable: Vendor
    brevo: Vendor
    aws_endpoint_url: str = ""
    host: str = "127.0.0.1"
    settings: Settings = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def bridge_config(self) -> str:
        """The configuration file that BRIDGE_CONFIG names, absolute."""
        named = self.settings.get("BRIDGE_CONFIG")
        return str(Path(named).resolve()) if named else ""

    def parameters(self, aws_url: str) -> dict[str, str]:
        """The template's parameters, with AWS at this URL."""
        passed = {name: self.settings[variable] for name, variable in _PARAMETERS.items() if variable in self.settings}
        return passed | {
            "TwilioAccountSid": self.twilio.account,
            "TwilioEndpointUrl": self.twilio.endpoint_url,
            "AirtableBaseId": self.airtable.account,
            "AirtableEndpointUrl": self.airtable.endpoint_url,
            "BrevoEndpointUrl": self.brevo.endpoint_url,
            "AwsEndpointUrl": aws_url,
        }

    def secrets(self, stack_name: str) -> dict[str, dict[str, str]]:
        """The secrets' values by name; keys are the variables' names."""
        own = {
            "twilio": {"TWILIO_ACCOUNT_SID": self.twilio.account, "TWILIO_AUTH_TOKEN": self.twilio.token},
            "airtable": {"AIRTABLE_TOKEN": self.airtable.token, "AIRTABLE_BASE_ID": self.airtable.account},
            "brevo": {"BREVO_API_KEY": self.brevo.token},
        }
        for vendor, names in _MORE_SECRETS.items():
            own[vendor] |= {name: self.settings[name] for name in names if name in self.settings}
        return {f"{stack_name}/{vendor}": values for vendor, values in own.items()}


def settings_of(folder: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """`.env` of the folder under the environment; what is empty counts as not set."""
    given = os.environ if environment is None else environment
    both = {**dotenv_values(folder / ".env"), **{name: value for name, value in given.items() if value}}
    return {name: value for name, value in both.items() if value}


def decide(settings: Settings, *, demo: bool = False, live: bool = False) -> Environment:
    """What the stack runs with."""
    if demo and not live:
        own = {name: value for name, value in settings.items() if name in _OF_A_DEMONSTRATION}
        settings = {**own, "BRIDGE_CONFIG": str(_CONFIG_OF_A_DEMONSTRATION)}
    settings = _named(settings)
    twilio = _vendor(settings, "Twilio", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN") or Vendor(
        credentials.TWILIO_ACCOUNT_SID, credentials.TWILIO_AUTH_TOKEN, stand_in=True
    )
    airtable = _vendor(settings, "Airtable", "AIRTABLE_BASE_ID", "AIRTABLE_TOKEN") or Vendor(
        credentials.AIRTABLE_BASE_ID, credentials.AIRTABLE_TOKEN, stand_in=True
    )
    brevo = _brevo(settings) or Vendor("", credentials.BREVO_API_KEY, stand_in=True)
    given = settings.get("AWS_ENDPOINT_URL", "")
    return Environment(
        twilio=twilio,
        airtable=airtable,
        brevo=brevo,
        aws_endpoint_url=refuse_real_aws(given) if given else "",
        settings={**_made_up(twilio, airtable), **settings},
        notes=tuple(_notes(settings, {"TWILIO": twilio, "AIRTABLE": airtable, "BREVO": brevo})),
    )


def _made_up(twilio: Vendor, airtable: Vendor) -> Settings:
    """Return what the samples need of each vendor that is not real: numbers, and the secret that signs the ping."""
    numbers = _NUMBERS if twilio.stand_in else {}
    signed = {"AIRTABLE_WEBHOOK_SECRET": credentials.AIRTABLE_WEBHOOK_SECRET} if airtable.stand_in else {}
    return {**numbers, **signed}


def port_of(settings: Settings, default: int = 3000) -> int:
    """Return PORT where it is given; raise SettingsError where it is none that commands could find."""
    given = settings.get("PORT", str(default))
    if not given.isdecimal() or not 0 < int(given) <= 65535:  # noqa: PLR2004  the last port
        raise SettingsError(f"PORT should be a number from 1 to 65535, not {given!r}")
    return int(given)


def own_address(host: str) -> str:
    """Return the address; raise SettingsError where this machine has no such one."""
    try:
        socket.create_server((host, 0)).close()
    except OSError as error:
        raise SettingsError(
            f"--host {host} is no address of this machine. Leave it out, or take one that `ip addr` shows"
        ) from error
    return host


def _named(settings: Settings) -> Settings:
    """Settings under their own names; an alias counts where the name itself is not set."""
    own = {name: settings[alias] for name, alias in _ALIASES.items() if alias in settings and name not in settings}
    return {**settings, **own}


def _vendor(settings: Settings, vendor: str, account: str, token: str) -> Vendor | None:
    missing = [name for name in (account, token) if name not in settings]
    if len(missing) == 2:  # noqa: PLR2004  both
        return None
    if missing:
        alias = f" (or {_ALIASES[missing[0]]})" if missing[0] in _ALIASES else ""
        raise SettingsError(
            f"{vendor} is half configured: {missing[0]}{alias} is not set. "
            f"Set it in .env or in the environment, or unset the other one to use the stand-in"
        )
    return Vendor(settings[account], settings[token], _endpoint_url(settings, vendor))


def _brevo(settings: Settings) -> Vendor | None:
    key = settings.get("BREVO_API_KEY")
    return Vendor("", key, _endpoint_url(settings, "Brevo")) if key else None


def _endpoint_url(settings: Settings, vendor: str) -> str:
    return settings.get(f"{vendor.upper()}_ENDPOINT_URL", "").rstrip("/")


def _notes(settings: Settings, vendors: Mapping[str, Vendor]) -> list[str]:
    return [
        f"{vendor}_ENDPOINT_URL is set but there are no credentials for it, so the stand-in is used"
        for vendor, chosen in vendors.items()
        if chosen.stand_in and f"{vendor}_ENDPOINT_URL" in settings
    ]
