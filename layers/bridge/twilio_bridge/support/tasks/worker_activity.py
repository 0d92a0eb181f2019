"""Workers' time in their activities, credited to the days it lay in.

https://www.twilio.com/docs/taskrouter/api/event/reference: `worker.activity.update` names the activity that ended.
"""

from collections.abc import Mapping
from typing import Any

from twilio_bridge.support import calendar
from twilio_bridge.support.cloud_events import CloudEvent, require_sid
from twilio_bridge.support.persons.person import FigureRow

DAY_S = 86_400
# Somebody on leave stays in one activity for weeks; longer than this is a mistake.
MAX_DURATION_S = 366 * DAY_S
MAX_TEXT_LENGTH = 15
MAX_NAME_LENGTH = 500


def build_rows(event: CloudEvent, zone: str) -> list[FigureRow]:
    """Return what the activity that ended adds to each day; nothing where the event does not name it."""
    data = event.data
    worker, activity = require_sid(event, "worker_sid", "WK"), data.get("worker_previous_activity_name")
    seconds = _seconds(data)
    if seconds is None or not isinstance(activity, str) or not activity:
        return []
    common = {
        "worker": str(data.get("worker_name") or worker)[:MAX_NAME_LENGTH],
        "activity": activity[:MAX_NAME_LENGTH],
    }
    end_s = event.at // 1000
    days = calendar.split_by_day(end_s - min(seconds, MAX_DURATION_S), end_s, zone)
    key = f"activity#{worker}#{event.id}"
    return [FigureRow(day=day, key=key, version=1, values={**common, "seconds": share}) for day, share in days]


def _seconds(data: Mapping[str, Any]) -> int | None:
    """Return the whole seconds; older schemas have no milliseconds, and REST gives numbers as texts."""
    names = (("worker_time_in_previous_activity", 1), ("worker_time_in_previous_activity_ms", 1000))
    texts = ((str(data.get(name)), unit) for name, unit in names)
    return next((int(text) // unit for text, unit in texts if text.isdecimal() and len(text) < MAX_TEXT_LENGTH), None)
