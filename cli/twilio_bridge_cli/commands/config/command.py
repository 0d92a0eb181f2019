"""`twilio-bridge config`: check a bridge.yaml, put it in force, show what is, and go back to the packaged one."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import KEEP_S, KEY, store, stored
from twilio_bridge.config.schema import PACKAGED
from twilio_bridge.errors import UpstreamError
from twilio_bridge_cli import aws, output
from twilio_bridge_cli.commands.config import checking
from twilio_bridge_cli.environment import Surroundings, surroundings
from twilio_bridge_cli.errors import USAGE, CommandError
from twilio_bridge_cli.flags import Command, Group

TAKES_EFFECT = f"Functions follow within {KEEP_S // 60} minutes."
TITLE = "[bold]Examples[/bold]"
CHECK_EXAMPLES = f"""
{TITLE}
  twilio-bridge config check bridge.yaml
  twilio-bridge config check bridge.yaml --json | jq .problems

[bold]Exit codes[/bold]  0 nothing is wrong, 2 something is
"""
PUT_EXAMPLES = f"""
{TITLE}
  twilio-bridge config put bridge.yaml --stack twilio-bridge
  twilio-bridge config put bridge.yaml --table twilio-bridge-SyncState-1A2B3C --region eu-west-1
"""
SHOW_EXAMPLES = f"""
{TITLE}
  twilio-bridge config show --stack twilio-bridge
  twilio-bridge config show --packaged > bridge.yaml
"""
REMOVE_EXAMPLES = f"""
{TITLE}
  twilio-bridge config remove --stack twilio-bridge
  twilio-bridge config remove --table twilio-bridge-SyncState-1A2B3C --yes
"""

File = Annotated[Path, typer.Argument(metavar="FILE", help="A bridge.yaml.")]
TableName = Annotated[str | None, typer.Option("--table", help="The table SyncState; else SYNC_STATE_TABLE.")]
Stack = Annotated[str | None, typer.Option(help="The deployed stack, whose output names the table.")]
Region = Annotated[str | None, typer.Option(help="The AWS region.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {file, ok, problems}.")]
Packaged = Annotated[bool, typer.Option("--packaged", help="The packaged one, with every key and its default.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Checks, stores and shows what people configure (bridge.yaml).",
    epilog=f"{PUT_EXAMPLES.rstrip()}{SHOW_EXAMPLES.replace(TITLE, '').rstrip()}",
)


@app.command(cls=Command, epilog=CHECK_EXAMPLES)
def check(file: File, *, as_json: AsJson = False) -> None:
    """Say everything that is wrong with a file, and what to do about each."""
    found = checking.problems(checking.read(file))
    if as_json:
        output.data({"file": str(file), "ok": not found, "problems": [asdict(problem) for problem in found]})
    elif not found:
        output.note(f"{file}: nothing is wrong.", "green")
    else:
        _explain(file, found)
    raise typer.Exit(USAGE if found else 0)


@app.command(cls=Command, epilog=PUT_EXAMPLES)
def put(file: File, *, table: TableName = None, stack: Stack = None, region: Region = None) -> None:
    """Check a file and put it in force."""
    text = checking.read(file)
    if found := checking.problems(text):
        _explain(file, found)
        output.note("Nothing was stored.")
        raise typer.Exit(USAGE)
    name = _name(table, stack, surroundings(), region)
    try:
        store(_table(name, region), text)
    except UpstreamError as error:
        raise aws.explained(error, f"The configuration cannot be stored in {name}") from error
    output.note(f"Stored in {name}. {TAKES_EFFECT}", "green")


@app.command(cls=Command, epilog=SHOW_EXAMPLES)
def show(*, table: TableName = None, stack: Stack = None, region: Region = None, packaged: Packaged = False) -> None:
    """Show the configuration in force, the stored one or else the packaged one, and say what is wrong with it."""
    if packaged:
        output.yaml(PACKAGED.read_text(encoding="utf-8"))
        return
    name = _name(table, stack, surroundings(), region)
    text = _stored(name, region)
    output.note(f"Stored in {name}." if text else f"The packaged one: none is stored in {name}.", "dim")
    output.yaml(text or PACKAGED.read_text(encoding="utf-8"))
    if text and (found := checking.problems(text)):
        _explain(Path(KEY[1]), found)
        output.warn("It cannot be used: functions stay with the one before it, or go by the packaged one.")
        raise typer.Exit(USAGE)


@app.command(cls=Command, epilog=REMOVE_EXAMPLES)
def remove(*, table: TableName = None, stack: Stack = None, region: Region = None, yes: Yes = False) -> None:
    """Remove the stored configuration, so that the packaged one is in force again."""
    name = _name(table, stack, surroundings(), region)
    if not _stored(name, region):
        output.note(f"None is stored in {name}; the packaged one is in force.")
        return
    if not yes:
        typer.confirm(f"Remove the configuration from {name}?", abort=True, err=True)
    _delete(name, region)
    output.note(f"Removed; the packaged one is in force again. {TAKES_EFFECT}", "green")


def _name(table: str | None, stack: str | None, around: Surroundings, region: str | None) -> str:
    """Return the table's name: as it is said, as the stack says, or as SYNC_STATE_TABLE says."""
    if table and stack:
        raise CommandError("--table and --stack exclude each other.")
    if stack:
        return aws.output_of(stack, aws.TABLE_OUTPUT, around, region)
    if name := table or around.get("SYNC_STATE_TABLE"):
        return name
    raise CommandError("Which table?", "Name the stack: --stack twilio-bridge; or the table: --table.")


def _table(name: str, region: str | None) -> Table:
    return Table(aws.client("dynamodb", surroundings(), region), name)


def _stored(name: str, region: str | None) -> str | None:
    try:
        return stored(_table(name, region))
    except UpstreamError as error:
        raise aws.explained(error, f"The configuration cannot be read from {name}") from error


def _delete(name: str, region: str | None) -> None:
    key = {"pk": {"S": KEY[0]}, "sk": {"S": KEY[1]}}
    try:
        aws.client("dynamodb", surroundings(), region).delete_item(TableName=name, Key=key)
    except FAILURES as error:
        raise aws.explained(error, f"The configuration cannot be removed from {name}") from error


def _explain(file: Path, found: list[checking.Problem]) -> None:
    for problem in found:
        where = f"{file}:{problem.line}" if problem.line else str(file)
        output.problem(where, ": ".join(part for part in (problem.place, problem.message) if part), problem.remedy)
    output.note(f"{len(found)} problem{'s' if len(found) > 1 else ''}.", "bold")
