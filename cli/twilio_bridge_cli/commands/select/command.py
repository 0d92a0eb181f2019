"""`twilio-bridge select`: SQL over Twilio's resources."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from twilio_bridge.entities.engine import Parameters
from twilio_bridge.entities.operations import Operations, distinct_names
from twilio_bridge.entities.reading import MAX_REQUEST_COUNT, MAX_SECONDS, Statement, describe_pushed
from twilio_bridge.entities.values import write_result
from twilio_bridge_cli import output, rows
from twilio_bridge_cli.commands.entities import options
from twilio_bridge_cli.commands.entities.account import open_operations
from twilio_bridge_cli.commands.entities.command import summarize
from twilio_bridge_cli.commands.select.saved_statements import find_report, read_reports
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command

HELP: Final = (
    "Runs one SELECT over Twilio's resources as tables: joins, aggregates, WITH and date functions work."
    "\n\n"
    "Conditions run at Twilio where they can; rows are shown while they come. To and From are words of SQL: they are "
    "also called Recipient and Sender. Moments are UTC, as 2026-11-29 10:00:00. country(number) is a number's country."
    "\n\n"
    "A statement only reads, and makes no more than --max-requests requests. --explain shows them and makes none."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge select "SELECT Status, count(*) FROM Messages WHERE DateSent >= date('now', '-7 days') GROUP BY Status"
  twilio-bridge select "SELECT * FROM Calls WHERE Recipient = ? LIMIT 5" +14155550100 --json
  twilio-bridge select "SELECT p.* FROM Conferences c JOIN Participants p ON p.ConferenceSid = c.Sid" --explain
  twilio-bridge select --report failed-deliveries --param "since=-7 days" --format csv > failed.csv

[bold]Exit codes[/bold]
  0 done, 1 refused by Twilio, 2 usage or a statement that cannot be run, 4 unreachable
"""
REPORTS, RUN = "Saved statements", "How it runs"

Sql = Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; - reads it from stdin.")]
Given = Annotated[list[str] | None, typer.Argument(metavar="VALUE…", help="What stands for each ? in it.")]
ReportName = Annotated[str, typer.Option("--report", metavar="NAME", help="Run a saved one.", rich_help_panel=REPORTS)]
Folder = Annotated[
    Path | None,
    typer.Option("--reports", metavar="FOLDER", help="A folder with more of them (.sql).", rich_help_panel=REPORTS),
]
ListReports = Annotated[bool, typer.Option("--list-reports", help="Show which there are.", rich_help_panel=REPORTS)]
Named = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="What stands for :NAME.", rich_help_panel=RUN)
]
Explain = Annotated[bool, typer.Option("--explain", help="Show the requests, and make none.", rich_help_panel=RUN)]
Timeout = Annotated[
    float, typer.Option(min=0.1, help="Seconds it may compute; waiting does not count.", rich_help_panel=RUN)
]


@make_command(EXAMPLES, HELP)
def select(  # noqa: PLR0913  an option each
    sql: Sql = "",
    values: Given = None,
    *,
    report: ReportName = "",
    folder: Folder = None,
    list_reports: ListReports = False,
    named: Named = None,
    max_requests: options.MaxRequests = MAX_REQUEST_COUNT,
    timeout: Timeout = MAX_SECONDS,
    explain: Explain = False,
    form: options.As = None,
    as_json: options.AsJson = False,
    secret: options.Secret = None,
    region: options.Region = None,
) -> None:
    """Run a statement."""
    if list_reports:
        _show_reports(folder)
        return
    text, parameters = _statement(sql, values or [], report, folder, named or [])
    operations = open_operations(secret, region)
    statement = Statement(operations.twilio, max_requests, seconds=timeout)
    if explain:
        _show_plan(operations, text, parameters, statement, as_json=as_json)
        return
    with output.show_budget(max_requests) as bar:
        statement.on_progress = lambda now: bar.show(
            now.requests, f"{now.requests:,} requests, {now.scanned:,} rows read"
        )
        columns, found = operations.engine.execute(text, parameters, statement)
        names = distinct_names([column.name for column in columns])
        written = (tuple(map(write_result, row)) for row in found)
        count = rows.write_rows(names, bar.make_way(written), rows.choose_format(form, as_json=as_json))
    pushed = describe_pushed(statement.tallies)
    output.print_note(summarize(count, statement) + (f"; pushed down: {', '.join(pushed)}" if pushed else ""), "dim")


def _statement(
    sql: str, values: list[str], report: str, folder: Path | None, named: list[str]
) -> tuple[str, Parameters]:
    given = dict(_pair(argument) for argument in named)
    if report:
        if sql:
            raise CommandError("A statement and --report exclude each other.")
        found = find_report(report, folder)
        return found.sql, found.bind(given)
    if not sql:
        raise CommandError("Which statement?", 'Such as: twilio-bridge select "SELECT * FROM Messages LIMIT 5"')
    if given and values:
        raise CommandError("Values for ? and --param exclude each other.")
    text = typer.get_text_stream("stdin").read() if sql == "-" else sql
    return text, given or values


def _pair(argument: str) -> tuple[str, str]:
    name, sign, value = argument.partition("=")
    if not sign:
        raise CommandError(f"{argument!r} is no NAME=VALUE.")
    return name.lstrip(":"), value


def _show_reports(folder: Path | None) -> None:
    lines = [
        (each.name, each.about, ", ".join(f"{n}={d}" for n, (_, d) in each.parameters.items()))
        for each in read_reports(folder)
    ]
    output.print_table(("Report", "What it shows", "Parameters"), lines, ())


def _show_plan(
    operations: Operations, sql: str, parameters: Parameters, statement: Statement, *, as_json: bool
) -> None:
    steps: list[dict[str, Any]] = operations.engine.explain(sql, parameters, statement)
    if as_json:
        output.print_json(steps)
        return
    lines = []
    for number, step in enumerate(steps):
        often = "once" if number == 0 else "for each row before, once a value"
        lines.append((step["table"], step["request"], "page by page" if step["pages"] else "one row", often))
    output.print_table(("Table", "Request", "Reads", "How often"), lines, ())
    output.print_note("… is a value that is known only while it runs. No request was made.", "dim")
