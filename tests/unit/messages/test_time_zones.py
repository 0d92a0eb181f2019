"""The zones of a number are libphonenumber's, with its countries' own clocks; where none is known there is none."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import resources
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from twilio_bridge.messages.time_zones import _names_of, find_zones


@pytest.mark.parametrize(
    ("number", "count", "one_of_them"),
    [
        ("+4915112345678", 1, "Europe/Berlin"),
        ("+447911123456", 4, "Europe/London"),
        ("+61412345678", 9, "Australia/Perth"),
        ("+79161234567", 16, "Asia/Kamchatka"),
        ("+18005550100", 42, "America/St_Johns"),  # toll-free: the whole of North America
        ("+12125550100", 1, "America/New_York"),
        ("+5511961234567", 1, "America/Sao_Paulo"),
        ("+33612345678", 1, "Europe/Paris"),
        ("+9779841234567", 1, "Asia/Katmandu"),
    ],
)
def test_zones(number: str, count: int, one_of_them: str) -> None:
    """As many zones as the number may be in."""
    names = [zone.key for zone in find_zones(number)]

    assert len(names) == count
    assert one_of_them in names


@pytest.mark.parametrize("number", ["+881612345678", "+999", "", "kim@example.com", "whatsapp:+49", "+49"])
def test_no_zone(number: str) -> None:
    """A satellite phone, and what is no number, has no zone."""
    assert find_zones(number) == ()


# China's clocks are Beijing's by law, Ukraine's numbers are not those of Crimea, and a weather station has no phones.
NOBODY_S = {"Asia/Urumqi", "Europe/Simferopol", "America/Danmarkshavn"}


def clocks(zones: Iterable[str]) -> set[tuple[object, ...]]:
    """Return what clocks show in zones in winter and in summer, as differences from UTC."""
    moments = [datetime(2026, month, 15, 12, tzinfo=UTC) for month in (1, 7)]
    return {tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in moments) for zone in zones}


def zones_by_country() -> dict[str, set[str]]:
    """Return the time zone database's own zones of each country."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text().splitlines():
        if not line.startswith("#"):
            country, _place, zone, *_ = line.split("\t")
            found[country].add(zone)
    return found


def test_no_country_s_clock_is_missing() -> None:
    """Every clock that hangs in a country of a calling code is among those that its numbers may be in."""
    own = zones_by_country()
    missing = {}
    for code in phonenumbers.supported_calling_codes():
        real = set().union(*[own[region] for region in phonenumbers.region_codes_for_country_code(code)]) - NOBODY_S
        missing[code] = clocks(real) - clocks(_names_of(str(code)))

    assert {} == {code: clocks for code, clocks in missing.items() if clocks}


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+212612345678", "Africa/Casablanca"),
        ("+213551234567", "Africa/Algiers"),
        ("+50581234567", "America/Managua"),
        ("+74012123456", "Europe/Kaliningrad"),
        ("+78452123456", "Europe/Saratov"),
    ],
)
def test_a_country_has_its_own_clock_and_no_neighbour_s(number: str, zone: str) -> None:
    """Where libphonenumber names a neighbour whose clock shows another time."""
    assert [zone] == [each.key for each in find_zones(number)]
