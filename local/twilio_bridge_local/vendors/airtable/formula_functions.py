"""The functions of Airtable's formulas that an adapter sends, by name, for the stand-in's parser.

Each takes values and returns one; RECORD_ID, which needs the record, belongs to the parser.
https://support.airtable.com/docs/formula-field-reference
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from twilio_bridge_local.vendors.airtable.formula_values import FormulaError, Value, number, text, time, truth

MANY = 10_000
"""For functions that take any number of arguments."""

# RE2, which Airtable uses, has neither; Python's engine would accept them. https://github.com/google/re2/wiki/Syntax
NOT_IN_RE2 = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?<?[=!]|\\[1-9])")
GROUP_REFERENCE = re.compile(r"\$(\d)")


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes."""

    min_count: int
    max_count: int
    call: Callable[..., Value]


@lru_cache(maxsize=256)
def _pattern(regex: str) -> re.Pattern[str]:
    """Return a regular expression within what RE2 allows, with RE2's ASCII classes."""
    if NOT_IN_RE2.search(regex):
        raise FormulaError("the expression is none of RE2")
    try:
        return re.compile(regex, re.ASCII)
    except (re.error, RecursionError, OverflowError) as exc:
        raise FormulaError(str(exc)) from None


def _subject(value: Value) -> str:
    """Return what an expression is tried on: a blank or a number is an error, which `{cell}&""` avoids."""
    if isinstance(value, str):
        return value
    raise FormulaError("a regular expression needs text")


def _regex_replace(value: Value, regex: Value, replacement: Value) -> Value:
    new = text(replacement)

    def expand(found: re.Match[str]) -> str:
        groups = (found.group(0), *(group or "" for group in found.groups()))
        return GROUP_REFERENCE.sub(lambda r: (*groups, *[""] * 10)[int(r.group(1))], new)

    return _pattern(text(regex)).sub(expand, _subject(value))


def _find(wanted: Value, where: Value, start: Value = 1) -> Value:
    """Return where a text begins in another one, counted from 1; 0 where it does not occur."""
    return text(where).find(text(wanted), max(0, int(number(start)) - 1)) + 1


def _substitute(value: Value, old: Value, new: Value) -> Value:
    """Return the text with each occurrence of the old text replaced."""
    return text(value).replace(text(old), text(new)) if text(old) else text(value)


def _date_time(value: Value, *_format_and_locale: Value) -> Value:
    return time(value)


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "AND": Function(1, MANY, lambda *values: all(map(truth, values))),
        "BLANK": Function(0, 0, lambda: None),
        "DATETIME_PARSE": Function(1, 3, _date_time),
        "FIND": Function(2, 3, _find),
        "IS_AFTER": Function(2, 2, lambda one, other: time(one) > time(other)),
        "LOWER": Function(1, 1, lambda value: text(value).lower()),
        "NOT": Function(1, 1, lambda value: not truth(value)),
        "OR": Function(1, MANY, lambda *values: any(map(truth, values))),
        "REGEX_REPLACE": Function(3, 3, _regex_replace),
        "SUBSTITUTE": Function(3, 3, _substitute),
        "TRIM": Function(1, 1, lambda value: text(value).strip()),
    },
)
