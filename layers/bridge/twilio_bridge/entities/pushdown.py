"""What a filter of Twilio's is given for a comparison in SQL, so that its answer holds every row that SQL wants.

Twilio's first API takes days where SQL compares moments, and its pages do not agree on which midnight they mean: a
bound is widened until every reading of it contains the rows. SQLite compares again afterwards.
https://www.twilio.com/docs/usage/twilios-response#response-formats-list-paging-information
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from twilio_bridge.entities.registry import Filter
from twilio_bridge.entities.values import Value, normalize_moment

SERVES: Final = {"=": ("=",), "<": ("<", "<=", "="), ">": (">", ">=", "=")}
"""Which of SQL's operators a filter's operator can serve."""
DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)
_BOOLEANS: Final = {"1": "true", "0": "false", "true": "true", "false": "false"}


def encode_filter(given: Filter, operator: str, value: Value) -> str | None:
    """Return what the filter is to be given for `column operator value`; None where that cannot be pushed down."""
    if value is None or value == "" or operator not in SERVES[given.operator]:
        return None
    encoded = _ENCODERS.get(given.type, _encode_text)(given, operator, value)
    if encoded is None or (given.values and encoded not in given.values):
        return None
    return encoded if re.search(given.pattern, encoded) else None


def _encode_text(_given: Filter, _operator: str, value: Value) -> str:
    return str(value)


def _encode_boolean(_given: Filter, _operator: str, value: Value) -> str | None:
    return _BOOLEANS.get(str(value).lower())


def _encode_integer(_given: Filter, _operator: str, value: Value) -> str | None:
    try:
        whole = int(str(value))
    except ValueError:
        return None
    return str(whole)


def _encode_moment(given: Filter, operator: str, value: Value) -> str | None:
    written = normalize_moment(str(value))
    if written is None:
        return None
    try:
        return _BOUNDS[given.operator](given, operator, datetime.fromisoformat(written))
    except OverflowError:  # the day after the last one
        return None


def _encode_equal(given: Filter, _operator: str, moment: datetime) -> str:
    return _day(moment) if given.day or given.type == "date" else _second(moment)


def _encode_upper(given: Filter, operator: str, moment: datetime) -> str:
    """Return a bound that no wanted row lies behind."""
    is_midnight = moment == _midnight(moment)
    if given.day == "midnight":
        return _day(moment if operator == "<" and is_midnight else moment + DAY)
    if not given.day:
        return _second(moment + 2 * SECOND)
    last = moment - DAY if operator == "<" and is_midnight else moment
    return f"{_day(last)}T23:59:59Z" if given.day == "bounds" else _day(last)


def _encode_lower(given: Filter, _operator: str, moment: datetime) -> str:
    """Return a bound that no wanted row lies before."""
    if not given.day:
        return _second(moment - SECOND)
    return f"{_day(moment)}T00:00:00Z" if given.day == "bounds" else _day(moment)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _second(moment: datetime) -> str:
    return f"{moment.replace(microsecond=0).isoformat()}Z"


_ENCODERS: Final[Mapping[str, Callable[[Filter, str, Value], str | None]]] = {
    "boolean": _encode_boolean,
    "integer": _encode_integer,
    "datetime": _encode_moment,
    "date": _encode_moment,
}
_BOUNDS: Final[Mapping[str, Callable[[Filter, str, datetime], str]]] = {
    "=": _encode_equal,
    "<": _encode_upper,
    ">": _encode_lower,
}
