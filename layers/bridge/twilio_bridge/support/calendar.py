"""Days and hours as the figures have them: those of the time zone that is configured."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_day(at: int, zone: str) -> str:
    """Return the day (`2026-03-02`) of a moment (epoch ms) in a zone of IANA's."""
    return _local(at, zone).date().isoformat()


def read_hour(at: int, zone: str) -> dict[str, int]:
    """Return the hour of a moment (epoch ms), as the value `hour` of a row."""
    return {"hour": _local(at, zone).hour}


def split_by_day(start_s: int, end_s: int, zone: str) -> list[tuple[str, int]]:
    """Return the seconds of a time (epoch seconds) by the day they lie in; days of 23 and 25 hours included."""
    shares = []
    while start_s < end_s:
        midnight_s = _next_midnight(start_s, zone)
        until_s = min(end_s, midnight_s)
        shares.append((read_day(start_s * 1000, zone), until_s - start_s))
        start_s = until_s
    return shares


def _next_midnight(at_s: int, zone: str) -> int:
    """Return when the next day begins; where clocks skip midnight it is the first moment after it."""
    local = _local(at_s * 1000, zone)
    following = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), _zone(zone))
    return max(int((following - EPOCH).total_seconds()), at_s + 1)


def _local(at: int, zone: str) -> datetime:
    return (EPOCH + timedelta(milliseconds=at)).astimezone(_zone(zone))


@lru_cache(maxsize=8)
def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415  its data is read only where a zone is configured

    return ZoneInfo(name)
