"""`twilio-bridge status`: the status document of a deployment, as lines or as JSON, once or again and again."""

import time
from typing import Annotated, Any, Final

import typer

from twilio_bridge_cli import output
from twilio_bridge_cli.commands.status.showing import describe_status
from twilio_bridge_cli.deployments import find_deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import DONE, REFUSED
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.invoking import invoke_function
from twilio_bridge_cli.options import Region, Stack
from twilio_bridge_cli.watching import ask_patiently

HELP: Final = (
    "Shows how a deployment is: vendors, contacts, events, queues, quota; and keeps showing it with --watch."
    "\n\n"
    "It is what GET /status answers. Numbers that nobody has measured are shown as unknown, and null in JSON. "
    "Conversations and customers are counted once a day, or now with --count; the moment stands beside them."
    "\n\n"
    "Without --stack it is the local stack (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge status --stack twilio-bridge
  twilio-bridge status --stack twilio-bridge --watch
  twilio-bridge status --stack twilio-bridge --json | jq .conversationsTracked

[bold]Exit codes[/bold]  0 connected, 1 something is not or AWS refuses, 2 usage, 4 unreachable
"""

FUNCTION: Final = "StatusFunction"

EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
Watch = Annotated[bool, typer.Option("--watch", help="Show it again and again, until Ctrl-C.")]
Every = Annotated[float, typer.Option(min=2, help="With --watch: seconds between two looks.")]
Count = Annotated[bool, typer.Option("--count", help="Count conversations and customers first: reads the whole table.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the document as one JSON object, a line each with --watch.")
]


@make_command(EXAMPLES, HELP)
def status(
    *,
    stack: Stack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    watch: Watch = False,
    every: Every = 15.0,
    count: Count = False,
    as_json: AsJson = False,
) -> None:
    """Show the status."""
    deployment = find_deployment(stack, read_environment(endpoint_url), region)
    if count:
        invoke_function(deployment, region, FUNCTION, {"count": True})

    def ask() -> dict[str, Any]:
        return invoke_function(deployment, region, FUNCTION, {})

    while True:
        document = ask_patiently(ask, every) if watch else ask()
        _show(document, as_json=as_json)
        if not watch:
            break
        time.sleep(every)
    raise typer.Exit(DONE if document["connected"] else REFUSED)


def _show(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        output.print_json(document)
        return
    for heading, lines in describe_status(document):
        output.print_text(output.make_bold(heading))
        for line in lines:
            output.print_text(f"  {output.escape_control(line)}")
