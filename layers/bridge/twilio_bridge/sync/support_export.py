"""The tables of the support job: interactions that have ended, and the rows that its figures are summed from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from twilio_bridge.support.persons.person import FigureRow, Interaction
from twilio_bridge.sync.export_rows import Anonymiser, build_row, write_day, write_moment
from twilio_bridge.sync.export_tables import FIGURES, INTERACTIONS, find_table
from twilio_bridge.sync.ports import ExportFiles
from twilio_bridge.sync.slices import make_run_id
from twilio_bridge.sync.streams import DAY_MS

# What changed since the last export of a day, late facts among it.
LATEST_DAYS: Final = 3
TASK: Final = "WT"


class SupportRows(Protocol):
    """What the support job holds, for the export."""

    def list_ended(self, since: int, before: int) -> Iterator[tuple[str, Interaction]]:
        """Return ended interactions, each with its person's id, that were last active in this time (epoch ms)."""

    def read_day(self, day: str) -> Iterator[FigureRow]:
        """Return a day's figures."""


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows were written."""

    interactions: int
    figures: int


def export_support(rows: SupportRows, files: ExportFiles, hide: Anonymiser, since: int, until: int) -> Exported:
    """Write the interactions that were active from `since` to `until` (epoch ms), and the figures of those days.

    A day's figures are one file, which is written anew. Interactions are filed by the day on which they began, a file a
    run; the view takes the latest version of each.
    """
    figures = sum(_export_figures(rows, files, hide, day, until) for day in _days(since, until))
    return Exported(_export_interactions(rows, files, hide, since, until), figures)


def _days(since: int, until: int) -> Iterator[str]:
    """Yield days, one more at each end: the figures' days are those of their own time zone."""
    first = datetime.fromtimestamp(since / 1000, UTC).date() - timedelta(days=1)
    last = datetime.fromtimestamp(until / 1000, UTC).date() + timedelta(days=1)
    for number in range((last - first).days + 1):
        yield f"{first + timedelta(days=number)}"


def _export_figures(rows: SupportRows, files: ExportFiles, hide: Anonymiser, day: str, until: int) -> int:
    table = find_table(FIGURES)
    found = sorted((row for row in rows.read_day(day) if row.values), key=lambda row: row.key)
    if found or files.list_files(FIGURES, day):
        written = [build_row(_describe_figure(row), table, until, hide) for row in found]
        files.put_file(FIGURES, day, FIGURES, written)
    return len(found)


def _describe_figure(row: FigureRow) -> dict[str, Any]:
    values = row.values
    began_s, ended_s = values.get("began_s", values.get("parked_s")), values.get("ended_s", values.get("until_s"))
    moments = {"began_at": _moment((began_s or 0) * 1000), "ended_at": _moment((ended_s or 0) * 1000)}
    return {**values, **moments, "kind": row.key.partition("#")[0], "key": row.key, "version": row.version}


def _export_interactions(rows: SupportRows, files: ExportFiles, hide: Anonymiser, since: int, until: int) -> int:
    table, days = find_table(INTERACTIONS), dict[str, list[Mapping[str, Any]]]()
    for person_id, each in rows.list_ended(since, until):
        if each.sid.startswith(TASK):
            described = _describe_interaction(person_id, each)
            days.setdefault(write_day(each.created_at), []).append(build_row(described, table, until, hide))
    for day, written in days.items():
        written.sort(key=lambda row: (row["sid"], row["version"]))
        files.put_file(INTERACTIONS, day, make_run_id(until), written)
    return sum(map(len, days.values()))


def _describe_interaction(person_id: str, each: Interaction) -> dict[str, Any]:
    moments = {name: _moment(getattr(each, name)) for name in ("created_at", "last_at", "ended_at", "scored_at")}
    names = ("sid", "version", "channel", "counts", "wait_s", "talk_s", "score", "conversation_sid")
    return {**{name: getattr(each, name) for name in names}, **moments, "person": person_id}


def _moment(at: int) -> str | None:
    return write_moment(at) if at else None


def find_latest(now: int) -> int:
    """Return from when on the regular export writes (epoch ms)."""
    return now - LATEST_DAYS * DAY_MS
