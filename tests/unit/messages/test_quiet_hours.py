"""Quiet hours: nobody is written to while a clock on any wall they may have shows a time outside the window."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sizes import size
from twilio_bridge.messages.quiet_hours import Opening, Window, find_next_opening

FIVE_MINUTES = timedelta(minutes=5)
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
)


def minutes_from(day: str, days: int) -> st.SearchStrategy[datetime]:
    first = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    return st.integers(0, days * 24 * 60).map(lambda minutes: first + timedelta(minutes=minutes))


MOMENTS = st.one_of(
    minutes_from("2026-01-01", 365),
    minutes_from("2026-03-27", 10),
    minutes_from("2026-10-03", 2),
    minutes_from("2026-10-23", 11),
)
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
WINDOWS = st.builds(Window, TIMES, TIMES, st.frozensets(st.integers(0, 6), min_size=1))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def is_inside(moment: datetime, zone: ZoneInfo, window: Window) -> bool:
    """Return what a clock on the wall says, worked out without the module."""
    local = moment.astimezone(zone)
    if window.opens < window.closes:
        return window.opens <= local.time() < window.closes and local.weekday() in window.days
    if local.time() >= window.opens:
        return local.weekday() in window.days
    return local.time() < window.closes and (local - timedelta(days=1)).weekday() in window.days


@pytest.mark.parametrize(
    ("after", "zones", "window", "begins", "ends"),
    [
        # An ordinary day, before, inside and after the window.
        ("2026-06-10T05:00+02:00", "Europe/Berlin", "09:00-20:00", "2026-06-10T09:00+02:00", "2026-06-10T20:00+02:00"),
        ("2026-06-10T12:34+02:00", "Europe/Berlin", "09:00-20:00", "2026-06-10T12:34+02:00", "2026-06-10T20:00+02:00"),
        ("2026-06-10T19:56+02:00", "Europe/Berlin", "09:00-20:00", "2026-06-11T09:00+02:00", "2026-06-11T20:00+02:00"),
        ("2026-06-10T20:00+02:00", "Europe/Berlin", "09:00-20:00", "2026-06-11T09:00+02:00", "2026-06-11T20:00+02:00"),
        # Several zones: the latest opening, the earliest closing.
        (
            "2026-06-10T00:00Z",
            "America/New_York America/Los_Angeles",
            "09:00-20:00",
            "2026-06-10T16:00Z",
            "2026-06-11T00:00Z",
        ),
        # Across midnight.
        ("2026-06-10T12:00+02:00", "Europe/Berlin", "22:00-02:00", "2026-06-10T22:00+02:00", "2026-06-11T02:00+02:00"),
        ("2026-06-11T01:30+02:00", "Europe/Berlin", "22:00-02:00", "2026-06-11T01:30+02:00", "2026-06-11T02:00+02:00"),
        # The whole day.
        ("2026-06-10T03:00+02:00", "Europe/Berlin", "00:00-00:00", "2026-06-10T03:00+02:00", "2026-06-11T00:00+02:00"),
        # Spring: 02:00 becomes 03:00 on 29 March, so that 02:30 is the jump.
        ("2026-03-29T00:00+01:00", "Europe/Berlin", "02:30-04:00", "2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"),
        ("2026-03-29T00:00+01:00", "Europe/Berlin", "01:00-02:30", "2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"),
        # Autumn: 03:00 becomes 02:00 on 25 October; it opens at the second 02:30 and closes at the first.
        ("2026-10-25T00:00+02:00", "Europe/Berlin", "02:30-04:00", "2026-10-25T02:30+01:00", "2026-10-25T04:00+01:00"),
        ("2026-10-25T00:00+02:00", "Europe/Berlin", "01:00-02:30", "2026-10-25T01:00+02:00", "2026-10-25T02:30+02:00"),
        # Half an hour is what Lord Howe Island moves its clocks by.
        (
            "2026-10-03T15:00Z",
            "Australia/Lord_Howe",
            "02:15-09:00",
            "2026-10-03T15:30Z",
            "2026-10-03T22:00Z",
        ),
    ],
)
def test_next_opening(after: str, zones: str, window: str, begins: str, ends: str) -> None:
    """The first stretch in which all clocks are inside the window."""
    opens, closes = map(time.fromisoformat, window.split("-"))
    found = find_next_opening(
        utc(after), [ZoneInfo(name) for name in zones.split()], Window(opens, closes), FIVE_MINUTES
    )

    assert found == Opening(utc(begins), utc(ends))


def test_weekdays() -> None:
    """No window opens on another weekday; one across midnight belongs to the day on which it opens."""
    berlin, weekdays = [ZoneInfo("Europe/Berlin")], frozenset(range(5))
    saturday = utc("2026-06-13T10:00+02:00")

    assert find_next_opening(saturday, berlin, Window(days=weekdays), FIVE_MINUTES) == Opening(
        utc("2026-06-15T09:00+02:00"), utc("2026-06-15T20:00+02:00")
    )
    late = Window(time(22), time(2), frozenset({4}))
    assert find_next_opening(utc("2026-06-13T01:00+02:00"), berlin, late, FIVE_MINUTES) == Opening(
        utc("2026-06-13T01:00+02:00"), utc("2026-06-13T02:00+02:00")
    )


def test_windows_that_never_meet() -> None:
    """Zones half a day apart have no common morning: there is no moment, and that is an answer."""
    zones = [ZoneInfo("Pacific/Honolulu"), ZoneInfo("Europe/Moscow")]

    assert find_next_opening(utc("2026-06-10T00:00Z"), zones, Window(time(9), time(11)), FIVE_MINUTES) is None


@pytest.mark.prove
@given(st.data())
def test_no_clock_is_outside(data: st.DataObject) -> None:
    """At the beginning, at the end and between, every zone's clock is inside; and nothing earlier would have done."""
    names = data.draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True))
    after, window = data.draw(MOMENTS), data.draw(WINDOWS)
    zones = [ZoneInfo(name) for name in names]
    found = find_next_opening(after, zones, window, FIVE_MINUTES)
    if found is None:
        return

    step = (found.ends - found.begins) / size(7, 97)
    moments = [found.begins + step * n for n in range(size(7, 97))] + [found.ends - timedelta(seconds=1)]

    assert found.begins >= after
    assert found.ends - found.begins >= FIVE_MINUTES
    assert all(is_inside(moment, zone, window) for moment in moments for zone in zones)
