"""`twilio-bridge insights lint`: what attributes break of the rules of Flex Insights."""

from pathlib import Path
from typing import Annotated, Final

import typer

from twilio_bridge_cli import output
from twilio_bridge_cli.commands.insights.reading import read_file
from twilio_bridge_cli.commands.insights.showing import count_severities, print_report, to_json
from twilio_bridge_cli.errors import DONE, REFUSED
from twilio_bridge_cli.groups import make_command

HELP: Final = (
    "Show what attributes of tasks or workers break of the rules of Flex Insights."
    "\n\n"
    "WHAT is a file (attributes, a task or a worker as TaskRouter has them, a list of these or one a line; - is "
    "standard input). Findings hold no values. docs/insights.md has the rules."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge insights lint attributes.json
  twilio-bridge insights lint worker.json --worker
  twilio-bridge insights lint tasks.jsonl --json | jq '.findings[].code'

[bold]Exit codes[/bold]  0 no errors, 1 errors (with --strict: or warnings), 2 usage
"""

What = Annotated[str, typer.Argument(metavar="FILE", help="What to look at.")]
OfWorkers = Annotated[bool, typer.Option("--worker", help="The file has attributes of workers.")]
Hipaa = Annotated[bool, typer.Option("--hipaa", help="The account is under HIPAA.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with 1 where there are only warnings, too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@make_command(EXAMPLES, HELP)
def lint(
    what: What, *, of_workers: OfWorkers = False, hipaa: Hipaa = False, strict: Strict = False, as_json: AsJson = False
) -> None:
    """Look at a file."""
    looked = read_file(Path(what), of_workers=of_workers, is_hipaa=hipaa)
    output.print_json(to_json(looked)) if as_json else print_report(looked)

    errors, warnings = count_severities(looked)
    raise typer.Exit(REFUSED if errors or (strict and warnings) else DONE)
