"""The request for a campaign, read into settings; all its faults are found at once, before anybody else is asked.

docs/messages.md has the fields.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.config.messages import DAYS, SendingHours
from twilio_bridge.errors import BadRequestError
from twilio_bridge.messages.campaign import CampaignSettings, Channel, Sender, Source, WriteBack
from twilio_bridge.messages.planning.pricing import MICROS
from twilio_bridge.messages.planning.request_fields import Fields
from twilio_bridge.messages.quiet_hours import Window
from twilio_bridge.messages.texts.composing import list_placeholders

MAX_INLINE_ROWS_COUNT = 10_000
MAX_MEDIA_COUNT = 10
MAX_SETTINGS_BYTES = 100_000  # they have to fit a DynamoDB item
# https://www.twilio.com/docs/messaging/features/message-scheduling
MIN_SCHEDULE_S, MAX_SCHEDULE = 300, timedelta(days=35)
CAMPAIGN_ID = r"[A-Za-z0-9][A-Za-z0-9-]{0,63}"
SENDER_NUMBER = r"(whatsapp:)?\+[1-9][0-9]{6,14}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
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
class Defaults:
    """What holds where the request does not say otherwise: the configuration, and the usual senders' numbers."""

    config: schema.Config
    sms_number: str = ""
    whatsapp_number: str = ""


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
    messages = defaults.config.messages
    source, rows = _read_source(fields)
    channel: Channel = "whatsapp" if fields.read_choice("channel", ("sms", "whatsapp"), "sms") == "whatsapp" else "sms"

    settings = CampaignSettings(
        id=_read_id(fields),
        fingerprint=_make_fingerprint(body),
        source=source,
        sender=_read_sender(fields, channel, defaults),
        text=fields.read_text("text"),
        content_sid=fields.read_text("contentSid", "", r"HX[0-9a-fA-F]{32}", "HX and 32 hexadecimal digits"),
        content_variables=fields.read_texts("contentVariables"),
        media=fields.read_list("media"),
        columns=fields.read_texts("fields"),
        to_column=fields.read_text("to", "to") or "to",
        channel=channel,
        region=_read_region(fields, defaults.config.contacts.region),
        starts_at=_read_start(fields, now),
        is_scheduled_at_twilio=fields.read_flag("scheduleAtTwilio"),
        window=_read_window(fields, messages.sending_hours),
        timezone=_read_timezone(fields, messages.timezone),
        validity_s=int(fields.read_number("validityS", messages.validity_s, 1, 36_000)),
        rate_per_s=fields.read_number("ratePerS", messages.rate_per_s, 0.01, 1_000, is_whole=False),
        retry_interval_ms=int(fields.read_number("retryIntervalMs", messages.retry_interval_ms, 1_000, 3_600_000)),
        retry_attempts=int(fields.read_number("retryAttempts", messages.retry_attempts, 0, 1_000)),
        max_spend_micros=_read_spend(fields),
        max_failure_percent=_read_percent(fields, messages.max_failure_percent),
        blocked_countries=_read_countries(fields) | frozenset(messages.blocked_countries),
        test_to=_read_test_number(fields, defaults.config.contacts.region),
        write_back=_read_write_back(fields),
        max_placeholders=messages.max_placeholders,
        currency=messages.currency,
    )

    is_dry_run, page_token = fields.read_flag("dryRun"), fields.read_text("pageToken")
    page_size = int(fields.read_number("pageSize", 100, 1, 1_000))
    _check_together(fields, settings)
    return CampaignRequest(settings, rows, tuple(fields.faults), is_dry_run, page_size, page_token)


def _read_id(fields: Fields) -> str:
    given = fields.read_text("id", "", CAMPAIGN_ID, "1 to 64 letters, digits and hyphens")
    if "id" not in fields.values and not fields.values.get("dryRun"):
        fields.refuse("id", "is missing; name the campaign, so that the same request again sends nothing twice")
    return given or "dry-run"


def _make_fingerprint(body: Mapping[str, Any]) -> str:
    same = {name: value for name, value in body.items() if name not in OF_THE_CALL}
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def _read_source(fields: Fields) -> tuple[Source, tuple[Mapping[str, Any], ...] | None]:
    own = fields.read_object("source")
    own.check_names(("rows", "s3", "format", "encoding", "delimiter", "airtable"))
    kinds = [kind for kind in ("rows", "s3", "airtable") if own.values.get(kind) is not None]
    if len(kinds) != 1:
        fields.refuse("source", "is to have one of rows, s3 and airtable")
        return Source(kind="jsonl"), None

    if kinds == ["rows"]:
        return Source(kind="jsonl"), _read_rows(own)
    return (_read_airtable(own) if kinds == ["airtable"] else _read_s3(own)), None


def _read_rows(own: Fields) -> tuple[Mapping[str, Any], ...]:
    rows = own.values["rows"]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        own.refuse("rows", "is to be a list of objects, one a person")
        return ()
    if len(rows) > MAX_INLINE_ROWS_COUNT:
        own.refuse("rows", f"has {len(rows):,}, and {MAX_INLINE_ROWS_COUNT:,} are allowed; put them into S3")
        return ()
    return tuple(rows)


def _read_s3(own: Fields) -> Source:
    address = own.read_text("s3", "", r"s3://[a-z0-9.-]{3,63}/.+", "s3://<bucket>/<key>")
    bucket, _, key = address.removeprefix("s3://").partition("/")
    by_name = "csv" if key.lower().endswith((".csv", ".tsv", ".txt")) else "jsonl"
    kind = own.read_choice("format", ("csv", "jsonl"), by_name)
    delimiter = own.read_text("delimiter")
    if len(delimiter) > 1 or delimiter in {'"', "\n", "\r"}:
        own.refuse("delimiter", "is to be one character")
    encoding = own.read_choice("encoding", ("", "utf-8", "utf-16", "cp1252", "iso-8859-15"), "")
    is_csv = kind == "csv"
    return Source(kind="csv" if is_csv else "jsonl", bucket=bucket, key=key, encoding=encoding, delimiter=delimiter)


def _read_airtable(own: Fields) -> Source:
    place = own.read_object("airtable")
    place.check_names(("table", "view"))
    table = place.read_text("table")
    if not table:
        place.refuse("table", "is missing; name the table, or give its id")
    return Source(kind="airtable", table=table, view=place.read_text("view"))


def _read_sender(fields: Fields, channel: Channel, defaults: Defaults) -> Sender:
    own = fields.read_object("sender")
    own.check_names(("number", "countries", "messagingServiceSid"))
    number = own.read_text("number", "", SENDER_NUMBER, "a number in E.164 form, such as +14155550100")
    service = own.read_text("messagingServiceSid", "", r"MG[0-9a-fA-F]{32}", "MG and 32 hexadecimal digits")
    countries = own.read_texts("countries")

    for prefix, each in countries.items():
        if (
            not phone.E164.fullmatch(phone.strip_channel(each))
            or not prefix.startswith("+")
            or not prefix[1:].isdigit()
        ):
            own.refuse("countries", f"{prefix[:16]} is to be the beginning of numbers, with a sender's number, E.164")
    if service and (number or countries):
        fields.refuse("sender", "is to have either messagingServiceSid, or number and countries")
    if own.values:
        return _as_sender(number, countries, service)

    configured = defaults.config.senders.countries
    own_numbers = {prefix: getattr(sender, channel) for prefix, sender in configured.items()}
    usual = defaults.whatsapp_number if channel == "whatsapp" else defaults.sms_number
    known = {prefix: each for prefix, each in own_numbers.items() if each}
    if not usual and not known:
        fields.refuse("sender", "is missing; name a number, numbers by country, or a Messaging Service")
    return _as_sender(usual, known, "")


def _as_sender(number: str, countries: Mapping[str, str], service: str) -> Sender:
    """Return a sender with bare numbers; the channel is put before them once one is chosen."""
    bare = {prefix: phone.strip_channel(each) for prefix, each in countries.items()}
    return Sender(number=phone.strip_channel(number), countries=bare, messaging_service_sid=service)


def _read_region(fields: Fields, default: str) -> str:
    region = fields.read_text("region", default, r"[A-Z]{2}", "a country's two letters, such as DE")
    if region:
        from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415  its metadata is needed only where one is named

        if region not in SUPPORTED_REGIONS:
            fields.refuse("region", "no country has this code")
            return ""
    return region


def _read_start(fields: Fields, now: datetime) -> int:
    """Return when the campaign begins (epoch ms), 0 for at once."""
    given = fields.values.get("sendAt")
    if given is None:
        return 0
    try:
        moment = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        fields.refuse("sendAt", "is to be a time with its offset, such as 2026-12-01T09:00:00+01:00")
        return 0
    if moment < now:
        fields.refuse("sendAt", "is in the past")
    elif moment > now + MAX_SCHEDULE:
        fields.refuse("sendAt", "is more than 35 days ahead")
    return int(moment.timestamp() * 1000)


def _read_window(fields: Fields, default: SendingHours | None) -> Window | None:
    """Return when people may be written to; None where that is always."""
    if fields.values.get("sendingHours") is None:
        if "sendingHours" in fields.values or default is None:
            return None
        return _as_window(default.opens, default.closes, default.days)

    own = fields.read_object("sendingHours")
    own.check_names(("opens", "closes", "days"))
    form = "a time such as 09:00"
    opens, closes = (
        own.read_text(name, usual, CLOCK, form) for name, usual in (("opens", "09:00"), ("closes", "20:00"))
    )
    days = own.read_list("days") or DAYS
    if not set(days) <= set(DAYS):
        own.refuse("days", f"is to be a list of {', '.join(DAYS)}")
        days = DAYS
    return _as_window(opens, closes, days)


def _as_window(opens: str, closes: str, days: Sequence[str]) -> Window:
    return Window(time.fromisoformat(opens), time.fromisoformat(closes), frozenset(map(DAYS.index, days)))


def _read_timezone(fields: Fields, default: str) -> str:
    name = fields.read_text("timezone", default)
    from zoneinfo import ZoneInfo  # noqa: PLC0415  its data is wanted only where a zone is named

    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        fields.refuse("timezone", "no zone of IANA's has this name; write for instance Europe/Berlin")
        return default
    return name


def _read_spend(fields: Fields) -> int | None:
    if fields.values.get("maxSpend") is None:
        return None
    return round(fields.read_number("maxSpend", 0, 0, 1e9, is_whole=False) * MICROS)


def _read_percent(fields: Fields, default: float | None) -> float | None:
    if fields.values.get("maxFailurePercent") is None:
        return None if "maxFailurePercent" in fields.values else default
    return fields.read_number("maxFailurePercent", 100, 0, 100, is_whole=False)


def _read_countries(fields: Fields) -> frozenset[str]:
    countries = fields.read_list("blockedCountries")
    if any(len(country) != 2 or not country.isupper() for country in countries):  # noqa: PLR2004
        fields.refuse("blockedCountries", "is to be a list of countries' two letters, such as US")
    return frozenset(countries)


def _read_test_number(fields: Fields, region: str) -> str:
    given = fields.read_text("testTo")
    number = phone.parse_number(given, fields.values.get("region") or region or None) if given else ""
    if number is None:
        fields.refuse("testTo", "is to be one number, in E.164 form or by region")
    return number or ""


def _read_write_back(fields: Fields) -> WriteBack:
    given = fields.read_choice("writeBack", ("", "airtable", "brevo"), "")
    choices: dict[str, WriteBack] = {"airtable": "airtable", "brevo": "brevo"}
    return choices.get(given, "")


def _check_together(fields: Fields, settings: CampaignSettings) -> None:
    """Refuse what each by itself is right, and not together."""
    if bool(settings.text.strip()) == bool(settings.content_sid):
        fields.refuse("text", "is to be given, or contentSid in its place")
    if settings.content_variables and not settings.content_sid:
        fields.refuse("contentVariables", "belong to a contentSid")
    if len(settings.media) > MAX_MEDIA_COUNT:
        fields.refuse("media", f"has {len(settings.media)} addresses, {MAX_MEDIA_COUNT} are allowed")
    if any(not address.startswith(("https://", "http://", "<")) for address in settings.media):
        fields.refuse("media", "is to be a list of http or https addresses")
    if settings.is_scheduled_at_twilio and not settings.sender.messaging_service_sid:
        fields.refuse("scheduleAtTwilio", "wants a Messaging Service: Twilio's SendAt needs one")
    if settings.write_back == "airtable" and settings.source.kind != "airtable":
        fields.refuse("writeBack", "airtable needs an Airtable view as the source")
    size = len(json.dumps({name: value for name, value in fields.values.items() if name != "source"}))
    if size > MAX_SETTINGS_BYTES:
        fields.refuse("text", f"and the rest of the request have {size:,} bytes, {MAX_SETTINGS_BYTES:,} are allowed")
    _check_placeholders(fields, settings)


def _check_placeholders(fields: Fields, settings: CampaignSettings) -> None:
    names = list_placeholders([settings.text, *settings.content_variables.values(), *settings.media])
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
    for name in list_placeholders([settings.text, *settings.content_variables.values(), *settings.media]):
        column = settings.columns.get(name, name)
        if column not in columns:
            faults.append(f"fields: the source has no column {column} for <{name}>; its columns are {listed}")

    return faults
