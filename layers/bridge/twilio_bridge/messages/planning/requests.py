"""The request for a campaign, read into settings; all its faults are found at once, before anybody else is asked.

docs/messages.md has the fields.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from twilio_bridge.config import schema
from twilio_bridge.config.messages import Messages
from twilio_bridge.errors import BadRequestError
from twilio_bridge.messages.campaign import MICROS, CampaignSettings, Channel, WriteBack
from twilio_bridge.messages.planning import request_parts as parts
from twilio_bridge.messages.planning.request_fields import Fields
from twilio_bridge.messages.planning.request_parts import Defaults
from twilio_bridge.messages.texts.composing import read_templates

MAX_MEDIA_COUNT = 10
MAX_SETTINGS_BYTES = 100_000  # they have to fit a DynamoDB item
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
    settings = _read_content(settings, fields)
    settings = _read_recipients(settings, fields, defaults.config)
    settings = _read_times(settings, fields, defaults.config.messages, now)
    settings = _read_limits(settings, fields, defaults.config.messages)

    is_dry_run, page_token = fields.read_flag("dryRun"), fields.read_text("pageToken")
    page_size = int(fields.read_number("pageSize", 100, 1, 1_000))
    _check_together(fields, settings)
    _check_texts(fields, settings)
    return CampaignRequest(settings, rows, tuple(fields.faults), is_dry_run, page_size, page_token)


def _make_fingerprint(body: Mapping[str, Any]) -> str:
    """Return what is the same for the same campaign only, also where its fields come in another order."""
    content = {name: value for name, value in body.items() if name not in OF_THE_CALL}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _read_content(settings: CampaignSettings, fields: Fields) -> CampaignSettings:
    """Return the settings with what is sent."""
    return replace(
        settings,
        text=fields.read_text("text"),
        content_sid=fields.read_text("contentSid", "", r"HX[0-9a-fA-F]{32}", "HX and 32 hexadecimal digits"),
        content_variables=fields.read_texts("contentVariables"),
        media=fields.read_list("media"),
        columns=fields.read_texts("fields"),
    )


def _read_recipients(settings: CampaignSettings, fields: Fields, config: schema.Config) -> CampaignSettings:
    """Return the settings with how the list's numbers are read, and which of them get nothing."""
    region = parts.read_region(fields, config.contacts.region)
    return replace(
        settings,
        to_column=fields.read_text("to", "to") or "to",
        region=region,
        blocked_countries=frozenset((*fields.read_list("blockedCountries"), *config.messages.blocked_countries)),
        test_to=parts.read_test_number(fields, region),
    )


def _read_times(settings: CampaignSettings, fields: Fields, usual: Messages, now: datetime) -> CampaignSettings:
    """Return the settings with when messages are sent, and how long each may be on its way."""
    return replace(
        settings,
        starts_at=parts.read_start(fields, now),
        is_scheduled_at_twilio=fields.read_flag("scheduleAtTwilio"),
        window=parts.read_hours(fields, usual.sending_hours),
        timezone=parts.read_timezone(fields, usual.timezone),
        validity_s=int(fields.read_number("validityS", usual.validity_s, 1, 36_000)),
        rate_per_s=fields.read_number("ratePerS", usual.rate_per_s, 0.01, 1_000, is_whole=False),
        retry_interval_ms=int(fields.read_number("retryIntervalMs", usual.retry_interval_ms, 1_000, 3_600_000)),
        retry_attempts=int(fields.read_number("retryAttempts", usual.retry_attempts, 0, 1_000)),
    )


def _read_limits(settings: CampaignSettings, fields: Fields, usual: Messages) -> CampaignSettings:
    """Return the settings with where the campaign pauses by itself."""
    spend = fields.read_optional_number("maxSpend", None, 0, 1e9)
    return replace(
        settings,
        max_spend_micros=None if spend is None else round(spend * MICROS),
        max_failure_percent=fields.read_optional_number("maxFailurePercent", usual.max_failure_percent, 0, 100),
    )


def _check_together(fields: Fields, settings: CampaignSettings) -> None:
    """Refuse what each by itself is right, and not together."""
    if "id" not in fields.values and not fields.values.get("dryRun"):
        fields.refuse("id", "is missing; name the campaign, so that the same request again sends nothing twice")
    if any(len(country) != 2 or not country.isupper() for country in settings.blocked_countries):  # noqa: PLR2004
        fields.refuse("blockedCountries", "is to be a list of countries' two letters, such as US")
    if bool(settings.text.strip()) == bool(settings.content_sid):
        fields.refuse("text", "is to be given, or contentSid in its place")
    if settings.content_variables and not settings.content_sid:
        fields.refuse("contentVariables", "belong to a contentSid")
    if settings.is_scheduled_at_twilio and not settings.sender.messaging_service_sid:
        fields.refuse("scheduleAtTwilio", "wants a Messaging Service: Twilio's SendAt needs one")
    if settings.write_back == "airtable" and settings.source.kind != "airtable":
        fields.refuse("writeBack", "airtable needs an Airtable view as the source")


def _check_texts(fields: Fields, settings: CampaignSettings) -> None:
    """Refuse texts that hold too much, and fields that they have no placeholder for."""
    size = len(json.dumps({name: value for name, value in fields.values.items() if name != "source"}))
    if size > MAX_SETTINGS_BYTES:
        fields.refuse("text", f"and the rest of the request have {size:,} bytes, {MAX_SETTINGS_BYTES:,} are allowed")
    if len(settings.media) > MAX_MEDIA_COUNT:
        fields.refuse("media", f"has {len(settings.media)} addresses, {MAX_MEDIA_COUNT} are allowed")
    if any(not address.startswith(("https://", "http://", "<")) for address in settings.media):
        fields.refuse("media", "is to be a list of http or https addresses")

    names = read_templates(settings).names
    if len(names) > settings.max_placeholders:
        listed = ", ".join(f"<{name}>" for name in names)
        fields.refuse("text", f"has {len(names)} placeholders, {settings.max_placeholders} are allowed: {listed}")
    for name in settings.columns:
        if name not in names:
            fields.refuse("fields", f"the text has no placeholder <{name}>")


def check_columns(settings: CampaignSettings, columns: Sequence[str]) -> list[str]:
    """Return what the source lacks: the column of the numbers, and those of the placeholders."""
    listed = ", ".join(columns) if columns else "none"
    faults = []

    if settings.to_column not in columns:
        faults.append(f"to: the source has no column {settings.to_column}; its columns are {listed}")
    for name in read_templates(settings).names:
        column = settings.columns.get(name, name)
        if column not in columns:
            faults.append(f"fields: the source has no column {column} for <{name}>; its columns are {listed}")

    return faults
