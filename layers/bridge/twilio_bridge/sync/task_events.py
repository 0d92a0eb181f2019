"""TaskRouter's events from its REST API, in the form in which Event Streams bring the same ones.

The event's SID and its moment are the same there, so the reducer knows each of them again.
https://www.twilio.com/docs/taskrouter/api/event
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from twilio_bridge.support.cloud_events import TWILIO, parse_object
from twilio_bridge.support.tasks import task_attributes
from twilio_bridge.sync.rows import read_moment

TASKROUTER = f"{TWILIO}taskrouter."
ACTIVITY = "worker.activity.update"


def read_events(
    rows: Iterable[Mapping[str, Any]], resources: Collection[str], channels: Collection[str] | None
) -> Iterator[bytes]:
    """Return what the stream would have brought of events, as far as it is wanted."""
    wants_tasks = not {"tasks", "customers", "csat"}.isdisjoint(resources)
    for row in rows:
        is_activity = row.get("event_type") == ACTIVITY
        is_wanted = "agent_activity" in resources if is_activity else wants_tasks
        if is_wanted and (is_activity or channels is None or _is_on(row, channels)):
            yield json.dumps(build_event(row)).encode()


def build_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as Event Streams send it."""
    at = row.get("event_date_ms")
    moment = write_moment(int(at)) if at is not None and str(at).isdecimal() else row.get("event_date")
    payload = {**parse_object(row.get("event_data")), "sid": row.get("sid"), "timestamp": moment}
    return {
        "specversion": "1.0",
        "type": f"{TASKROUTER}{row.get('event_type')}",
        "id": row.get("sid"),
        "time": moment,
        "data": {"payload": payload},
    }


def _is_on(row: Mapping[str, Any], channels: Collection[str]) -> bool:
    """Return whether an event is about a task on one of these channels; one that names no channel is kept."""
    payload = parse_object(row.get("event_data"))
    wanted = frozenset(("channelType", "customerAddress", "from"))
    attributes = task_attributes.select_wanted(parse_object(payload.get("task_attributes")), wanted)
    channel = task_attributes.read_channel(attributes, str(payload.get("task_channel_unique_name") or ""))
    return not channel or channel in channels


def write_moment(at: int) -> str:
    """Return a moment (epoch ms) as Twilio's events write it."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z"


def read_event_moment(row: Mapping[str, Any]) -> int | None:
    """Return when an event happened (epoch ms)."""
    at = row.get("event_date_ms")
    return int(at) if at is not None and str(at).isdecimal() else read_moment(row.get("event_date"))
