"""When a row may be sent, and for how long it may be on its way. Moments are epoch milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from twilio_bridge import phone
from twilio_bridge.messages.quiet_hours import Window, find_next_opening
from twilio_bridge.messages.time_zones import find_zones

# A window that closes sooner is not begun with: a message needs time to arrive.
MIN_OPEN_S = 60
# https://www.twilio.com/docs/messaging/api/message-resource: ValidityPeriod is from 1 to 36,000 s.
MIN_VALIDITY_S, MAX_VALIDITY_S = 1, 36_000
WHOLE_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Slot:
    """When a row is due, and when the window closes that it is due in; None where it never does."""

    due_at: int
    closes_at: int | None


def find_slot(address: str, window: Window | None, timezone: str, after: int) -> Slot | None:
    """Return the first moment from `after` on at which a number may be written to.

    It is inside the window in every time zone that the number may be in, or in `timezone` where none is known. None
    where the windows of its zones never meet for a minute.
    """
    if window is None:
        return Slot(after, None)

    names = tuple(zone.key for zone in find_zones(phone.strip_channel(address))) or (timezone,)
    slot = _find_slot(names, window, after // WHOLE_MINUTE_MS)
    if slot is None:
        return None
    return Slot(max(slot.due_at, after), slot.closes_at)


@lru_cache(maxsize=4096)
def _find_slot(zones: Sequence[str], window: Window, minute: int) -> Slot | None:
    """Return the slot as of a whole minute: rows of one country share it."""
    after = datetime.fromtimestamp(minute * 60, UTC)
    # A minute more, for the caller's moment may be up to one later.
    at_least = timedelta(seconds=MIN_OPEN_S + 60)
    opening = find_next_opening(after, [ZoneInfo(name) for name in zones], window, at_least)
    if opening is None:
        return None
    return Slot(_epoch_ms(opening.begins), _epoch_ms(opening.ends))


def limit_validity(validity_s: int, closes_at: int | None, sent_at: int) -> int:
    """Return for how many seconds Twilio may try to deliver: never past the closing of the window."""
    left_s = validity_s if closes_at is None else (closes_at - sent_at) // 1000
    return max(min(validity_s, left_s, MAX_VALIDITY_S), MIN_VALIDITY_S)


def _epoch_ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
