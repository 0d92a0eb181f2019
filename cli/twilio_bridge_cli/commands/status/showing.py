"""The status document as lines for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

UNKNOWN: Final = "unknown"
_MINUTE_S: Final = 60
_HOUR_S: Final = 3_600
_DAY_S: Final = 86_400


def describe_status(document: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield a heading and its lines for each part of the document."""
    yield ("Connected" if document["connected"] else "Not connected"), list(_describe_systems(document["systems"]))
    yield "Figures", list(_describe_figures(document))
    if document.get("contacts"):
        yield "Contacts", list(_describe_contacts(document["contacts"]))
    yield "Events", list(_describe_events(document["events"]))
    if document.get("queues"):
        queues = document["queues"].items()
        yield "Queues", [f"{name}: {each['waiting']:,} wait, {each['deadLetters']:,} given up" for name, each in queues]
    if quota := document.get("airtableQuota"):
        of = "no limit configured" if quota["percent"] is None else f"{quota['percent']} % of {quota['monthlyCalls']:,}"
        yield "Airtable's calls this month", [f"{quota['calls']:,}, {of}"]


def _describe_systems(systems: Mapping[str, Any]) -> Iterator[str]:
    for name, each in systems.items():
        yield f"{name}: {'connected' if each['connected'] else 'not connected'} since {each['since']}"
        for fault in each["faults"]:
            yield f"  {fault['text']}"
            yield f"    → {fault['remedy']}"
        if each["lastError"] and not each["faults"]:
            error = each["lastError"]
            yield f"  last error: {error['text']} (from {error['since']} to {error['seen']})"


def _describe_figures(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"conversations tracked: {_count(document['conversationsTracked'])}"
    yield f"customers linked: {_count(document['customersLinked'])}"
    yield f"agents monitored: {_count(document['agentsMonitored'])}"
    yield f"counted at: {document['countedAt'] or UNKNOWN}; last sync: {document['lastSync'] or 'none yet'}"


def _describe_contacts(contacts: Mapping[str, Any]) -> Iterator[str]:
    made = contacts["madeFrom"]
    if contacts["ageSeconds"] is None:
        yield "no copy yet: the first load runs, or failed"
        return
    yield f"{_count(contacts['count'])} contacts, {_age(contacts['ageSeconds'])} old"
    yield f"last whole load: {_age(contacts['wholeLoadAgeSeconds'])} ago"
    yield "changes come by the webhook" if contacts["coveredByWebhook"] else "changes come with a refresh"
    current = "" if made["isCurrent"] else "; base or columns have changed since, a load is due"
    yield f"made from {made['base']}, {len(made['columns'] or [])} columns{current}"


def _describe_events(events: Mapping[str, Any]) -> Iterator[str]:
    yield f"the oldest on the stream waits: {_age(events['iteratorAgeSeconds'])}"
    yield f"the oldest for Brevo is overdue: {_age(events['oldestOverdueSeconds'])}"
    last = events["lastHour"]
    shown = ", ".join(f"{_count(last[name])} {name}" for name in ("events", "callbacks", "deliveries"))
    yield f"in the last hour: {shown}"


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _age(seconds: float | None) -> str:
    """Return a time in its largest unit."""
    if seconds is None:
        return UNKNOWN
    for unit_s, name in ((_DAY_S, "days"), (_HOUR_S, "hours"), (_MINUTE_S, "minutes")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds:.0f} s"
