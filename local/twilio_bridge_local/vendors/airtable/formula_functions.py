"""The functions of Airtable's formulas that the stand-in knows, by name, for its parser.

Each takes values and returns one; those that need the record or must not compute every argument (IF, ISERROR,
RECORD_ID and the like) belong to the parser. https://support.airtable.com/docs/formula-field-reference
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

from twilio_bridge_local.vendors.airtable.formula_values import FormulaError, Value, number, text, time, truth

MANY = 10_000
"""For functions that take any number of arguments."""

# RE2, which Airtable uses, has neither; Python's engine would accept them. https://github.com/google/re2/wiki/Syntax
NOT_IN_RE2 = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?<?[=!]|\\[1-9])")
GROUP_REFERENCE = re.compile(r"\$(\d)")
UNITS: Mapping[str, timedelta] = MappingProxyType(
    {
        "seconds": timedelta(seconds=1),
        "minutes": timedelta(minutes=1),
        "hours": timedelta(hours=1),
        "days": timedelta(days=1),
        "weeks": timedelta(weeks=1),
    },
)
PRECISIONS: Mapping[str, int] = MappingProxyType(
    {"year": 4, "month": 7, "day": 10, "hour": 13, "minute": 16, "second": 19},
)


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes."""

    least: int
    most: int
    call: Callable[..., Value]


@lru_cache(maxsize=256)
def _pattern(regex: str) -> re.Pattern[str]:
    """A regular expression within what RE2 allows, with RE2's ASCII classes."""
    if NOT_IN_RE2.search(regex):
        raise FormulaError("the expression is none of RE2")
    try:
        return re.compile(regex, re.ASCII)
    except (re.error, RecursionError, OverflowError) as exc:
        raise FormulaError(str(exc)) from None


def _subject(value: Value) -> str:
    """What an expression is tried on: a blank or a number is an error, which `{cell}&""` avoids."""
    if isinstance(value, str):
        return value
    raise FormulaError("a regular expression needs text")


def _regex_replace(value: Value, regex: Value, replacement: Value) -> Value:
    new = text(replacement)

    def expand(found: re.Match[str]) -> str:
        groups = (found.group(0), *(group or "" for group in found.groups()))
        return GROUP_REFERENCE.sub(lambda r: (*groups, *[""] * 10)[int(r.group(1))], new)

    return _pattern(text(regex)).sub(expand, _subject(value))


def _regex_match(value: Value, regex: Value) -> Value:
    return _pattern(text(regex)).search(_subject(value)) is not None


def _regex_extract(value: Value, regex: Value) -> Value:
    found = _pattern(text(regex)).search(_subject(value))
    if found is None:
        raise FormulaError("nothing to extract")
    return found.group(1 if found.groups() else 0)


def _find(wanted: Value, where: Value, start: Value = 1) -> Value:
    return text(where).find(text(wanted), max(0, int(number(start)) - 1)) + 1


def _search(wanted: Value, where: Value, start: Value = 1) -> Value:
    """FIND that answers blank, and not 0, where there is nothing; and that ignores case."""
    return _find(text(wanted).lower(), text(where).lower(), start) or None


def _substitute(value: Value, old: Value, new: Value, index: Value = None) -> Value:
    parts = text(value).split(text(old)) if text(old) else [text(value)]
    if index is None:
        return text(new).join(parts)
    cut = int(number(index))
    if not 1 <= cut < len(parts):
        return text(value)
    return text(new).join((text(old).join(parts[:cut]), text(old).join(parts[cut:])))


def _to_number(value: Value) -> Value:
    """VALUE(): the number that a text holds, whatever else stands around it."""
    if not isinstance(value, str):
        return number(value)
    found = re.search(r"-?\d+(?:\.\d+)?", value.replace(",", ""))
    if found is None:
        raise FormulaError(f"{value!r} holds no number")
    return float(found.group())


def _is_same(one: Value, other: Value, unit: Value = "second") -> Value:
    precision = PRECISIONS.get(text(unit).removesuffix("s"), PRECISIONS["second"])
    return text(time(one))[:precision] == text(time(other))[:precision]


def _date_add(value: Value, count: Value, unit: Value) -> Value:
    if text(unit) not in UNITS:
        raise FormulaError(f"{unit!r} is no unit of time")
    try:
        return time(value) + number(count) * UNITS[text(unit)]
    except OverflowError:
        raise FormulaError("no such date") from None


def _middle(value: Value, start: Value, count: Value) -> Value:
    first = max(0, int(number(start)) - 1)
    return text(value)[first : first + max(0, int(number(count)))]


def _right(value: Value, count: Value) -> Value:
    wanted = max(0, int(number(count)))
    return text(value)[-wanted:] if wanted else ""


def _fail() -> Value:
    raise FormulaError("ERROR()")


def _date_time(value: Value, *_format_and_locale: Value) -> Value:
    return time(value)


def divide(left: Value, by: Value) -> float:
    """`/`: what is divided by zero has no order and counts as false."""
    return number(left) / number(by) if number(by) else math.nan


def _only_text(value: Value) -> Value:
    return value if isinstance(value, str) else None


def _exclusive_or(*values: Value) -> Value:
    return sum(map(truth, values)) % 2 == 1


def day_start(moment: datetime) -> datetime:
    """TODAY(), from a present moment."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "AND": Function(1, MANY, lambda *values: all(map(truth, values))),
        "BLANK": Function(0, 0, lambda: None),
        "CONCATENATE": Function(1, MANY, lambda *values: "".join(map(text, values))),
        "DATEADD": Function(3, 3, _date_add),
        "DATETIME_PARSE": Function(1, 3, _date_time),
        "ERROR": Function(0, 1, _fail),
        "FALSE": Function(0, 0, lambda: False),
        "FIND": Function(2, 3, _find),
        "IS_AFTER": Function(2, 2, lambda one, other: time(one) > time(other)),
        "IS_BEFORE": Function(2, 2, lambda one, other: time(one) < time(other)),
        "IS_SAME": Function(2, 3, _is_same),
        "LEFT": Function(2, 2, lambda value, count: text(value)[: max(0, int(number(count)))]),
        "LEN": Function(1, 1, lambda value: len(text(value))),
        "LOWER": Function(1, 1, lambda value: text(value).lower()),
        "MID": Function(3, 3, _middle),
        "NOT": Function(1, 1, lambda value: not truth(value)),
        "OR": Function(1, MANY, lambda *values: any(map(truth, values))),
        "REGEX_EXTRACT": Function(2, 2, _regex_extract),
        "REGEX_MATCH": Function(2, 2, _regex_match),
        "REGEX_REPLACE": Function(3, 3, _regex_replace),
        "RIGHT": Function(2, 2, _right),
        "SEARCH": Function(2, 3, _search),
        "SUBSTITUTE": Function(3, 4, _substitute),
        "T": Function(1, 1, _only_text),
        "TRIM": Function(1, 1, lambda value: text(value).strip()),
        "TRUE": Function(0, 0, lambda: True),
        "UPPER": Function(1, 1, lambda value: text(value).upper()),
        "VALUE": Function(1, 1, _to_number),
        "XOR": Function(1, MANY, _exclusive_or),
    },
)
