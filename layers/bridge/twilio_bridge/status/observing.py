"""A look at the deployment: the probes side by side, then what the stack itself knows, each part by itself."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from twilio_bridge import deadline
from twilio_bridge.contacts.airtable_quota import Usage
from twilio_bridge.contacts.ports import CacheState
from twilio_bridge.errors import BridgeError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.status.document import Observed, advance_episodes, build_document
from twilio_bridge.status.ports import Counts, Deployment, StatusMemory
from twilio_bridge.status.probing import Probe, run_probes
from twilio_bridge.status.twilio_probe import TwilioProbe

PROBE_S: Final = 8.0
# Counting reads the whole table: what was counted within this time is good enough.
COUNTED_FOR_S: Final = 2 * 86_400.0
COUNT_S: Final = 5.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDeps:
    """What a look works with; None where a part is not deployed."""

    memory: StatusMemory
    deployment: Deployment
    probes: Sequence[Probe]
    twilio: TwilioProbe | None
    count: Callable[[], Counts]
    read_cache: Callable[[], CacheState] | None
    is_current: Callable[[CacheState], bool]
    read_usage: Callable[[], Usage] | None
    read_overdue_s: Callable[[], int] | None
    base_id: str = ""


def observe(deps: StatusDeps) -> dict[str, Any]:
    """Return the status document, and remember each system's state for the next look."""
    now = time.time()
    findings = run_probes(deps.probes, PROBE_S)
    episodes = advance_episodes(deps.memory.read_episodes(), findings, now)
    for system, episode in episodes.items():
        deps.memory.write_episode(system, episode)

    cache = _read("cache", deps.read_cache)
    return build_document(
        Observed(
            now=now,
            findings=findings,
            episodes=episodes,
            counts=_read("counts", lambda: _read_counts(deps, now)),
            agents=deps.twilio.workers if deps.twilio else None,
            last_sync=_read("last sync", deps.memory.read_last_sync),
            cache=cache,
            base_id=deps.base_id,
            made_of_now=cache is None or deps.is_current(cache),
            queues=_read("queues", deps.deployment.read_queues),
            traffic=_read("traffic", deps.deployment.read_traffic),
            overdue_s=_read("overdue", deps.read_overdue_s),
            usage=_read("usage", deps.read_usage),
        )
    )


def _read_counts(deps: StatusDeps, now: float) -> Counts:
    """Return what was counted within two days, else count now."""
    known = deps.memory.read_counts()
    if known and now - known.at < COUNTED_FOR_S:
        return known
    with deadline.limit(COUNT_S):
        return count_now(deps)


def count_now(deps: StatusDeps) -> Counts:
    """Count, and keep the result."""
    counts = deps.count()
    deps.memory.write_counts(counts)
    return counts


def _read(what: str, read: Callable[[], T | None] | None) -> T | None:
    """Return what can be read; nothing where it cannot, for the rest of the document is worth having."""
    if read is None:
        return None
    try:
        return read()
    except BridgeError as error:
        logger.warning("status without a part", extra={"part": what, **describe_error(error)})
        return None
