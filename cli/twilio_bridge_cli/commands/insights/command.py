"""`twilio-bridge insights lint`: what attributes break of the rules of Flex Insights."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from twilio_bridge_cli import output
from twilio_bridge_cli.commands.insights.reading import Looked, read_file
from twilio_bridge_cli.commands.insights.showing import count_severities, print_report, to_json
from twilio_bridge_cli.errors import DONE, REFUSED, CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import Region

HELP: Final = (
    "Show what attributes of tasks or workers break of the rules of Flex Insights."
    "\n\n"
    "WHAT is a file (attributes, a task or a worker as TaskRouter has them, a list of these or one a line; - is "
    "standard input) or the SID of a task. With --stream all open tasks are read again and again, and findings are "
    "counted by code, until Ctrl-C. Findings hold no values. docs/insights.md has the rules."
    "\n\n"
    "Without --stack, tasks are those of the local stack (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge insights lint attributes.json
  twilio-bridge insights lint worker.json --worker
  twilio-bridge insights lint tasks.jsonl --json | jq '.findings[].code'
  twilio-bridge insights lint WT0123456789abcdef0123456789abcdef --stack twilio-bridge
  twilio-bridge insights lint --stream --stack twilio-bridge

[bold]Exit codes[/bold]  0 no errors, 1 errors (with --strict: or warnings), 2 usage, 4 unreachable
"""
TASK_SID: Final = re.compile(r"WT[0-9A-Za-z]{32}")

What = Annotated[str, typer.Argument(metavar="[FILE | TASK_SID]", help="What to look at.")]
Stream = Annotated[bool, typer.Option("--stream", help="Look at all open tasks, until Ctrl-C.")]
Every = Annotated[float, typer.Option(min=2, help="With --stream: seconds between two looks.")]
Looks = Annotated[int, typer.Option(min=0, help="With --stream: end after so many looks; 0: never.")]
OfWorkers = Annotated[bool, typer.Option("--worker", help="The file has attributes of workers.")]
Hipaa = Annotated[bool, typer.Option("--hipaa", help="The account is under HIPAA.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with 1 where there are only warnings, too.")]
Stack = Annotated[str | None, typer.Option(help="The deployed stack whose account has the tasks.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, with --stream one for each look.")]


@make_command(EXAMPLES, HELP)
def lint(  # noqa: PLR0913  they are the command's options
    what: What = "",
    *,
    stream: Stream = False,
    every: Every = 30.0,
    looks: Looks = 0,
    of_workers: OfWorkers = False,
    hipaa: Hipaa = False,
    strict: Strict = False,
    as_json: AsJson = False,
    stack: Stack = None,
    region: Region = None,
) -> None:
    """Look at a file, a task, or all open tasks."""
    if bool(what) == stream:
        raise CommandError("Name a file or a task's SID, or look at all open tasks with --stream.")
    if stream:
        from twilio_bridge_cli.commands.insights.streaming import count_findings  # noqa: PLC0415  boto3 and the SDK

        looked = count_findings(stack, region, every, looks, is_hipaa=hipaa, as_json=as_json)
    else:
        looked = _read(what, stack, region, of_workers=of_workers, is_hipaa=hipaa)
        output.print_json(to_json(looked)) if as_json else print_report(looked)

    errors, warnings = count_severities(looked)
    raise typer.Exit(REFUSED if errors or (strict and warnings) else DONE)


def _read(what: str, stack: str | None, region: str | None, *, of_workers: bool, is_hipaa: bool) -> list[Looked]:
    if not TASK_SID.fullmatch(what) or Path(what).exists():
        return read_file(Path(what), of_workers=of_workers, is_hipaa=is_hipaa)
    from twilio_bridge_cli.commands.insights.streaming import look_at_task  # noqa: PLC0415  as above

    return [look_at_task(what, stack, region, is_hipaa=is_hipaa)]
