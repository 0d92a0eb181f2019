"""`twilio-bridge config`: check a bridge.yaml, put it in force, show it, and go back to the packaged one."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import KEEP_S, KEY, store, stored
from twilio_bridge.config.schema import PACKAGED
from twilio_bridge.errors import UpstreamError
from twilio_bridge_cli import aws, output
from twilio_bridge_cli.commands.config import checking
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import USAGE
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import Region, TableStack, Yes
from twilio_bridge_cli.targets import TABLE, Target, find_target

TAKES_EFFECT: Final = f"Functions follow within {KEEP_S // 60} minutes."
CHECK_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge config check bridge.yaml
  twilio-bridge config check bridge.yaml --json | jq .problems
  AIRTABLE_TOKEN=pat… AIRTABLE_BASE_ID=app… twilio-bridge config check bridge.yaml --live

[bold]Exit codes[/bold]  0 nothing is wrong, 2 something is
"""
PUT_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge config put bridge.yaml --stack twilio-bridge
  twilio-bridge config put bridge.yaml --table twilio-bridge-SyncState-1A2B3C --region eu-west-1
"""
SHOW_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge config show --stack twilio-bridge
  twilio-bridge config show --packaged > bridge.yaml
"""
REMOVE_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge config remove --stack twilio-bridge
  twilio-bridge config remove --table twilio-bridge-SyncState-1A2B3C --yes
"""

File = Annotated[Path, typer.Argument(metavar="FILE", help="A bridge.yaml.")]
TableName = Annotated[str | None, typer.Option("--table", help="The table SyncState; else SYNC_STATE_TABLE.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {file, ok, problems, warnings}.")]
Live = Annotated[
    bool,
    typer.Option(
        "--live", help="Look at the base (AIRTABLE_TOKEN, AIRTABLE_BASE_ID) and at Brevo (BREVO_API_KEY), too."
    ),
]
Packaged = Annotated[bool, typer.Option("--packaged", help="The packaged one, with every key and its default.")]


@make_command(CHECK_EXAMPLES)
def check(file: File, *, live: Live = False, as_json: AsJson = False) -> None:
    """Show everything that is wrong with a file, and what to do about each.

    With --live the base is looked at, too: tables, columns and their types, and cells that cannot be read; and with
    BREVO_API_KEY the attributes that the mapping writes to.
    """
    text = checking.read_file(file)
    found = checking.find_problems(text)
    warnings = [] if found else checking.find_warnings(text)
    if not as_json:
        _warn(file, warnings)
    if live and not found:
        _check_live(file, text, as_json=as_json)
    if as_json:
        lists = {"problems": found, "warnings": warnings}
        shown = {name: [asdict(problem) for problem in problems] for name, problems in lists.items()}
        output.print_json({"file": str(file), "ok": not found, **shown})
    elif not found:
        output.print_note(f"{file}: nothing is wrong.", "green")
    else:
        _explain(file, found)
    raise typer.Exit(USAGE if found else 0)


@make_command(PUT_EXAMPLES)
def put(file: File, *, table: TableName = None, stack: TableStack = None, region: Region = None) -> None:
    """Check a file and put it in force."""
    text = checking.read_file(file)
    if found := checking.find_problems(text):
        _explain(file, found)
        output.print_note("Nothing was stored.")
        raise typer.Exit(USAGE)
    _warn(file, checking.find_warnings(text))
    target = find_target(TABLE, table, stack, read_environment(), region)
    try:
        store(_table(target, region), text)
    except UpstreamError as error:
        raise aws.explain_failure(error, f"The configuration cannot be stored in {target.name}") from error
    output.print_note(f"Stored in {target.name}. {TAKES_EFFECT}", "green")


@make_command(SHOW_EXAMPLES)
def show(
    *, table: TableName = None, stack: TableStack = None, region: Region = None, packaged: Packaged = False
) -> None:
    """Show the configuration in force, the stored one or else the packaged one, and what is wrong with it."""
    if packaged:
        output.print_yaml(PACKAGED.read_text(encoding="utf-8"))
        return
    target = find_target(TABLE, table, stack, read_environment(), region)
    text = _stored(target, region)
    output.print_note(
        f"Stored in {target.name}." if text else f"The packaged one: none is stored in {target.name}.", "dim"
    )
    output.print_yaml(text or PACKAGED.read_text(encoding="utf-8"))
    if text and (found := checking.find_problems(text)):
        _explain(Path(KEY[1]), found)
        output.print_warning("It cannot be used: functions stay with the one before it, or go by the packaged one.")
        raise typer.Exit(USAGE)


@make_command(REMOVE_EXAMPLES)
def remove(*, table: TableName = None, stack: TableStack = None, region: Region = None, yes: Yes = False) -> None:
    """Remove the stored configuration, so that the packaged one is in force again."""
    target = find_target(TABLE, table, stack, read_environment(), region)
    if not _stored(target, region):
        output.print_note(f"None is stored in {target.name}; the packaged one is in force.")
        return
    if not yes:
        typer.confirm(f"Remove the configuration from {target.name}?", abort=True, err=True)
    _delete(target, region)
    output.print_note(f"Removed; the packaged one is in force again. {TAKES_EFFECT}", "green")


def _table(target: Target, region: str | None) -> Table:
    return Table(aws.make_client("dynamodb", target.environment, region), target.name)


def _stored(target: Target, region: str | None) -> str | None:
    try:
        return stored(_table(target, region))
    except UpstreamError as error:
        raise aws.explain_failure(error, f"The configuration cannot be read from {target.name}") from error


def _delete(target: Target, region: str | None) -> None:
    key = {"pk": {"S": KEY[0]}, "sk": {"S": KEY[1]}}
    try:
        aws.make_client("dynamodb", target.environment, region).delete_item(TableName=target.name, Key=key)
    except FAILURES as error:
        raise aws.explain_failure(error, f"The configuration cannot be removed from {target.name}") from error


def _check_live(file: Path, text: str, *, as_json: bool) -> None:
    """Print what is wrong with the base, and end: with 2 where something is an error."""
    from twilio_bridge.config.schema import parse  # noqa: PLC0415  only for this option, as Airtable's client is
    from twilio_bridge_cli.commands.config import live_brevo  # noqa: PLC0415
    from twilio_bridge_cli.commands.config.live import LiveBase  # noqa: PLC0415

    environment, settled = read_environment(), parse(text)
    found = [*LiveBase(environment, settled).find_problems(), *live_brevo.find_problems(environment, settled)]
    is_ok = not any(finding.is_error for finding in found)
    if as_json:
        output.print_json({"file": str(file), "ok": is_ok, "problems": [asdict(finding) for finding in found]})
    elif not found:
        output.print_note(f"{file}: nothing is wrong, and the base fits it.", "green")
    for finding in [] if as_json else found:
        shown = f"{finding.message}: {', '.join(finding.records)}" if finding.records else finding.message
        output.print_problem(
            finding.place or "Airtable", shown if finding.is_error else f"{shown} (a warning)", finding.remedy
        )
    raise typer.Exit(0 if is_ok else USAGE)


def _warn(file: Path, warnings: list[checking.Problem]) -> None:
    for warning in warnings:
        output.print_problem(
            f"{file}:{warning.line}", f"{warning.place}: {warning.message} (a warning)", warning.remedy
        )


def _explain(file: Path, found: list[checking.Problem]) -> None:
    for problem in found:
        where = f"{file}:{problem.line}" if problem.line else str(file)
        output.print_problem(
            where, ": ".join(part for part in (problem.place, problem.message) if part), problem.remedy
        )
    output.print_note(f"{len(found)} problem{'s' if len(found) > 1 else ''}.", "bold")
