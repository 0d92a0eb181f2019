"""Parts of a request that are more than one field's form: where the rows stand, the sender, and when.

What is wrong is collected in the fields; what is returned then is something that can be read on with.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.config.messages import DAYS, SendingHours
from twilio_bridge.messages.campaign import Channel, Sender, Source
from twilio_bridge.messages.planning.request_fields import Fields
from twilio_bridge.messages.quiet_hours import Window

MAX_INLINE_ROWS_COUNT = 10_000
# https://www.twilio.com/docs/messaging/features/message-scheduling
MAX_SCHEDULE = timedelta(days=35)
SENDER_NUMBER = r"(whatsapp:)?\+[1-9][0-9]{6,14}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where the request names nothing: the configuration, and the usual senders' numbers."""

    config: schema.Config
    sms_number: str = ""
    whatsapp_number: str = ""


def read_source(fields: Fields) -> tuple[Source, tuple[Mapping[str, Any], ...] | None]:
    """Return where the rows stand, and those that came along; None where they stand elsewhere."""
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


def read_sender(fields: Fields, channel: Channel, defaults: Defaults) -> Sender:
    """Return the sender that is named, else the configured ones of the channel."""
    own = fields.read_object("sender")
    own.check_names(("number", "countries", "messagingServiceSid"))
    number = own.read_text("number", "", SENDER_NUMBER, "a number in E.164 form, such as +14155550100")
    service = own.read_text("messagingServiceSid", "", r"MG[0-9a-fA-F]{32}", "MG and 32 hexadecimal digits")
    countries = own.read_texts("countries")

    for prefix, each in countries.items():
        is_number = phone.E164.fullmatch(phone.strip_channel(each))
        if not is_number or not re.fullmatch(r"\+[0-9]+", prefix):
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


def read_start(fields: Fields, now: datetime) -> int:
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


def read_hours(fields: Fields, default: SendingHours | None) -> Window | None:
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


def read_region(fields: Fields, default: str) -> str:
    """Return the country of numbers without a country code, empty for none."""
    region = fields.read_text("region", default, r"[A-Z]{2}", "a country's two letters, such as DE")
    if region:
        from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415  its metadata is needed only where one is named

        if region not in SUPPORTED_REGIONS:
            fields.refuse("region", "no country has this code")
            return ""
    return region


def read_timezone(fields: Fields, default: str) -> str:
    """Return the zone of numbers without a known one."""
    name = fields.read_text("timezone", default)
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        fields.refuse("timezone", "no zone of IANA's has this name; write for instance Europe/Berlin")
        return default
    return name


def read_test_number(fields: Fields, region: str) -> str:
    """Return the number that a test goes to, empty for none."""
    given = fields.read_text("testTo")
    number = phone.parse_number(given, region or None) if given else ""
    if number is None:
        fields.refuse("testTo", "is to be one number, in E.164 form or by region")
    return number or ""
