"""What a run would cost, before it begins: slices, rows, requests and minutes, and how many old events there are.

Rows of the first API are estimated by Twilio's own usage records. Task events are read, which takes a request a
thousand, and nothing is written: what follows from them is known only then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from twilio_bridge.entities.registry import load_registry
from twilio_bridge.errors import BadRequestError
from twilio_bridge.support.cloud_events import decode_record
from twilio_bridge.support.tasks import task_attributes
from twilio_bridge.support.tasks.derivation import derive_all
from twilio_bridge.support.tasks.event_facts import ExtractedFacts, extract_facts
from twilio_bridge.support.tasks.facts import sort_facts
from twilio_bridge.sync import conversations, task_events
from twilio_bridge.sync.planning import Plan
from twilio_bridge.sync.reading import read_page
from twilio_bridge.sync.request import SyncRequest
from twilio_bridge.sync.slices import Slice, read_run_id
from twilio_bridge.sync.streams import STREAMS, Stream
from twilio_bridge.sync.taking import SyncDeps, find_age_limit

USAGE: Final = "UsageRecords"
# What a stream's rows are counted as: https://www.twilio.com/docs/usage/api/usage-record#usage-categories
CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "messages": ("sms", "mms"),
    "calls": ("calls",),
    "recordings": ("recordings",),
}


def estimate_run(plan: Plan, request: SyncRequest, deps: SyncDeps) -> dict[str, Any]:
    """Return the plan with its costs, by stream; `rows` is None where nobody knows before it is read."""
    groups: dict[str, list[Slice]] = {}
    for each in plan.slices:
        groups.setdefault(each.stream, []).append(each)
    events = EventCount(find_age_limit(read_run_id(plan.run), deps.settings))
    streams = [_estimate_stream(STREAMS[name], own, request, deps, events) for name, own in sorted(groups.items())]
    return {
        "run": None,
        "phase": "planned",
        "request": request.describe(),
        "notes": list(plan.notes),
        "streams": streams,
        "minutes": max((each["minutes"] for each in streams), default=0),
        "events": {"to_send": events.recent + (events.old if request.with_events else 0), "old": events.old},
    }


class EventCount:
    """How many events for Brevo follow that are older than a moment (epoch ms), and how many that are not."""

    def __init__(self, age_limit: int) -> None:
        self.old = 0
        self.recent = 0
        self._age_limit = age_limit

    def add(self, moments: Iterable[int]) -> None:
        """Count events."""
        for at in moments:
            self.old += at < self._age_limit
            self.recent += at >= self._age_limit


def _estimate_stream(
    stream: Stream, slices: list[Slice], request: SyncRequest, deps: SyncDeps, events: EventCount
) -> dict[str, Any]:
    rows, requests = _count_rows(stream, slices, request, deps, events)
    rate = deps.rate(stream)
    return {
        "stream": stream.name,
        "slices": len(slices),
        "rows": rows,
        "requests": requests,
        "minutes": round(requests / rate / 60, 1),
    }


def _count_rows(
    stream: Stream, slices: list[Slice], request: SyncRequest, deps: SyncDeps, events: EventCount
) -> tuple[int | None, int]:
    """Return a stream's rows, and the requests that read them."""
    if stream.sink == "events":
        rows = _read_rows(slices, deps)
        events.add(_find_event_moments(rows, request, deps))
        return len(rows), len(slices) + len(rows) // stream.page_size
    if stream.sink == "conversations":
        rows = _read_rows(slices, deps)
        events.add(_find_ends(rows, deps))
        return len(rows), len(slices) + len(rows) // stream.page_size + len(rows)
    counted = _read_usage(stream, slices, deps)
    return counted, len(slices) + (counted or 0) // stream.page_size


def _read_rows(slices: Iterable[Slice], deps: SyncDeps) -> list[Mapping[str, Any]]:
    """Return the rows of lists, without writing anything."""
    found: list[Mapping[str, Any]] = []
    for planned in slices:
        each, stream = planned, STREAMS[planned.stream]
        while each.kind != "open":
            reading = read_page(each, deps.twilio(stream), deps.parents(stream, each.account), {})
            found += reading.rows
            if reading.next_uri is None:
                break
            each = replace(each, next_uri=reading.next_uri)
    return found


def _find_event_moments(rows: Iterable[Mapping[str, Any]], request: SyncRequest, deps: SyncDeps) -> Iterator[int]:
    """Yield when each event for Brevo happened that follows from TaskRouter's."""
    settings, extracted = deps.settings, ExtractedFacts()
    wanted = task_attributes.list_wanted_paths(settings.field_mapping, settings.surveys.score)
    for document in task_events.read_events(rows, request.resources, request.channels):
        for event in decode_record(document, 0).events:
            try:
                extract_facts(event, extracted, settings, wanted)
            except BadRequestError:  # it will go to the quarantine
                continue
    for subject, added in extracted.subjects.items():
        known = sort_facts(subject, added.facts.values(), added.attributes)
        yield from (event.at for event in derive_all(known, settings, 0).events)


def _find_ends(rows: Iterable[Mapping[str, Any]], deps: SyncDeps) -> Iterator[int]:
    """Yield when conversations ended; on which channel each was nobody knows before its participants are read."""
    is_wanted = deps.settings.connectors.twilio_flex.sync.conversations
    if not is_wanted or "conversation.ended" not in deps.settings.event_mapping:
        return
    for row in rows:
        for document in conversations.read_state(row):
            yield from (event.at for event in decode_record(document, 0).events)


def _read_usage(stream: Stream, slices: Iterable[Slice], deps: SyncDeps) -> int | None:
    """Return how many rows Twilio counted in the days of these slices."""
    categories, days = CATEGORIES.get(stream.name), [each for each in slices if each.kind in {"day", "newest"}]
    if not categories or not days:
        return None
    first, last = min(each.start for each in days), max(each.until for each in days)
    params = {"StartDate": _write_day(first), "EndDate": _write_day(last - 1)}
    counts: Counter[str] = Counter()
    twilio, parents = deps.twilio(stream), deps.parents(stream, days[0].account)
    for page in twilio.list_pages(load_registry().entity(USAGE), parents, params, stream.page_size):
        counts.update({str(row.get("category")): int(float(row.get("count") or 0)) for row in page.rows})
    return sum(counts[name] for name in categories)


def _write_day(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}"
