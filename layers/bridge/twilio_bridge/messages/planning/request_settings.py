"""A request's fields as settings, part by part: what is sent, to whom, when, and up to where."""

from dataclasses import replace
from datetime import datetime

from twilio_bridge.config import schema
from twilio_bridge.config.messages import Messages
from twilio_bridge.messages.campaign import MICROS, CampaignSettings
from twilio_bridge.messages.planning import request_parts as parts
from twilio_bridge.messages.planning.request_fields import Fields


def read_content(settings: CampaignSettings, fields: Fields) -> CampaignSettings:
    """Return the settings with what is sent."""
    return replace(
        settings,
        text=fields.read_text("text"),
        content_sid=fields.read_text("contentSid", "", r"HX[0-9a-fA-F]{32}", "HX and 32 hexadecimal digits"),
        content_variables=fields.read_texts("contentVariables"),
        media=fields.read_list("media"),
        columns=fields.read_texts("fields"),
    )


def read_recipients(settings: CampaignSettings, fields: Fields, config: schema.Config) -> CampaignSettings:
    """Return the settings with how the list's numbers are read, and which of them get nothing."""
    region = parts.read_region(fields, config.contacts.region)
    return replace(
        settings,
        to_column=fields.read_text("to", "to") or "to",
        region=region,
        blocked_countries=frozenset((*fields.read_list("blockedCountries"), *config.messages.blocked_countries)),
        test_to=parts.read_test_number(fields, region),
    )


def read_times(settings: CampaignSettings, fields: Fields, usual: Messages, now: datetime) -> CampaignSettings:
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


def read_limits(settings: CampaignSettings, fields: Fields, usual: Messages) -> CampaignSettings:
    """Return the settings with where the campaign pauses by itself."""
    spend = fields.read_optional_number("maxSpend", None, 0, 1e9)
    return replace(
        settings,
        max_spend_micros=None if spend is None else round(spend * MICROS),
        max_failure_percent=fields.read_optional_number("maxFailurePercent", usual.max_failure_percent, 0, 100),
    )
