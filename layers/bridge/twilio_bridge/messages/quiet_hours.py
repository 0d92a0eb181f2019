"""When a person may be written to: only while it is inside the window in every time zone that their number may be in.

All moments are aware datetimes in UTC. A window may cross midnight; it then belongs to the day on which it opens. Local
times are the wall clock's. What opens or closes in the hour that spring skips does so at the jump; of the hour that
comes twice in autumn, a window opens at the second and closes at the first. So no clock ever shows a time outside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
# After that many days without a common moment there is none: a week repeats itself, and so do two clock changes.
MAX_SEARCH = timedelta(days=15)
EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Window:
    """The local times between which messages may be sent, and the weekdays on which it opens (Monday is 0).

    `opens` is inside, `closes` is not. Equal times mean the whole day.
    """

    opens: time = time(9)
    closes: time = time(20)
    days: frozenset[int] = field(default=EVERY_DAY)


@dataclass(frozen=True, slots=True)
class Opening:
    """One stretch of time in which sending is allowed: from a moment to just before another."""

    begins: datetime
    ends: datetime


def find_next_opening(
    after: datetime, zones: Sequence[ZoneInfo], window: Window, at_least: timedelta
) -> Opening | None:
    """Return the first stretch, from `after` on, in which the window is open in every zone for `at_least` that long.

    None where the zones' windows never meet for that long.
    """
    moment, limit = after.astimezone(UTC), after + MAX_SEARCH

    while moment <= limit:
        stretches = [_stretch_at(moment, zone, window) for zone in zones]
        begins = max(stretch.begins for stretch in stretches)
        ends = min(stretch.ends for stretch in stretches)
        if begins <= moment and ends - moment >= at_least:
            return Opening(moment, ends)
        moment = begins if begins > moment else ends

    return None


def _stretch_at(moment: datetime, zone: ZoneInfo, window: Window) -> Opening:
    """Return the zone's stretch that holds a moment, else its next one."""
    today = moment.astimezone(zone).date()

    for offset in range(-1, 9):
        day = today + offset * DAY
        if day.weekday() not in window.days:
            continue
        crosses = window.closes <= window.opens
        begins = _moment_of(datetime.combine(day, window.opens), zone, is_last=True)
        ends = _moment_of(datetime.combine(day + DAY if crosses else day, window.closes), zone, is_last=False)
        if moment < ends and begins < ends:
            return Opening(begins, ends)

    return Opening(moment + MAX_SEARCH + DAY, moment + MAX_SEARCH + 2 * DAY)


def _moment_of(local: datetime, zone: ZoneInfo, *, is_last: bool) -> datetime:
    """Return the moment of a local time: the last or the first where it comes twice, the jump where it is skipped."""
    first, last = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return last if is_last else first
    return _find_jump(last, first, zone)


def _find_jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment between two at which the zone's clocks jump, to the second."""
    offset = before.astimezone(zone).utcoffset()

    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle <= before:
            break
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)

    return after
