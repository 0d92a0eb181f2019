"""`twilio-bridge report`: the figures of customers, queues and workers, by day, week or hour.

Where there are several periods there is a line more, whose day is `total`: summed from the rows, for a mean of the
days' means would be wrong.
"""

import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import Configuration
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.config import flex
from twilio_bridge.errors import UpstreamError
from twilio_bridge.support import calendar, daily_figures
from twilio_bridge.support.daily_figures import CustomerDay, QueueDay, WorkerDay
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge.support.ports import Figures
from twilio_bridge_cli import aws, output, targets
from twilio_bridge_cli.commands.report import chart, definitions
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import Region, TableStack

HELP: Final = (
    "Shows the figures of customers, queues or workers, by day, week or hour."
    "\n\n"
    "Of customers: the contacts they began, how long they waited over all queues, and whether anybody answered. Of a "
    "queue: what came in, how long it waited there, and what became of it. Of a worker: what became of the offers, and "
    "the time in activities; they are only kept where connectors.twilio_flex.sync.agent_activity is true. --explain "
    "says what each figure means."
    "\n\n"
    "Days are those of figures.timezone. Where there are several, there is a line more for the whole time, whose day "
    "is `total`. Times are seconds in CSV and JSON; what is unknown is a dash, an empty cell, or null."
    "\n\n"
    "Without --table or --stack it is SYNC_STATE_TABLE, else the local stack's (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge report customers --stack twilio-bridge --from 2026-11-01 --by week
  twilio-bridge report queues --stack twilio-bridge --by hour --explain
  twilio-bridge report queues --stack twilio-bridge --from 2026-11-01 --to 2026-11-30 --format csv > november.csv
  twilio-bridge report workers --stack twilio-bridge --json | jq '.[] | {worker, accepted, missed}'

[bold]Exit codes[/bold]  0 shown, also where there are none, 1 refused, 2 usage, 4 unreachable
"""
Line = Mapping[str, Any]
Sums = Callable[[Iterable[FigureRow], flex.Figures], dict[tuple[str, str], dict[str, Any]]]

MAX_DAYS_COUNT: Final = 400  # figures are kept so long
NO_LIMITS: Final = flex.Figures()
TOTAL: Final = "total"  # comes after every day, also in order
ACTIVITIES: Final = "activities"
UNKNOWN: Final = "-"
# What a spreadsheet takes for the beginning of a formula, in full width, too.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


@dataclass(frozen=True, slots=True)
class Report:
    """Whose figures, what sums them, what the bars measure, the names of what a line holds, and their meanings."""

    of: str
    sums: Sums
    measure: str
    names: tuple[str, ...]
    definitions: Mapping[str, str]


CUSTOMERS: Final = Report(
    "channel",
    daily_figures.sum_customers,
    "interactions",
    ("day", "channel", *CustomerDay().figures()),
    definitions.CUSTOMERS,
)
QUEUES: Final = Report(
    "queue", daily_figures.sum_queues, "entered", ("day", "queue", *QueueDay().figures()), definitions.QUEUES
)
WORKERS: Final = Report(
    "worker", daily_figures.sum_workers, "accepted", ("day", "worker", *WorkerDay().figures()), definitions.WORKERS
)

_SWITCH_ON: Final = (
    "Set connectors.twilio_flex.sync.agent_activity to true in your bridge.yaml, and put it in force with "
    "twilio-bridge config put."
)


class Whose(StrEnum):
    """Whose figures."""

    CUSTOMERS = "customers"
    QUEUES = "queues"
    WORKERS = "workers"


class By(StrEnum):
    """What a line is of."""

    DAY = "day"
    WEEK = "week"
    HOUR = "hour"


class Format(StrEnum):
    """How figures are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


REPORTS: Final = {Whose.CUSTOMERS: CUSTOMERS, Whose.QUEUES: QUEUES, Whose.WORKERS: WORKERS}

Of = Annotated[Whose, typer.Argument(metavar="customers|queues|workers", help="Whose figures.")]
First = Annotated[
    datetime | None,
    typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="The first day; else that of --to, or today."),
]
Last = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="The last day; else today.")
]
Period = Annotated[By, typer.Option("--by", help="What a line is of: a day, a week (ISO 8601), or an hour of a day.")]
Within = Annotated[
    int | None, typer.Option("--within", min=1, metavar="SECONDS", help="The service level's; else as configured.")
]
Explain = Annotated[bool, typer.Option("--explain", help="Say what each figure means, and how the rates came about.")]
How = Annotated[Format | None, typer.Option("--format", help="How they are written; else as a table.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json: a list of objects.")]
TableName = Annotated[str | None, typer.Option("--table", help="The table SyncState; else SYNC_STATE_TABLE.")]
EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]


@make_command(EXAMPLES, HELP)
def report(  # noqa: PLR0913  an option each
    of: Of,
    *,
    first: First = None,
    last: Last = None,
    by: Period = By.DAY,
    within: Within = None,
    explain: Explain = False,
    how: How = None,
    as_json: AsJson = False,
    table: TableName = None,
    stack: TableStack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
) -> None:
    """Show figures."""
    if as_json and how not in {None, Format.JSON}:
        raise CommandError(f"--json and --format {how} exclude each other.")
    place = targets.find_target(targets.TABLE, table, stack, read_environment(endpoint_url), region)
    state = Table(aws.make_client("dynamodb", place.environment, region), place.name)
    try:
        settled = Configuration(state, None).current()
        limits = settled.figures.model_copy(update={"service_level_s": within or settled.figures.service_level_s})
        today = date.fromisoformat(calendar.read_day(int(time.time() * 1000), limits.timezone))
        days = list_days(first and first.date(), last and last.date(), today)
        lines = sum_lines(REPORTS[of], read_rows(DynamoFigures(state), days, of), days, by, limits)
    except UpstreamError as error:
        raise aws.explain_failure(error, f"The figures cannot be read from {place.name}") from error

    _write(REPORTS[of], lines, Format.JSON if as_json else how or Format.TABLE)
    if explain:
        _explain(REPORTS[of], lines, limits)
    if not lines:
        output.print_note(f"No {REPORTS[of].of} has figures from {days[0]} to {days[-1]} in {place.name}.")
    if of is Whose.WORKERS and not settled.connectors.twilio_flex.sync.agent_activity:
        output.print_warning("agent_activity is off in the configuration in force, so no figures of workers are kept.")
        output.print_remedy(_SWITCH_ON)


def read_rows(figures: Figures, days: Sequence[str], of: Whose = Whose.QUEUES) -> Iterator[FigureRow]:
    """Return the rows of these days; of customers those of a day before and after, too, for midnight ends nothing."""
    asked = [_shift(days[0], -1), *days, _shift(days[-1], 1)] if of is Whose.CUSTOMERS else list(days)
    for found in aws.read_in_order(lambda day: list(figures.read_day(day)), asked):
        yield from found


def _shift(day: str, days: int) -> str:
    return str(date.fromisoformat(day) + timedelta(days))


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
        if output.is_terminal() and lines[-1]["day"] == TOTAL:
            _draw(asked, lines)


def _draw(asked: Report, lines: Iterable[Line]) -> None:
    periods = [line for line in lines if line["day"] != TOTAL]
    bars = chart.draw_bars(periods, asked.measure, is_unicode=output.is_unicode())
    output.print_text("\n".join(["", format_heading(asked.measure), *bars]))


def _explain(asked: Report, lines: Iterable[Line], limits: flex.Figures) -> None:
    """Explain the columns; it is no part of the result."""
    for sentence in definitions.explain_figures(asked.definitions, limits.short_abandon_s, limits.service_level_s):
        output.print_note(sentence)
    for line in lines:
        if rate := definitions.explain_rate(line):
            output.print_note(f"{line['day']} {line[asked.of]}: {rate}")
    output.print_note(f"More: {definitions.PAGE}")


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


def sum_lines(
    report: Report,
    rows: Iterable[FigureRow],
    days: Sequence[str],
    by: By = By.DAY,
    limits: flex.Figures = NO_LIMITS,
) -> list[Line]:
    """Sum rows by period, and where there are several all of them once more."""
    every = list(rows)
    if report is CUSTOMERS:
        every = daily_figures.merge_customers(every, limits.same_interaction_s)
    asked = frozenset(days)
    every = [row for row in every if row.day in asked]

    found = report.sums([replace(row, day=_period(row, by)) for row in every], limits)
    if len(days) > 1 or by is By.HOUR:
        found |= report.sums([replace(row, day=TOTAL) for row in every], limits)
    return [{"day": day, report.of: name, **values} for (day, name), values in found.items()]


def _period(row: FigureRow, by: By) -> str:
    """Return what a row's line is of; a former version wrote no hour."""
    if by is By.WEEK:
        year, week, _ = date.fromisoformat(row.day).isocalendar()
        return f"{year}-W{week:02}"
    hour = row.values.get("hour")
    return row.day if by is By.DAY else f"{row.day} {UNKNOWN if hour is None else format(hour, '02')}"


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
        return f"{value:.1%}" if name.endswith(("_rate", "_level")) else f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def format_duration(seconds: float) -> str:
    """Write seconds as minutes, and hours where there are any: 3:20, 1:03:20."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
