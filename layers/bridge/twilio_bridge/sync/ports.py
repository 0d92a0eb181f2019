"""What a sync works with; see `twilio_bridge.ports` for the rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from twilio_bridge.sync.planning import OpenRow, Place
from twilio_bridge.sync.slices import Slice

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A sync of an account: its name, what was asked for, and how it ended; moments in epoch ms."""

    id: str
    request: Mapping[str, Any]
    phase: Literal["open", "done", "failed"] = "open"
    notes: tuple[str, ...] = ()
    ended_at: int = 0


class Slices(Protocol):
    """The runs of an account, their slices, and how far each stream was read."""

    def read_run(self) -> Run | None:
        """Return the latest run."""

    def begin_run(self, run: Run, slices: Iterable[Slice]) -> bool:
        """Write a run with its slices; False where another one is open, and nothing has happened then."""

    def end_run(self, run: Run) -> None:
        """Write how a run ended, unless a later one has begun."""

    def list_slices(self, run: str) -> list[Slice]:
        """Return a run's slices as of now."""

    def claim(self, run: str, name: str, now: int, seconds: int) -> Slice | None:
        """Return an open slice that is due, and hold it for so long; None where there is none, or another holds it."""

    def save(self, each: Slice, more: Iterable[Slice] = ()) -> bool:
        """Write a slice that is held, and further ones with it, all or none; False where another holds it by now."""

    def count_left(self, run: str, more: int) -> int:
        """Add to the number of slices that are left, and return it: a hint, for who counts may be killed."""

    def release(self, each: Slice) -> Slice:
        """Let others have a slice that is held, and return it as it stands."""

    def cancel(self, each: Slice) -> None:
        """End a slice, whoever holds it."""

    def read_place(self, stream: str, account: str) -> Place:
        """Return how far a stream was read, without its open rows."""

    def write_place(self, stream: str, account: str, place: Place) -> None:
        """Write that; a watermark never goes back."""


class OpenRows(Protocol):
    """Rows that were not final when they were read."""

    def list_rows(self, stream: str, account: str) -> list[OpenRow]:
        """Return them by SID, in order."""

    def put_rows(self, stream: str, account: str, rows: Iterable[OpenRow]) -> None:
        """Write rows, over what stands there."""

    def remove_rows(self, stream: str, account: str, sids: Iterable[str]) -> None:
        """Remove rows; one that is not there is no error."""


class ExportFiles(Protocol):
    """Files of rows by table and day: whole or not there, and one of the same name replaces another."""

    def put_file(self, table: str, day: str, name: str, rows: Sequence[Row]) -> None:
        """Write a file."""

    def list_files(self, table: str, day: str) -> list[str]:
        """Return the names of a day's files, in order."""

    def read_file(self, table: str, day: str, name: str) -> Iterator[Row]:
        """Return a file's rows."""


class Wakeups(Protocol):
    """What has somebody work at slices."""

    def wake(self, slices: Iterable[Slice]) -> None:
        """Have somebody look at these slices; twice is once."""


class SyncMetrics(Protocol):
    """What the operator sees of a sync."""

    def measure_sync(self, failed: int, oldest_s: int) -> None:
        """Show how many slices of the latest run failed, and for how long the oldest one has been open (s)."""
