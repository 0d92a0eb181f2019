"""What each secret holds, and what each of its values looks like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from twilio_bridge.settings import ACCOUNT_SID, ANYTHING, API_KEY_SID, BASE64, BASE_ID
from twilio_bridge_cli.errors import CommandError


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a secret: its form as a pattern and as text, where it is found, and whether it has to be there."""

    name: str
    pattern: str
    form: str
    source: str
    required: bool = True
    hidden: bool = True

    def check(self, text: str) -> str:
        """Return the value without spaces around it; raise CommandError, which does not repeat it, for another form."""
        value = text.strip()
        if not re.fullmatch(self.pattern, value):
            raise CommandError(f"{self.name} should be {self.form}.", self.source)
        return value


_TOKEN: Final = r"[0-9A-Za-z]{32}"  # noqa: S105  a pattern
_CONSOLE: Final = "Twilio's console shows it at Account > API keys & tokens."
_AIRTABLE: Final = "It is made at airtable.com/create/tokens; keys that begin with key ended in February 2024."
_BREVO: Final = "Brevo shows it once, at Settings > SMTP & API > API keys; an SMTP key (xsmtpsib-…) is another thing."

# The login at the company's proxy, for those who have one: each function reads it beside the vendor's own.
_PROXY: Final = tuple(
    Value(name, *ANYTHING, 'docs/operations.md, "A proxy".', required=False)
    for name in ("PROXY_USER", "PROXY_PASSWORD")
)

SECRETS: Final[Mapping[str, tuple[Value, ...]]] = {
    "twilio": (
        Value("TWILIO_ACCOUNT_SID", *ACCOUNT_SID, _CONSOLE, hidden=False),
        Value(
            "TWILIO_AUTH_TOKEN",
            rf"{_TOKEN}(\s*,\s*{_TOKEN})*",
            "32 letters or digits, or several tokens with commas between them while you rotate",
            _CONSOLE,
        ),
        Value(
            "TWILIO_SHARED_KEYS",
            r".*[^\s,].*",
            "<key id>=<secret>, or several with commas between them",
            "Twilio shows a shared key's secret once, when it is made: it signs webhooks where a webhook rule says so.",
            required=False,
        ),
        Value("TWILIO_API_KEY_SID", *API_KEY_SID, _CONSOLE, required=False),
        Value("TWILIO_API_KEY_SECRET", _TOKEN, "32 letters or digits", _CONSOLE, required=False),
        Value(
            "TASK_COMPLETE_SECRET",
            r"\S{16,}",
            "16 characters or more, without spaces",
            "You choose it: see docs/flex-plugin.md.",
            required=False,
        ),
        *_PROXY,
    ),
    "airtable": (
        Value("AIRTABLE_TOKEN", r"pat\S{20,}", "a personal access token, which begins with pat", _AIRTABLE),
        Value("AIRTABLE_BASE_ID", *BASE_ID, "It stands in the base's address: airtable.com/app…", hidden=False),
        Value(
            "AIRTABLE_WEBHOOK_SECRET",
            BASE64[0],
            BASE64[1],
            "Airtable shows it once, when a webhook is made by hand.",
            required=False,
        ),
        *_PROXY,
    ),
    "brevo": (Value("BREVO_API_KEY", r"xkeysib-\S{20,}", "an API key, which begins with xkeysib-", _BREVO), *_PROXY),
}
