"""`twilio-bridge workers sync`: attributes of many workers out of a CSV file or an Airtable table."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from twilio_bridge.adapters.twilio.tasks import TwilioWorkers
from twilio_bridge.errors import UpstreamError
from twilio_bridge.insights.worker_job import sync_table
from twilio_bridge_cli import output
from twilio_bridge_cli.commands.workers.file_rows import read_rows
from twilio_bridge_cli.commands.workers.showing import Document, show_plan, show_problems, show_result
from twilio_bridge_cli.deployments import find_deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import DONE, REFUSED, CommandError, RefusedCommandError, UnreachableError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.invoking import invoke_function
from twilio_bridge_cli.options import Region, StackOrLocal
from twilio_bridge_cli.taskrouter import open_taskrouter

HELP: Final = (
    "Bring the attributes of workers that Flex Insights reads to TaskRouter."
    "\n\n"
    "The file's first line names the columns: one that names the worker (insights.workers.key: e-mail address, "
    "friendly name or SID), the others are attributes, by their own names or as insights.workers.columns has it. "
    "What a worker has beside them stays; an empty cell changes nothing. The differences are shown first. A run that "
    "was interrupted is simply started again: what is done is no difference any more."
    "\n\n"
    "Flex Insights shows new attributes only after the agent's next login and status change, and its hourly load. "
    "Try it on a test account first."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge workers sync agents.csv --stack twilio-bridge --dry-run
  twilio-bridge workers sync agents.csv --stack twilio-bridge
  twilio-bridge workers sync --airtable Agents --stack twilio-bridge --yes --json

[bold]Exit codes[/bold]  0 done, 1 refused, or some workers are unknown or could not be written, 2 usage, 4 unreachable
"""
RERUN: Final = "Start it again: what is done is no difference any more."

File = Annotated[Path | None, typer.Argument(metavar="FILE.csv", help="The file, UTF-8, with commas or semicolons.")]
Airtable = Annotated[str | None, typer.Option(metavar="TABLE", help="A table of the base in place of a file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before writing.")]
Force = Annotated[bool, typer.Option("--force", help="Write although insights.workers.sso is on.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object; it implies --yes.")]


@make_command(EXAMPLES, HELP)
def sync(  # noqa: PLR0913  they are the command's options
    file: File = None,
    *,
    airtable: Airtable = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    force: Force = False,
    as_json: AsJson = False,
    stack: StackOrLocal = None,
    region: Region = None,
) -> None:
    """Show the differences, ask, and write."""
    if (file is None) is (airtable is None):
        raise CommandError("Name a file, or a table with --airtable.", "twilio-bridge workers sync agents.csv")
    work = _of_table(airtable, stack, region) if airtable else _of_file(file or Path(), stack, region)
    try:
        document = work(apply=False, force=force)
        if document["problems"]:
            show_problems(document["problems"])
            raise CommandError(f"{len(document['problems'])} mistakes in the table: nothing is written.")
        if not as_json:
            show_plan(document)
        is_writing = _is_to_write(document, dry_run=dry_run, force=force, asks=not (yes or as_json))
        document = work(apply=True, force=force) if is_writing else document
    except UpstreamError as error:
        raise UnreachableError(f"{error}.", RERUN) from error

    show_result(document, as_json=as_json)
    raise typer.Exit(REFUSED if _has_failed(document) else DONE)


def _of_file(file: Path, stack: str | None, region: str | None) -> Callable[..., Document]:
    """Return the work on a file: read here, written from here, under the deployment's limit."""
    rows = read_rows(file)
    taskrouter = open_taskrouter(find_deployment(stack, read_environment(), region), region)
    workers, settled = TwilioWorkers(taskrouter.requests), taskrouter.settled.insights

    def work(*, apply: bool, force: bool) -> Document:
        if not apply:
            return sync_table(rows, workers, settled, apply=False)
        with output.show_count("Writing workers") as advance:
            return sync_table(rows, workers, settled, apply=True, force=force, advance=advance)

    return work


def _of_table(table: str, stack: str | None, region: str | None) -> Callable[..., Document]:
    """Return the work on a table of the base, which EnrichWorkersFunction does."""
    deployment = find_deployment(stack, read_environment(), region)

    def work(*, apply: bool, force: bool) -> Document:
        event = {"table": table, "apply": apply, "force": force}
        return invoke_function(deployment, region, "EnrichWorkersFunction", event)

    return work


def _is_to_write(document: Document, *, dry_run: bool, force: bool, asks: bool) -> bool:
    if dry_run or not document["to_write"]:
        return False
    if document["sso"] and not force:
        raise RefusedCommandError(
            "insights.workers.sso is on: your identity provider would write over it at the next login.",
            "Set the SAML attributes there, or write all the same: --force",
        )
    return not asks or typer.confirm(f"Write to {document['to_write']:,} workers?", err=True)


def _has_failed(document: Document) -> bool:
    failed = {name for name, count in document.get("results", {}).items() if count} - {"written", "unchanged"}
    return bool(failed or document["unknown"] or document["ambiguous"] or document["malformed"])
