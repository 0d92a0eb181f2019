"""The status document: brief, with what a monitor asks for first, and whole, with what an operator looks for next.

Unknown stays unknown: what nobody has measured is null, never 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from twilio_bridge.contacts.airtable_quota import Usage
from twilio_bridge.contacts.ports import CacheState
from twilio_bridge.status.findings import Finding, list_faults
from twilio_bridge.status.ports import Counts, Episode, QueueState, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a look at the deployment gave; None where a part is not deployed or could not be read.

    `made_of_now` is whether the copy of the contacts was made of the base and the columns that are configured now.
    """

    now: float
    findings: Sequence[Finding] = ()
    episodes: Mapping[str, Episode] = field(default_factory=dict)
    counts: Counts | None = None
    agents: int | None = None
    last_sync: float | None = None
    cache: CacheState | None = None
    base_id: str = ""
    made_of_now: bool = True
    queues: Sequence[QueueState] | None = None
    traffic: Traffic | None = None
    overdue_s: int | None = None
    usage: Usage | None = None


def build_document(seen: Observed) -> dict[str, Any]:
    """Return the document."""
    return {
        "connected": bool(seen.episodes) and all(each.is_connected for each in seen.episodes.values()),
        "lastSync": format_time(seen.last_sync),
        "conversationsTracked": seen.counts.interactions if seen.counts else None,
        "customersLinked": seen.counts.customers if seen.counts else None,
        "agentsMonitored": seen.agents,
        "countedAt": format_time(seen.counts.at) if seen.counts else None,
        "checkedAt": format_time(seen.now),
        "systems": {name: _describe_system(name, episode, seen) for name, episode in sorted(seen.episodes.items())},
        "contacts": _describe_cache(seen) if seen.cache else None,
        "events": _describe_events(seen),
        "queues": None if seen.queues is None else {each.name: _describe_queue(each) for each in seen.queues},
        "airtableQuota": _describe_usage(seen.usage) if seen.usage else None,
    }


def _describe_system(name: str, episode: Episode, seen: Observed) -> dict[str, Any]:
    faults = [each for each in list_faults(seen.findings) if each.system == name]
    error = {"text": episode.error, "since": format_time(episode.error_since), "seen": format_time(episode.error_at)}
    return {
        "connected": episode.is_connected,
        "since": format_time(episode.since),
        "lastError": error if episode.error else None,
        "faults": [
            {"check": each.check, "kind": each.kind, "text": each.text, "remedy": each.remedy} for each in faults
        ],
    }


def _describe_cache(seen: Observed) -> dict[str, Any]:
    cache = seen.cache or CacheState(None)
    columns = cache.origin.columns
    return {
        "ageSeconds": None if cache.loaded_at is None else max(int(seen.now - cache.loaded_at), 0),
        "wholeLoadAgeSeconds": max(int(seen.now - cache.full_at), 0) if cache.full_at else None,
        "count": None if cache.is_empty else cache.count,
        "coveredByWebhook": cache.is_covered,
        "madeFrom": {
            "base": seen.base_id or None,
            "columns": sorted(columns.present) if columns else None,
            "isCurrent": seen.made_of_now,
        },
    }


def _describe_events(seen: Observed) -> dict[str, Any]:
    traffic = seen.traffic or Traffic()
    return {
        "iteratorAgeSeconds": traffic.iterator_age_s,
        "oldestOverdueSeconds": seen.overdue_s,
        "lastHour": {"events": traffic.events, "callbacks": traffic.callbacks, "deliveries": traffic.deliveries},
    }


def _describe_queue(queue: QueueState) -> dict[str, int]:
    return {"waiting": queue.waiting, "deadLetters": queue.dead}


def _describe_usage(usage: Usage) -> dict[str, int | None]:
    return {"calls": usage.calls, "monthlyCalls": usage.monthly_calls, "percent": usage.percent}


def advance_episodes(before: Mapping[str, Episode], findings: Iterable[Finding], now: float) -> dict[str, Episode]:
    """Return each system's state after these findings: how long it lasts already, and its last error."""
    by_system: dict[str, list[Finding]] = {}
    for finding in findings:
        by_system.setdefault(finding.system, []).append(finding)
    return {system: _advance(before.get(system), found, now) for system, found in by_system.items()}


def _advance(before: Episode | None, findings: Sequence[Finding], now: float) -> Episode:
    fault = next(list_faults(findings), None)
    if before is None or before.is_connected is not (fault is None):
        kept = before or Episode(is_connected=True, since=now)
        before = replace(kept, is_connected=fault is None, since=now)
    if fault is None:
        return before
    is_same = before.error == fault.text and before.error_at >= before.since
    return replace(before, error=fault.text, error_since=before.error_since if is_same else now, error_at=now)


def format_time(moment: float | None) -> str | None:
    """Return a moment (epoch seconds) in ISO 8601, to the second, UTC; None where there is none."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
