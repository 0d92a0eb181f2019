"""What Twilio's list filters mean in its documentation; the description has only their names.

A filter whose name is a property compares with it. Dates of the first API are days in GMT.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.openapi.resources import Resource, snake
from twilio_bridge_local.vendors.twilio.openapi.routes import PAGING, Route

Test = Callable[[Resource], bool]
# Filters that bound a property of another name: https://www.twilio.com/docs/taskrouter/api/event,
# …/conversations/api/conversation-resource, …/usage/api/usage-record, …/voice/voice-insights/api
BOUNDS: Final[Mapping[tuple[str, str], Mapping[str, tuple[str, str]]]] = {
    ("taskrouter", "Events"): {"StartDate": (">", "event_date"), "EndDate": ("<", "event_date")},
    ("conversations", "Conversations"): {"StartDate": (">", "date_created"), "EndDate": ("<", "date_created")},
    ("api", "Daily.json"): {"StartDate": (">", "start_date"), "EndDate": ("<", "start_date")},
    ("insights", "Conferences"): {"CreatedAfter": (">", "create_time"), "CreatedBefore": ("<", "create_time")},
    ("insights", "Rooms"): {"CreatedAfter": (">", "create_time"), "CreatedBefore": ("<", "create_time")},
    ("insights", "Summaries"): {"StartTime": (">", "start_time"), "EndTime": ("<", "start_time")},
}
PARTIAL: Final = frozenset({"PhoneNumber", "ShortCode"})  # "You can specify partial numbers and use '*' as a wildcard"
INCLUSIVE: Final = frozenset({"DateSent"})  # "on and before a specific date"; of the others "before midnight"
DAY: Final = timedelta(days=1)
_UNITS: Final = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": DAY,
    "days": DAY,
    "w": timedelta(weeks=1),
}


def make_tests(route: Route, query: Sequence[tuple[str, str]]) -> list[Test]:
    """Return what a row has to pass; filters whose meaning is not a row's (`NearLatLong`) pass everything."""
    given: dict[str, list[str]] = {}
    for name, value in query:
        if name not in PAGING:
            given.setdefault(name, []).append(value)
    tests = [_make_test(route, name, values) for name, values in given.items()]
    return [test for test in tests if test is not None]


def _make_test(route: Route, name: str, values: list[str]) -> Test | None:
    bounds = BOUNDS.get((route.product, route.path.rpartition("/")[2]), {})
    if name in bounds:
        operator, key = bounds[name]
        return _compare_dates(operator, key, values[0], inclusive=True)
    plain = name.rstrip("<>")
    schema = route.row.get(snake(plain), {})
    if str(schema.get("format", "")).startswith("date"):
        return _compare_dates(name[len(plain) :], snake(plain), values[0], inclusive=plain in INCLUSIVE)
    if schema.get("type") in {"string", "integer", "boolean"}:
        return _compare_texts(plain, values)
    return None


def _compare_texts(name: str, values: list[str]) -> Test | None:
    key = snake(name)
    if name in PARTIAL:
        wanted = re.compile("[0-9]".join(map(re.escape, values[0].split("*"))))
        return lambda row: wanted.search(str(row.get(key))) is not None
    if name == "Beta":  # "whether to include"
        return None if values == ["true"] else lambda row: not row.get(key)
    kept = frozenset(values)
    return lambda row: _text(row.get(key)) in kept


def _text(value: Any) -> str:  # noqa: ANN401  a property
    return str(value).lower() if isinstance(value, bool) else str(value)


def _compare_dates(operator: str, key: str, value: str, *, inclusive: bool) -> Test:
    first = read_moment(value)
    end = first + DAY if len(value) == len("2026-11-20") else first + timedelta(seconds=1)
    if operator == "<":
        last = end if inclusive else first
        return lambda row: _holds(row.get(key), lambda at: at < last)
    if operator == ">":
        return lambda row: _holds(row.get(key), lambda at: at >= first)
    return lambda row: _holds(row.get(key), lambda at: first <= at < end)


def _holds(value: Any, test: Callable[[datetime], bool]) -> bool:  # noqa: ANN401  a property
    return isinstance(value, str) and test(_read_absolute(value))


def read_moment(text: str) -> datetime:
    """Return a moment of one of Twilio's forms; a day begins in GMT, `4h` and `-30days` are so long ago."""
    ago = re.fullmatch(r"[-+]?(\d+)(m|h|d|w|days)", text)
    return datetime.now(UTC) - int(ago[1]) * _UNITS[ago[2]] if ago else _read_absolute(text)


@lru_cache(maxsize=1 << 19)  # a list of many rows is asked for again and again
def _read_absolute(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    except ValueError:
        raise refusal(20001, f"{text!r} is no date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
