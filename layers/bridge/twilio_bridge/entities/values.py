"""Twilio's values as SQL's and back: one reader and one writer a type.

In SQL a moment is text in SQLite's own form (`2026-11-29 10:00:00`, UTC), so that `datetime('now', '-7 days')` compares
with it; a boolean is 1 or 0, an object its JSON text. In answers a moment is ISO 8601 with Z, a boolean a boolean.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final

Value = str | int | float | None
"""What a column holds in SQL."""

SQL_TYPES: Final[Mapping[str, str]] = {
    # The affinity follows from the name: TEXT in it, or a year alone ('2026') would be compared as a number.
    "text": "TEXT",
    "integer": "INTEGER",
    "number": "REAL",
    "boolean": "BOOLEAN",
    "datetime": "TEXT DATETIME COLLATE MOMENT",
    "date": "TEXT DATE COLLATE MOMENT",
    "json": "TEXT JSON",
}
_MONTHS: Final = {
    name: f"{number:02}"
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE | re.ASCII
)
_SECONDS_LENGTH: Final = len("2026-11-29 10:00:00")
_TRUE: Final = {"true": 1, "false": 0, "1": 1, "0": 0}
_MAX_INTEGER: Final = 2**63  # SQLite's integers are smaller


def read_datetime(raw: object) -> Value:
    """Return a moment of Twilio's (RFC 2822 or ISO 8601) in SQLite's form; what is no moment stays as it is."""
    if not isinstance(raw, str) or not raw:
        return None if raw is None or raw == "" else _read_text(raw)
    if raw[10:11] == "T" and raw[19:] == "Z":
        return f"{raw[:10]} {raw[11:19]}"
    if (
        raw[26:] == "+0000" and raw[8:11] in _MONTHS and raw[3:5] == ", "
    ):  # slicing: email.utils takes six times as long
        return f"{raw[12:16]}-{_MONTHS[raw[8:11]]}-{raw[5:7]} {raw[17:25]}"
    return normalize_moment(raw) or _read_rfc_2822(raw) or mend_text(raw)


def _read_rfc_2822(raw: str) -> str | None:
    try:
        moment = parsedate_to_datetime(raw)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        return moment.replace(tzinfo=None).isoformat(" ", timespec="seconds")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def normalize_moment(text: str) -> str | None:
    """Return an ISO date or moment in SQLite's form, UTC where it names no zone; None where it is none."""
    found = _MOMENT.fullmatch(text.strip())
    if not found:
        return None
    day, clock, zone = found.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{_zone(zone)}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    written = moment.replace(tzinfo=None).isoformat(" ", timespec="microseconds")
    return written.rstrip("0").rstrip(".") if moment.microsecond else written[:_SECONDS_LENGTH]


def _zone(zone: str | None) -> str:
    if not zone or zone in "Zz":
        return "+00:00"
    return zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"


def is_bare_date(text: str) -> bool:
    """Return whether this is a day without a time."""
    return len(text.strip()) == len("2026-11-29") and normalize_moment(text) is not None


def compare_moments(left: str, right: str) -> int:
    """Order two moments, whatever ISO form each is written in; the collation of columns that hold moments."""
    left_key, right_key = _sort_key(left), _sort_key(right)
    return (left_key > right_key) - (left_key < right_key)


def _sort_key(text: str) -> str:
    return text if len(text) == _SECONDS_LENGTH and text[10] == " " else _normalized(text)


@lru_cache(maxsize=256)  # a statement compares all its rows with the same few
def _normalized(text: str) -> str:
    return normalize_moment(text) or text


def mend_text(text: str) -> str:
    """Return a text that can be written: half a character (a lone surrogate) becomes the sign for what is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _read_text(raw: object) -> Value:
    if raw is None or isinstance(raw, str):
        return raw if raw is None else mend_text(raw)
    return _dump(raw) if isinstance(raw, dict | list | bool) else str(raw)


def _read_integer(raw: object) -> Value:
    if raw is None or raw == "":
        return None
    try:
        whole = int(raw) if isinstance(raw, int) else int(str(raw))
    except ValueError:
        return _read_number(raw)
    return whole if -_MAX_INTEGER <= whole < _MAX_INTEGER else _read_number(whole)


def _read_number(raw: object) -> Value:
    if raw is None or raw == "":
        return None
    try:
        number = float(str(raw))
    except ValueError:
        return _read_text(raw)
    return number if math.isfinite(number) else _read_text(raw)  # JSON has neither NaN nor infinity


def _read_boolean(raw: object) -> Value:
    if raw is None or isinstance(raw, bool):
        return raw if raw is None else int(raw)
    return _TRUE.get(str(raw).lower(), _read_text(raw))


def _read_date(raw: object) -> Value:
    moment = read_datetime(raw)
    return moment[:10] if isinstance(moment, str) and normalize_moment(moment) else moment


def _read_json(raw: object) -> Value:
    if raw is None or isinstance(raw, str):
        return raw if raw is None else mend_text(raw)
    return _dump(raw)


def _dump(raw: object) -> str:
    return mend_text(json.dumps(raw, ensure_ascii=False, separators=(",", ":")))


READERS: Final[Mapping[str, Callable[[object], Value]]] = {
    "text": _read_text,
    "integer": _read_integer,
    "number": _read_number,
    "boolean": _read_boolean,
    "datetime": read_datetime,
    "date": _read_date,
    "json": _read_json,
}
"""From Twilio's JSON to SQL, by a column's type."""


def write_result(value: object) -> Value:
    """Return a statement's value as JSON can hold it: bytes in hexadecimal, infinity as SQLite writes it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return value if value is None or isinstance(value, str | int | float) else str(value)


def write_json(kind: str, value: Value) -> object:
    """Return a column's SQL value as it stands in an answer."""
    if kind == "boolean" and value in (0, 1):
        return bool(value)
    if kind == "datetime" and isinstance(value, str) and (moment := normalize_moment(value)):
        return f"{moment.replace(' ', 'T')}Z"
    if kind == "json" and isinstance(value, str) and value[:1] in {"{", "["}:
        return _load(value)
    return value


def _load(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
