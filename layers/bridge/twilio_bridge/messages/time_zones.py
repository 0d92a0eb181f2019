"""The time zones that a number may be in, by libphonenumber's table of prefixes (tools/time_zones.py makes it)."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers

TABLE = Path(__file__).with_name("time_zones.json")


def find_zones(number: str) -> tuple[ZoneInfo, ...]:
    """Return the zones of an E.164 number; empty where none is known, as for satellite phones.

    A number that no place gives away, a toll-free one for instance, has the zones of its whole country.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()

    kind, country = phonenumbers.number_type(parsed), parsed.country_code or 0
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        return ()

    is_local = phonenumbers.is_number_type_geographical(kind, country)
    code = str(country)
    digits = code + phonenumbers.national_significant_number(parsed) if is_local else code
    return tuple(map(_zone, _names_of(digits)))


def _names_of(digits: str) -> Sequence[str]:
    """Return the zones of the longest prefix that the table has."""
    names, prefixes = _table()
    found = next((prefixes[digits[:end]] for end in range(len(digits), 0, -1) if digits[:end] in prefixes), ())
    return [names[number] for number in found]


@cache
def _table() -> tuple[Sequence[str], Mapping[str, Sequence[int]]]:
    table = json.loads(TABLE.read_text())
    return table["zones"], table["prefixes"]


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
