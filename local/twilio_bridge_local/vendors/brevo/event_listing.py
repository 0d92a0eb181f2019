"""Listing events; for the routes.

https://developers.brevo.com/reference/get-events documents the parameters' names, that contact_id, event_name and
object_type repeat, that the two dates come together or not at all, six months without them, `count` and `events`
with the latest event_date first, and a limit of 1 to 10,000 (100 and more is safe: an older text began there).
Not documented: when an event appears, whether a date without a time means the end of its day as endDate (it
does here), and what is answered to wrong parameters.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import request

from twilio_bridge_local.vendors.brevo.account import Account, Entry
from twilio_bridge_local.vendors.brevo.answers import entry_answer
from twilio_bridge_local.vendors.brevo.errors import invalid
from twilio_bridge_local.vendors.brevo.queries import instant, number, numbers, texts

PAGE = 100
MOST = 10_000
HALF_A_YEAR = timedelta(days=182)
_DAY = len("2026-01-01")


def events_answer(account: Account) -> dict[str, object]:
    """A page of the events that the query wants."""
    limit, offset = number("limit", PAGE, least=1, most=MOST), number("offset", 0)
    first, last = _range(account)
    wanted = _wanted()
    found = [entry for entry in account.visible() if first <= entry.event_date <= last and wanted(entry)]
    ordered = sorted(found, key=lambda entry: (entry.event_date, entry.number), reverse=True)
    return {"count": len(found), "events": [entry_answer(entry) for entry in ordered[offset : offset + limit]]}


def _wanted() -> Callable[[Entry], bool]:
    contacts, names, types = numbers("contact_id"), texts("event_name"), texts("object_type")

    def wanted(entry: Entry) -> bool:
        return (
            (not contacts or entry.contact_id in contacts)
            and (not names or entry.event_name in names)
            and (not types or entry.object_type in types)
        )

    return wanted


def _range(account: Account) -> tuple[datetime, datetime]:
    start, end = request.args.get("startDate"), request.args.get("endDate")
    if (start is None) != (end is None):
        raise invalid("startDate and endDate are mandatory if one of them is used")
    if start is None or end is None:
        return account.now() - HALF_A_YEAR, datetime.max.replace(tzinfo=UTC)
    first, last = instant(start, "startDate"), instant(end, "endDate")
    if len(end) == _DAY:
        last += timedelta(days=1, microseconds=-1)
    if first > last:
        raise invalid("startDate must be before endDate")
    return first, last
