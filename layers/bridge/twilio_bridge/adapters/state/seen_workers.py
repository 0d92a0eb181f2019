"""The workers that signed requests named, in one item of SyncState: an attribute a worker, with the day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from twilio_bridge.adapters.aws.dynamodb import Item, Table

KEY = ("workers", "seen")
PREFIX = "worker#"
# Who has not used the app for so long is no worker any more.
KEEP_DAYS = 60
MAX_IDENTITY_LENGTH = 256
# An item has 400 KB, and every write costs its whole size.
MAX_WORKERS_COUNT = 1_000
MAX_DROPPED_COUNT = 20


def today() -> date:
    """Return the day in UTC."""
    return datetime.now(UTC).date()


class DynamoSeenWorkers:
    """The port SeenWorkers; one instance of a function reads once and writes at most once a worker and day."""

    def __init__(self, table: Table, clock: Callable[[], date] = today) -> None:
        self._table = table
        self._clock = clock
        self._written: dict[str, date] = {}

    def record_worker(self, identity: str) -> None:
        """Write that this worker was seen today; who was not seen for long is dropped with it."""
        day = self._clock()
        if len(identity) > MAX_IDENTITY_LENGTH or self._written.get(identity) == day:
            return

        seen = _days(self._table.get(*KEY))
        if seen.get(identity) != day.isoformat() and (identity in seen or len(seen) < MAX_WORKERS_COUNT):
            self._write(identity, day, seen)
        self._written[identity] = day

    def list_workers(self) -> list[str]:
        """Return the identities seen within KEEP_DAYS, the latest first."""
        oldest = self._oldest(self._clock())
        days = {identity: day for identity, day in _days(self._table.get(*KEY)).items() if day >= oldest}
        return sorted(sorted(days), key=lambda identity: days[identity], reverse=True)

    def _write(self, identity: str, day: date, seen: dict[str, str]) -> None:
        old = [other for other, on in seen.items() if on < self._oldest(day) and other != identity]
        names = {f"#old{place}": PREFIX + other for place, other in enumerate(old[:MAX_DROPPED_COUNT])}
        remove = f" REMOVE {', '.join(names)}" if names else ""
        change = f"SET #new = :day{remove}"
        when = "attribute_not_exists(#new) OR #new < :day"  # another instance may write the same just now
        self._table.update(
            *KEY, change, {":day": day.isoformat()}, names={"#new": PREFIX + identity, **names}, when=when
        )

    def _oldest(self, day: date) -> str:
        return (day - timedelta(days=KEEP_DAYS)).isoformat()


def _days(item: Item | None) -> dict[str, str]:
    return {name.removeprefix(PREFIX): str(day) for name, day in (item or {}).items() if name.startswith(PREFIX)}
