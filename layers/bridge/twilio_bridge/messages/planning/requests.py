"""The request for a campaign, read into settings; all its faults are found at once, before anybody else is asked.

docs/messages.md has the fields.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twilio_bridge.errors import BadRequestError
from twilio_bridge.messages.campaign import CampaignSettings, Channel, WriteBack
from twilio_bridge.messages.planning import request_parts as parts
from twilio_bridge.messages.planning.request_checks import check_texts, check_together
from twilio_bridge.messages.planning.request_fields import Fields
from twilio_bridge.messages.planning.request_parts import Defaults
from twilio_bridge.messages.planning.request_settings import read_content, read_limits, read_recipients, read_times

CAMPAIGN_ID = r"[A-Za-z0-9][A-Za-z0-9-]{0,63}"
WRITE_BACKS: Mapping[str, WriteBack] = {"": "", "airtable": "airtable", "brevo": "brevo"}
# What does not make another campaign of it.
OF_THE_CALL = frozenset({"dryRun", "pageSize", "pageToken"})
KNOWN = (
    "id",
    "text",
    "contentSid",
    "contentVariables",
    "media",
    "fields",
    "to",
    "channel",
    "region",
    "sender",
    "source",
    "sendAt",
    "scheduleAtTwilio",
    "sendingHours",
    "timezone",
    "validityS",
    "ratePerS",
    "retryIntervalMs",
    "retryAttempts",
    "maxSpend",
    "maxFailurePercent",
    "blockedCountries",
    "testTo",
    "writeBack",
    *OF_THE_CALL,
)


class FaultsError(BadRequestError):
    """A request has faults; each is named."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True)
class CampaignRequest:
    """A request as far as it could be read; `rows` came along with it, None where they stand elsewhere."""

    settings: CampaignSettings
    rows: tuple[Mapping[str, Any], ...] | None
    faults: tuple[str, ...]
    is_dry_run: bool = False
    page_size: int = 100
    page_token: str = ""


def read_request(body: Mapping[str, Any], defaults: Defaults, now: datetime) -> CampaignRequest:
    """Return the request with all its faults."""
    fields = Fields(body)
    fields.check_names(KNOWN)
    source, rows = parts.read_source(fields)
    channel: Channel = "whatsapp" if fields.read_choice("channel", ("sms", "whatsapp"), "sms") == "whatsapp" else "sms"

    settings = CampaignSettings(
        id=fields.read_text("id", "", CAMPAIGN_ID, "1 to 64 letters, digits and hyphens") or "dry-run",
        fingerprint=_make_fingerprint(body),
        source=source,
        channel=channel,
        sender=parts.read_sender(fields, channel, defaults),
        write_back=WRITE_BACKS[fields.read_choice("writeBack", tuple(WRITE_BACKS), "")],
        max_placeholders=defaults.config.messages.max_placeholders,
        currency=defaults.config.messages.currency,
    )
    settings = read_content(settings, fields)
    settings = read_recipients(settings, fields, defaults.config)
    settings = read_times(settings, fields, defaults.config.messages, now)
    settings = read_limits(settings, fields, defaults.config.messages)

    is_dry_run, page_token = fields.read_flag("dryRun"), fields.read_text("pageToken")
    page_size = int(fields.read_number("pageSize", 100, 1, 1_000))
    check_together(fields, settings)
    check_texts(fields, settings)
    return CampaignRequest(settings, rows, tuple(fields.faults), is_dry_run, page_size, page_token)


def _make_fingerprint(body: Mapping[str, Any]) -> str:
    """Return what is the same for the same campaign only, also where its fields come in another order."""
    content = {name: value for name, value in body.items() if name not in OF_THE_CALL}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
