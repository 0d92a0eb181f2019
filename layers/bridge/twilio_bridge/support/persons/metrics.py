"""The numbers of a person's interactions, by their names in the configuration."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime

from twilio_bridge.support.persons.person import Interaction

Interactions = Sequence[Interaction]


def _conversations(counting: Interactions, _all: Interactions) -> int | None:
    return sum(each.stands_for for each in counting) or None


def _wait(counting: Interactions, _all: Interactions) -> float | None:
    """Return the mean of what accepted tasks waited, in seconds."""
    waits = [(each.wait_s, each.waits or 1) for each in counting if each.wait_s is not None]
    count = sum(number for _, number in waits)
    return round(sum(wait_s for wait_s, _ in waits) / count, 1) if count else None


def _last_day(counting: Interactions, _all: Interactions) -> date | None:
    last_at = max((each.last_at for each in counting), default=None)
    return None if last_at is None else datetime.fromtimestamp(last_at / 1000, UTC).date()


def _channel(counting: Interactions, _all: Interactions) -> str | None:
    used: Counter[str] = Counter()
    for each in counting:
        used.update({each.channel: each.stands_for} if each.channel else {})
    latest = {each.channel: each.created_at for each in sorted(counting, key=lambda each: each.created_at)}
    return max(used, key=lambda channel: (used[channel], latest[channel], channel), default=None)


def _score(_counting: Interactions, every: Interactions) -> float | None:
    scored = [(each.scored_at, each.sid, each.score) for each in every if each.score is not None]
    return max(scored)[2] if scored else None


# Each is computed of the interactions that count, and of all; None where nothing is known.
METRICS: Mapping[str, Callable[[Interactions, Interactions], str | int | float | date | None]] = {
    "total_conversations": _conversations,
    "avg_wait_time": _wait,
    "last_conversation_date": _last_day,
    "preferred_channel": _channel,
    "last_csat_score": _score,
}
