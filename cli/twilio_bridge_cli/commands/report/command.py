"""`twilio-bridge report`: the figures of queues and workers, by day."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import typer

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.errors import UpstreamError
from twilio_bridge.support.person import FigureRow
from twilio_bridge.support.ports import Figures
from twilio_bridge_cli import aws, output, reading, targets
from twilio_bridge_cli.commands.report import figure_lines
from twilio_bridge_cli.commands.report.figure_lines import ACTIVITIES, QUEUES, WORKERS, Line, Report
from twilio_bridge_cli.environment import surroundings
from twilio_bridge_cli.errors import CommandError

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
    days = figure_lines.days(first and first.date(), last and last.date(), datetime.now(UTC).date())
    place = targets.find(targets.TABLE, table, stack, surroundings(endpoint_url), region)
    figures = DynamoFigures(Table(aws.client("dynamodb", place.around, region), place.name))
    try:
        lines = figure_lines.lines(REPORTS[of], rows(figures, days), totals=len(days) > 1)
    except UpstreamError as error:
        raise aws.explained(error, f"The figures cannot be read from {place.name}") from error
    _write(REPORTS[of], lines, Format.JSON if as_json else how or Format.TABLE)
    if not lines:
        output.note(f"No {REPORTS[of].of} has figures from {days[0]} to {days[-1]} in {place.name}.")


def rows(figures: Figures, days: list[str]) -> Iterator[FigureRow]:
    """Return the rows of these days."""
    for found in reading.in_order(lambda day: list(figures.read_day(day)), days):
        yield from found


def _write(asked: Report, lines: list[Line], how: Format) -> None:
    if how is Format.JSON:
        output.data(lines)
    elif how is Format.CSV:
        output.plain(figure_lines.csv_text(asked, lines))
    elif lines:
        heads = {name: figure_lines.head(name) for name in asked.names}
        numbers = {heads[name] for name in asked.names if name not in {"day", asked.of, ACTIVITIES}}
        shown = [[figure_lines.cell(name, line[name]) for name in asked.names] for line in lines]
        output.table(list(heads.values()), shown, numbers)
