"""Looking events up on a contact's timeline, for the events of which it is unknown whether Brevo took them.

https://developers.brevo.com/reference/get-events
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from twilio_bridge.adapters.brevo.client import THE_REST, BrevoRequests, Call
from twilio_bridge.adapters.brevo.errors import BREVO
from twilio_bridge.errors import RefusedError, UnavailableError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.support.cloud_events import parse_time
from twilio_bridge.support.persons.person import TimelineEvent

# Whether a listing's dates are the events' own or those of their arrival is not documented: ask for both.
SLACK = timedelta(hours=1)
PAGE_SIZE = 1_000
MAX_PAGES_COUNT = 5
# A listing counts among the hundred requests an hour: nobody waits for it, the message comes again.
PATIENCE_S = 0.0

Entry = Mapping[str, Any]


def find_events(brevo: BrevoRequests, contact_id: int, events: Sequence[TimelineEvent]) -> dict[str, bool | None]:
    """Return for each event's key whether it is on the timeline; None where Brevo's answer cannot decide it."""
    try:
        entries, is_complete = _list_entries(brevo, contact_id, events)
    except RefusedError as error:
        logger.warning("Brevo does not list events", extra=describe_error(error))
        return dict.fromkeys((event.key for event in events), None)

    return {event.key: _decide(event, entries, is_complete=is_complete) for event in events}


def _list_entries(brevo: BrevoRequests, contact_id: int, events: Sequence[TimelineEvent]) -> tuple[list[Entry], bool]:
    """Return what is on the timeline around these events, page by page, and whether that is all."""
    wanted = {event.key for event in events}
    entries: list[Entry] = []
    for page in range(MAX_PAGES_COUNT):
        answer = brevo.ask(_listing(contact_id, events, page * PAGE_SIZE))
        found, count = _read_page(answer)
        entries += found
        if not found or len(entries) >= count:
            return entries, True
        if wanted <= set(map(_key_of, entries)):
            return entries, True
    return entries, False


def _listing(contact_id: int, events: Sequence[TimelineEvent], offset: int) -> Call:
    first, last = (datetime.fromtimestamp(at / 1000, UTC) for at in (min(_times(events)), max(_times(events))))
    params: dict[str, str | int | list[str]] = {
        "contact_id": contact_id,
        "event_name": sorted({event.name for event in events}),
        "startDate": to_iso(first - SLACK),
        "endDate": to_iso(max(datetime.now(UTC), last) + SLACK),
        "limit": PAGE_SIZE,
        "offset": offset,
    }
    return Call(group=THE_REST, method="GET", path="/events", params=params, patience_s=PATIENCE_S)


def _times(events: Sequence[TimelineEvent]) -> list[int]:
    return [event.at for event in events]


def to_iso(at: datetime) -> str:
    """Return a UTC time as Brevo writes it, with milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _read_page(answer: Any) -> tuple[list[Entry], int]:  # noqa: ANN401  JSON
    found = answer.get("events", []) if answer else None
    count = answer.get("count") if answer else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found) or not isinstance(count, int):
        raise UnavailableError(BREVO, "a listing holds no events")
    return found, count


def _decide(event: TimelineEvent, entries: Sequence[Entry], *, is_complete: bool) -> bool | None:
    same = [entry for entry in entries if entry.get("event_name") == event.name]
    if event.key in map(_key_of, same):
        return True
    is_unclear = any(_key_of(entry) is None and _is_at(entry, event.at) for entry in same)
    return False if is_complete and not is_unclear else None


def _key_of(entry: Entry) -> object:
    properties = entry.get("event_properties")
    return properties.get("key") if isinstance(properties, dict) else None


def _is_at(entry: Entry, at: int) -> bool:
    """Return whether an entry may be of this moment (epoch ms), to the second."""
    event_date = parse_time(entry.get("event_date"))
    return event_date is None or abs(event_date - at) <= 1_000  # noqa: PLR2004  a second
