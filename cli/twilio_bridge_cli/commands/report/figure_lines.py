"""The figures as lines, one a day and queue or worker, and as CSV, or texts for people to read.

Where there are several days, each queue and worker has a line more, whose day is `total`: summed from the rows, for
a mean of the days' means would be wrong.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from twilio_bridge.support import daily_figures
from twilio_bridge.support.daily_figures import QueueDay, WorkerDay
from twilio_bridge.support.person import FigureRow
from twilio_bridge_cli.errors import CommandError

Line = Mapping[str, Any]
Sums = Callable[[Iterable[FigureRow]], dict[tuple[str, str], dict[str, Any]]]

MAX_DAYS_COUNT: Final = 400  # figures are kept so long
TOTAL: Final = "total"  # comes after every day, also in order
ACTIVITIES: Final = "activities"
UNKNOWN: Final = "-"
# What a spreadsheet takes for the beginning of a formula, in full width, too.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@dataclass(frozen=True, slots=True)
class Report:
    """Whose figures, what sums them, and the names of what a line holds."""

    of: str
    sums: Sums
    names: tuple[str, ...]


QUEUES: Final = Report("queue", daily_figures.sum_queues, ("day", "queue", *QueueDay().figures()))
WORKERS: Final = Report("worker", daily_figures.sum_workers, ("day", "worker", *WorkerDay().figures()))


def days(first: date | None, last: date | None, today: date) -> list[str]:
    """Return the days from `first` to `last`; without a last one it is today, without a first one the last alone."""
    end = last or today
    start = first or end if last else first or today
    count = (end - start).days + 1
    if count < 1:
        raise CommandError(f"--from {start} is after --to {end}.")
    if count > MAX_DAYS_COUNT:
        raise CommandError(f"These are {count:,} days; figures are kept for {MAX_DAYS_COUNT}.", "Ask for fewer.")
    return [str(start + timedelta(number)) for number in range(count)]


def lines(report: Report, rows: Iterable[FigureRow], *, totals: bool) -> list[Line]:
    """Sum rows."""
    found = report.sums(_with_totals(rows) if totals else rows)
    return [{"day": day, report.of: name, **values} for (day, name), values in found.items()]


def _with_totals(rows: Iterable[FigureRow]) -> Iterator[FigureRow]:
    for row in rows:
        yield row
        yield replace(row, day=TOTAL)


def csv_text(report: Report, told: Iterable[Line]) -> str:
    """Write lines as RFC 4180 has it; seconds stay seconds, what is unknown is empty, an activity is a column."""
    flat = [_flat(line) for line in told]
    names = [name for name in report.names if name != ACTIVITIES]
    activities = sorted({name for line in flat for name in line} - {*names})
    text = io.StringIO()
    writer = csv.DictWriter(text, [*names, *activities])
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in line.items()} for line in flat)
    return text.getvalue()


def _flat(line: Line) -> dict[str, Any]:
    activities = {f"activity_{name}_s": seconds for name, seconds in line.get(ACTIVITIES, {}).items()}
    return {name: value for name, value in line.items() if name != ACTIVITIES} | activities


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def head(name: str) -> str:
    """Return what stands above a column: `avg_wait_s` is Avg, and wait below it."""
    return name.removesuffix("_s").replace("_", "\n").capitalize().replace("Csat", "CSAT")


def cell(name: str, value: object) -> str:
    """Write a value for people."""
    if value is None:
        return UNKNOWN
    if isinstance(value, Mapping):
        return ", ".join(f"{activity} {clock(seconds)}" for activity, seconds in value.items()) or UNKNOWN
    if isinstance(value, int | float) and name.endswith("_s"):
        return clock(value)
    if isinstance(value, float):
        return f"{value:.1%}" if name.endswith("_rate") else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def clock(seconds: float) -> str:
    """Write seconds as minutes, and hours where there are any: 3:20, 1:03:20."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
