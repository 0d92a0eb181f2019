"""The streams: which lists of Twilio's are read, how far back, and what becomes of their rows.

Limits are those of the brief, in requests a second; how long Twilio keeps what is read stands in its documentation:
https://www.twilio.com/docs/taskrouter/api/event (30 days), error 20004 of the first API (400 days).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
Sink = Literal["events", "conversations", "export"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A list of Twilio's.

    Attributes:
        entity: Its name in the registry.
        resources: What a caller names to have it read.
        limit: The product whose requests it counts among.
        date: Where a row has the moment that it belongs to; rows without one are kept.
        since, until: Twilio's parameters for that moment.
        sink: What becomes of the rows.
        takes_moments: The parameters take moments; else days in GMT.
        splits: A day that is too large can be asked for in parts.
        page_size: How many rows a request brings.
        newest_first: The list begins with the newest row, so that reading may stop at the first old page.
        keep_days: Older is not there any more.
        lookback_ms: How far a run goes back behind what was read: a row may show up late, or change.
        status: Where a row has its status, and which of them are `final`; "" where rows do not change.
        open_days: For how long a row that is not final is looked at again.
    """

    name: str
    entity: str
    resources: tuple[str, ...]
    limit: str
    date: str
    since: str
    until: str
    sink: Sink = "export"
    takes_moments: bool = False
    splits: bool = True
    page_size: int = 1_000
    newest_first: bool = False
    keep_days: int = 400
    lookback_ms: int = HOUR_MS
    status: str = ""
    final: frozenset[str] = frozenset()
    open_days: int = 0


TASK_EVENTS: Final = Stream(
    name="task_events",
    entity="TaskRouterEvents",
    resources=("tasks", "customers", "csat", "agent_activity"),
    limit="taskrouter_events",
    date="event_date",
    since="StartDate",
    until="EndDate",
    sink="events",
    takes_moments=True,
    keep_days=30,
)
CONVERSATIONS: Final = Stream(
    name="conversations",
    entity="Conversations",
    resources=("conversations",),
    limit="conversations",
    date="date_created",
    since="StartDate",
    until="EndDate",
    sink="conversations",
    takes_moments=True,
    page_size=100,
    status="state",
    final=frozenset({"closed"}),
    open_days=400,
)
_MESSAGES: Final = Stream(
    name="messages",
    entity="Messages",
    resources=("messages",),
    limit="api",
    date="date_sent",
    since="DateSent>",
    until="DateSent<",
    newest_first=True,
    status="status",
    final=frozenset({"delivered", "undelivered", "failed", "received", "read", "canceled", "partially_delivered"}),
    open_days=36,  # a message is scheduled up to 35 days ahead
)
_CALLS: Final = Stream(
    name="calls",
    entity="Calls",
    resources=("calls",),
    limit="api",
    date="start_time",
    since="StartTime>",
    until="StartTime<",
    newest_first=True,
    status="status",
    final=frozenset({"completed", "busy", "failed", "no-answer", "canceled"}),
    open_days=3,  # a call ends after 24 hours
)
_RECORDINGS: Final = Stream(
    name="recordings",
    entity="Recordings",
    resources=("recordings",),
    limit="api",
    date="date_created",
    since="DateCreated>",
    until="DateCreated<",
    newest_first=True,
    status="status",
    final=frozenset({"completed", "absent", "failed", "deleted"}),
    open_days=3,
)
_CONFERENCES: Final = Stream(
    name="conferences",
    entity="Conferences",
    resources=("conferences",),
    limit="api",
    date="date_created",
    since="DateCreated>",
    until="DateCreated<",
    newest_first=True,
    status="status",
    final=frozenset({"completed"}),
    open_days=3,
    splits=False,
)
_USAGE: Final = Stream(
    name="usage",
    entity="UsageRecordsDaily",
    resources=("usage",),
    limit="api",
    date="start_date",
    since="StartDate",
    until="EndDate",
    splits=False,
    lookback_ms=2 * DAY_MS,  # a day's records grow until Twilio has billed it
)
STREAMS: Final[Mapping[str, Stream]] = {
    stream.name: stream for stream in (TASK_EVENTS, CONVERSATIONS, _MESSAGES, _CALLS, _RECORDINGS, _CONFERENCES, _USAGE)
}
RESOURCES: Final = tuple(dict.fromkeys(name for stream in STREAMS.values() for name in stream.resources))

EXPORTED: Final = tuple(name for name, stream in STREAMS.items() if stream.sink == "export")
