"""`twilio-bridge check`: the connection to every system, the set-up there, and the deployment; a line each."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from twilio_bridge.status.findings import Finding, State, has_failed
from twilio_bridge.status.probing import run_probes
from twilio_bridge_cli import output
from twilio_bridge_cli.commands.check.building import build_probes, read_before_deployment, read_deployed
from twilio_bridge_cli.deployments import find_deployment_if_any
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import DONE, REFUSED, CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import Region, Stack

HELP: Final = (
    "Checks the connection to Twilio, Airtable and Brevo, their set-up, and the deployment: a line each."
    "\n\n"
    "With --stack it is the deployed stack that is checked, with the secrets and the configuration that it has. "
    "Without, it is the local stack (make run) where one runs, else what the environment and .env say, before a "
    "deployment. What does not hold has its remedy below it. Nothing is changed: the deployment's own URLs are called "
    "with what no callback does anything about."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge check
  twilio-bridge check --before my-bridge.yaml
  twilio-bridge check --stack twilio-bridge
  twilio-bridge check --stack twilio-bridge --json | jq '.findings[] | select(.state == "fault")'

[bold]Exit codes[/bold]  0 all holds, 1 something does not or could not be found out, 2 usage
"""
SYSTEMS: Final = {
    "twilio": "Twilio",
    "airtable": "Airtable",
    "brevo": "Brevo",
    "aws": "The stack",
    "bridge": "Its URLs",
}
# A mark where every character can be shown, one where not, and a colour.
MARKS: Final[dict[State, tuple[str, str, str]]] = {
    "ok": ("✓", "ok  ", "green"),
    "note": ("!", "note", "yellow"),
    "fault": ("✗", "FAIL", "red"),
    "away": ("?", "AWAY", "red"),
    "skipped": ("-", "skip", "dim"),
}


class System(StrEnum):
    """A system that is checked: a vendor, the stack at AWS, or its own URLs."""

    TWILIO = "twilio"
    AIRTABLE = "airtable"
    BREVO = "brevo"
    AWS = "aws"
    URLS = "bridge"


EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
Before = Annotated[
    Path | None,
    typer.Option("--before", metavar="FILE", help="Check the environment and .env with this bridge.yaml; no stack."),
]
Only = Annotated[list[System] | None, typer.Option("--only", help="Only this system; can be given several times.")]
Seconds = Annotated[float, typer.Option("--seconds", min=1, max=300, help="How long each system may take.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {ok, findings}.")]


@make_command(EXAMPLES, HELP)
def check(
    *,
    stack: Stack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    before: Before = None,
    only: Only = None,
    seconds: Seconds = 30.0,
    as_json: AsJson = False,
) -> None:
    """Check everything."""
    if before and stack:
        raise CommandError("--before and --stack exclude each other.", "--before is for what is not deployed yet.")
    environment = read_environment(endpoint_url)
    deployment = None if before else find_deployment_if_any(stack, environment, region)
    checked = read_deployed(deployment, region) if deployment else read_before_deployment(environment, before)

    wanted = set(only or System)
    probes = [probe for probe in build_probes(checked) if probe.system in wanted]
    found = run_probes(probes, seconds)

    if as_json:
        output.print_json({"ok": not has_failed(found), "findings": [asdict(each) for each in found]})
    else:
        show_findings(found)
    raise typer.Exit(REFUSED if has_failed(found) else DONE)


def show_findings(found: Sequence[Finding]) -> None:
    """Print a line for each finding under its system, and the remedy below what does not hold."""
    console = output.open_stdout()
    for system, findings in groupby(found, key=lambda each: each.system):
        console.print(Text(SYSTEMS.get(system, system), style="bold"))
        for each in findings:
            mark, word, colour = MARKS[each.state]
            shown = mark if output.is_unicode() else word
            line = Text.assemble("  ", (shown, colour), " ", output.escape_control(each.text, keep=""))
            console.print(line, soft_wrap=True)
            if each.remedy:
                arrow = "→" if output.is_unicode() else ">"
                console.print(Text(f"      {arrow} {output.escape_control(each.remedy, keep='')}"), soft_wrap=True)
