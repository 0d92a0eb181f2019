"""`twilio-bridge report`: the figures of queues and workers, by day.

Where there are several days, each queue and worker has a line more, whose day is `total`: summed from the rows, for
a mean of the days' means would be wrong.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import Configuration
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.errors import UpstreamError
from twilio_bridge.support import daily_figures
from twilio_bridge.support.daily_figures import QueueDay, WorkerDay
from twilio_bridge.support.person import FigureRow
from twilio_bridge.support.ports import Figures
from twilio_bridge_cli import aws, output, targets
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command

HELP: Final = (
    "Shows the figures of queues or workers, by day."
    "\n\n"
    "Of a queue: what came in, how long it waited, and what became of it. Of a worker: what became of the offers, and "
    "the time in activities; they are only kept where connectors.twilio_flex.sync.agent_activity is true."
    "\n\n"
    "Days are UTC's. Where there are several, there is a line more for the whole time, whose day is `total`. Times are "
    "seconds in CSV and JSON; what is unknown is a dash, an empty cell, or null."
    "\n\n"
    "Without --table or --stack it is SYNC_STATE_TABLE, else the local stack's (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge report queues --stack twilio-bridge
  twilio-bridge report queues --stack twilio-bridge --from 2026-11-01 --to 2026-11-30 --format csv > november.csv
  twilio-bridge report workers --stack twilio-bridge --json | jq '.[] | {worker, accepted, missed}'

[bold]Exit codes[/bold]  0 shown, also where there are none, 1 refused, 2 usage, 4 unreachable
"""
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

_SWITCH_ON: Final = (
    "Set connectors.twilio_flex.sync.agent_activity to true in your bridge.yaml, and put it in force with "
    "twilio-bridge config put."
)


class Whose(StrEnum):
    """Whose figures."""

    QUEUES = "queues"
    WORKERS = "workers"


class Format(StrEnum):
    """How figures are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


REPORTS: Final = {Whose.QUEUES: QUEUES, Whose.WORKERS: WORKERS}

Of = Annotated[Whose, typer.Argument(metavar="queues|workers", help="Whose figures.")]
First = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="The first day; else that of --to, or today."),
]
Last = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="The last day; else today.")
]
How = Annotated[Format | None, typer.Option("--format", help="How they are written; else as a table.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json: a list of objects.")]
TableName = Annotated[str | None, typer.Option("--table", help="The table SyncState; else SYNC_STATE_TABLE.")]
Stack = Annotated[str | None, typer.Option(help="The deployed stack, whose output names the table.")]
Region = Annotated[str | None, typer.Option(help="The AWS region.")]
EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]


@make_command(EXAMPLES, HELP)
def report(  # noqa: PLR0913  an option each
    of: Of,
    *,
    first: First = None,
    last: Last = None,
    how: How = None,
    as_json: AsJson = False,
    table: TableName = None,
    stack: Stack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Show figures."""
    if as_json and how not in {None, Format.JSON}:
        raise CommandError(f"--json and --format {how} exclude each other.")
    days = list_days(first and first.date(), last and last.date(), datetime.now(UTC).date())
    place = targets.find_target(targets.TABLE, table, stack, read_environment(endpoint_url), region)
    state = Table(aws.make_client("dynamodb", place.environment, region), place.name)
    try:
        lines = sum_lines(REPORTS[of], read_rows(DynamoFigures(state), days), totals=len(days) > 1)
        is_recorded = (
            of is Whose.QUEUES or Configuration(state, None).current().connectors.twilio_flex.sync.agent_activity
        )
    except UpstreamError as error:
        raise aws.explain_failure(error, f"The figures cannot be read from {place.name}") from error
    _write(REPORTS[of], lines, Format.JSON if as_json else how or Format.TABLE)
    if not lines:
        output.print_note(f"No {REPORTS[of].of} has figures from {days[0]} to {days[-1]} in {place.name}.")
    if not is_recorded:
        output.print_warning("agent_activity is off in the configuration in force, so no figures of workers are kept.")
        output.print_remedy(_SWITCH_ON)


def read_rows(figures: Figures, days: list[str]) -> Iterator[FigureRow]:
    """Return the rows of these days."""
    for found in aws.read_in_order(lambda day: list(figures.read_day(day)), days):
        yield from found


def _write(asked: Report, lines: list[Line], how: Format) -> None:
    if how is Format.JSON:
        output.print_json(lines)
    elif how is Format.CSV:
        output.print_text(write_csv(asked, lines))
    elif lines:
        heads = {name: format_heading(name) for name in asked.names}
        numbers = {heads[name] for name in asked.names if name not in {"day", asked.of, ACTIVITIES}}
        shown = [[format_cell(name, line[name]) for name in asked.names] for line in lines]
        output.print_table(list(heads.values()), shown, numbers)


def list_days(first: date | None, last: date | None, today: date) -> list[str]:
    """Return the days from `first` to `last`; without a last one it is today, without a first one the last alone."""
    end = last or today
    start = first or end if last else first or today
    count = (end - start).days + 1
    if count < 1:
        raise CommandError(f"--from {start} is after --to {end}.")
    if count > MAX_DAYS_COUNT:
        raise CommandError(f"These are {count:,} days; figures are kept for {MAX_DAYS_COUNT}.", "Ask for fewer.")
    return [str(start + timedelta(number)) for number in range(count)]


def sum_lines(report: Report, rows: Iterable[FigureRow], *, totals: bool) -> list[Line]:
    """Sum rows."""
    found = report.sums(_with_totals(rows) if totals else rows)
    return [{"day": day, report.of: name, **values} for (day, name), values in found.items()]


def _with_totals(rows: Iterable[FigureRow]) -> Iterator[FigureRow]:
    for row in rows:
        yield row
        yield replace(row, day=TOTAL)


def write_csv(report: Report, lines: Iterable[Line]) -> str:
    """Write lines as RFC 4180 has it; seconds stay seconds, what is unknown is empty, an activity is a column."""
    flat = [_flat(line) for line in lines]
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


def format_heading(name: str) -> str:
    """Return the heading of a column: `avg_wait_s` is Avg, and wait below it."""
    return name.removesuffix("_s").replace("_", "\n").capitalize().replace("Csat", "CSAT")


def format_cell(name: str, value: object) -> str:
    """Write a value for people."""
    if value is None:
        return UNKNOWN
    if isinstance(value, Mapping):
        return ", ".join(f"{activity} {format_duration(seconds)}" for activity, seconds in value.items()) or UNKNOWN
    if isinstance(value, int | float) and name.endswith("_s"):
        return format_duration(value)
    if isinstance(value, float):
        return f"{value:.1%}" if name.endswith("_rate") else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def format_duration(seconds: float) -> str:
    """Write seconds as minutes, and hours where there are any: 3:20, 1:03:20."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
