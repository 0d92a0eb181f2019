"""Quiet hours by number: 40 numbers of 27 countries, in winter, in summer and across midnight.

Moments are UTC. The window is 09:00 to 20:00 in every zone of the number; it is 12:15 on Wednesday, 14 January 2026 and
15 July 2026. "+" is the next day; the expected times follow from the countries' own clocks.
"""

from datetime import UTC, datetime, time, timedelta

import pytest

from tests.unit.messages.test_quiet_hours import is_inside
from twilio_bridge.messages.quiet_hours import Opening, Window, find_next_opening
from twilio_bridge.messages.time_zones import find_zones

LONG_ENOUGH = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)
NEVER = "never"
NUMBERS = [
    # number, zones, in January, in July
    ("+4915112345678", 1, "12:15-19:00", "12:15-18:00"),  # Germany, mobile
    ("+4930123456", 1, "12:15-19:00", "12:15-18:00"),  # Berlin
    ("+447911123456", 4, "12:15-20:00", "12:15-19:00"),  # United Kingdom, mobile: with Jersey, Guernsey, Man
    ("+442079460000", 1, "12:15-20:00", "12:15-19:00"),  # London
    ("+353851234567", 3, "12:15-20:00", "12:15-19:00"),  # Ireland
    ("+33612345678", 1, "12:15-19:00", "12:15-18:00"),  # France
    ("+262692123456", 2, "12:15-16:00", "12:15-16:00"),  # Réunion (+4) and Mayotte (+3)
    ("+34612345678", 2, "12:15-19:00", "12:15-18:00"),  # Spain, mobile: with the Canary Islands
    ("+34911234567", 1, "12:15-19:00", "12:15-18:00"),  # Madrid
    ("+351912345678", 2, "12:15-20:00", "12:15-19:00"),  # Portugal, mobile: with the Azores
    ("+393123456789", 2, "12:15-19:00", "12:15-18:00"),  # Italy
    ("+31612345678", 1, "12:15-19:00", "12:15-18:00"),  # Netherlands
    ("+48512345678", 1, "12:15-19:00", "12:15-18:00"),  # Poland
    ("+41791234567", 1, "12:15-19:00", "12:15-18:00"),  # Switzerland
    ("+302101234567", 1, "12:15-18:00", "12:15-17:00"),  # Athens
    ("+905321234567", 1, "12:15-17:00", "12:15-17:00"),  # Turkey, +3 all year
    ("+74951234567", 1, "12:15-17:00", "12:15-17:00"),  # Moscow, +3 all year
    ("+79161234567", 16, "+07:00-+08:00", "+07:00-+08:00"),  # Russia, mobile: Kaliningrad (+2) to Kamchatka (+12)
    ("+212612345678", 1, "12:15-19:00", "12:15-19:00"),  # Morocco, +1 but in Ramadan
    ("+27821234567", 1, "12:15-18:00", "12:15-18:00"),  # South Africa
    ("+971501234567", 1, "12:15-16:00", "12:15-16:00"),  # Emirates
    ("+919812345678", 1, "12:15-14:30", "12:15-14:30"),  # India, +5:30
    ("+9779841234567", 1, "12:15-14:15", "12:15-14:15"),  # Nepal, +5:45
    ("+62215551234", 1, "12:15-13:00", "12:15-13:00"),  # Jakarta
    ("+8613812345678", 1, "+01:00-+12:00", "+01:00-+12:00"),  # China
    ("+819012345678", 1, "+00:00-+11:00", "+00:00-+11:00"),  # Japan
    ("+61280001234", 1, "22:00-+09:00", "23:00-+10:00"),  # Sydney: +11 in January, +10 in July
    ("+61412345678", 9, "+02:30-+09:00", "+02:30-+09:30"),  # Australia, mobile: Cocos (+6:30) to Sydney, Lord Howe
    ("+6433456789", 1, "20:00-+07:00", "21:00-+08:00"),  # New Zealand, +13 in January
    ("+64211234567", 2, "20:00-+06:15", "21:00-+07:15"),  # New Zealand, mobile: with Chatham, 45 minutes ahead
    ("+12125550100", 1, "14:00-+01:00", "13:00-+00:00"),  # New York
    ("+12135550100", 1, "17:00-+04:00", "16:00-+03:00"),  # Los Angeles
    ("+16025550100", 1, "16:00-+03:00", "16:00-+03:00"),  # Phoenix, without summer time
    ("+18085550100", 1, "19:00-+06:00", "19:00-+06:00"),  # Honolulu
    ("+18005550100", 42, "23:00-23:30", NEVER),  # toll-free: Guam's morning to Newfoundland's evening, half an hour
    ("+17095550100", 2, "13:00-23:30", "12:15-22:30"),  # Newfoundland (-3:30) with Labrador (-4)
    ("+525512345678", 1, "15:00-+02:00", "15:00-+02:00"),  # Mexico City, without summer time since 2022
    ("+5511961234567", 1, "12:15-23:00", "12:15-23:00"),  # São Paulo, without summer time since 2019
    ("+5592991234567", 1, "13:00-+00:00", "13:00-+00:00"),  # Manaus
    ("+56961234567", 3, "14:00-23:00", "15:00-23:00"),  # Chile: Easter Island (-5, -6) and Magallanes (-3)
]
CASES = [
    (number, zones, moment, opening)
    for number, zones, *openings in NUMBERS
    for moment, opening in zip(("2026-01-14T12:15", "2026-07-15T12:15"), openings, strict=True)
]


def opening_on(moment: datetime, text: str) -> Opening | None:
    """Return the stretch that a cell of the table names, on or after the day of a moment."""
    if text == NEVER:
        return None
    begins, ends = (
        datetime.combine(moment.date(), time.fromisoformat(part.removeprefix("+")), UTC)
        + timedelta(days=part.startswith("+"))
        for part in text.split("-")
    )
    return Opening(begins, ends)


@pytest.mark.parametrize(("number", "count", "at", "expected"), CASES)
def test_the_next_opening_of_a_number(number: str, count: int, at: str, expected: str) -> None:
    """All of its zones are open, and none of them was before."""
    moment, zones = datetime.fromisoformat(at).replace(tzinfo=UTC), find_zones(number)
    found = find_next_opening(moment, zones, Window(), LONG_ENOUGH)

    assert count == len(zones)
    assert opening_on(moment, expected) == found


@pytest.mark.parametrize("number", [number for number, *_ in NUMBERS])
@pytest.mark.parametrize(
    ("opens", "closes", "around"),
    [
        (time(9), time(20), "2026-03-28T20:00"),  # Europe's spring
        (time(22), time(6), "2026-03-28T20:00"),  # across midnight, and across the jump
        (time(22), time(6), "2026-10-31T20:00"),  # America's autumn
        (time(1, 30), time(3), "2026-10-03T12:00"),  # the hours in which Australia's and New Zealand's clocks move
    ],
)
def test_no_clock_of_a_number_is_outside(number: str, opens: time, closes: time, around: str) -> None:
    """Minute by minute: inside from the beginning to the end, and not once long enough before."""
    after, zones = datetime.fromisoformat(around).replace(tzinfo=UTC), find_zones(number)
    window = Window(opens, closes)
    found = find_next_opening(after, zones, window, LONG_ENOUGH)
    limit = found.begins if found else after + timedelta(days=3)

    def is_open(moment: datetime) -> bool:
        return all(is_inside(moment, zone, window) for zone in zones)

    earlier = [is_open(after + n * MINUTE) for n in range(int((limit - after) / MINUTE))]
    longest = max((len(stretch) for stretch in "".join("x" if each else " " for each in earlier).split()), default=0)
    assert longest < LONG_ENOUGH / MINUTE
    if found:
        assert all(is_open(found.begins + n * MINUTE) for n in range(int((found.ends - found.begins) / MINUTE)))
        assert found.ends - found.begins >= LONG_ENOUGH


def test_there_are_forty_numbers_of_twenty_countries() -> None:
    """As many as are promised."""
    assert len(NUMBERS) == len({number for number, *_ in NUMBERS}) == 40
