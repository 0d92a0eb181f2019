"""Resources as the description shapes them: samples, and what a create or an update makes of one."""

import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from twilio_bridge_local.vendors.twilio.openapi.routes import Json

Resource = dict[str, Any]
# Texts at Twilio that are numbers: https://www.twilio.com/docs/voice/api/call-resource, …/docs/messaging/api
NUMERIC_TEXTS: Final[Mapping[str, str]] = {
    "balance": "20.5",
    "count": "3",
    "duration": "12",
    "num_media": "0",
    "num_segments": "1",
    "price": "-0.00750",
    "queue_time": "1000",
    "usage": "3",
}
# Texts at Twilio that hold JSON.
JSON_TEXTS: Final[Mapping[str, str]] = {"addons": "{}", "attributes": "{}"}
_FIXED: Final[Mapping[str, str]] = {
    "currency": "USD",
    "http-method": "POST",
    "iso-country-code": "US",
    "uri": "https://example.com/",
}
_PREFIX: Final = re.compile(r"\^\(?([A-Z]{2})")


def snake(name: str) -> str:
    """Return a parameter's name as answers write it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def sample(properties: Mapping[str, Json], number: int, at: datetime) -> Resource:
    """Return a resource with a value for every property: another one for each number."""
    return {name: _sample_value(name, schema, number, at) for name, schema in properties.items()}


def new_sid(schema: Json, number: int) -> str:
    """Return a SID such as the pattern wants."""
    match = _PREFIX.match(str(schema.get("pattern", "")))
    return f"{match[1] if match else 'ZZ'}{number:032x}"


def _sample_value(name: str, schema: Json, number: int, at: datetime) -> Any:  # noqa: ANN401  any JSON
    kind = schema.get("type")
    if kind == "string":
        return _sample_text(name, schema, number, at)
    others: dict[Any, Any] = {"integer": number, "number": number / 2, "boolean": number % 2 == 0, "array": []}
    return others.get(kind, {} if kind == "object" else None)


def _sample_text(name: str, schema: Json, number: int, at: datetime) -> str:
    form = schema.get("format", "")
    if schema.get("enum"):
        return str(schema["enum"][number % len(schema["enum"])])
    if "{32}" in schema.get("pattern", ""):  # a SID's
        return new_sid(schema, number + (zlib.crc32(name.encode()) << 32 if name != "sid" else 0))
    if form in {"date", "date-time", "date-time-rfc-2822"}:
        return write_date(form, at - timedelta(minutes=number))
    if form == "phone-number":
        return f"+1555555{number % 10_000:04}"
    return _FIXED.get(form) or NUMERIC_TEXTS.get(name) or JSON_TEXTS.get(name) or f"{name} {number}"


def write_date(form: str, at: datetime) -> str:
    """Return a moment as this property writes it."""
    if form == "date-time-rfc-2822":
        return format_datetime(at)
    return at.date().isoformat() if form == "date" else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def put_values(resource: Resource, properties: Mapping[str, Json], values: Iterable[tuple[str, str]]) -> Resource:
    """Return a resource with the values of a form, each as its property is typed."""
    put: Resource = {}
    for name, value in values:
        schema = properties.get(snake(name))
        if schema is not None:
            put[snake(name)] = _typed(value, schema, put.get(snake(name)))
    return {**resource, **put}


def _typed(value: str, schema: Json, before: Any) -> Any:  # noqa: ANN401  any JSON
    kind = schema.get("type")
    if kind == "integer":
        return int(value)
    if kind == "boolean":
        return value == "true"
    if kind == "array":
        return [*(before or []), *(value.split(",") if not before else [value])]
    return value


def touch(resource: Resource, properties: Mapping[str, Json], names: Iterable[str], at: datetime) -> Resource:
    """Return a resource with these dates set to a moment, where it has them."""
    dates = {name: write_date(properties[name].get("format", "date-time"), at) for name in names if name in properties}
    return {**resource, **dates}


def now() -> datetime:
    """Return the present second."""
    return datetime.now(UTC).replace(microsecond=0)
