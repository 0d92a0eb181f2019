"""`twilio-bridge export`: the support job's tables written into the export, and where its files are."""

from typing import Annotated, Any, Final

import typer

from twilio_bridge_cli import output
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.invoking import find_stack, invoke_sync
from twilio_bridge_cli.options import Region, Stack

HELP: Final = (
    "Writes interactions and figures into the export, and names the bucket that has it."
    "\n\n"
    "Twilio's records come there with each sync. Without --since it is the last three days, which the schedule does, "
    "too; a day that was written before is written over. docs/analytics.md has the tables, and questions to them."
    "\n\n"
    "Without --stack it is the local stack (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge export --stack twilio-bridge
  twilio-bridge export --stack twilio-bridge --since 2026-10-01
  aws s3 sync "s3://$(twilio-bridge export --stack twilio-bridge --json | jq -r .bucket)" export/

[bold]Exit codes[/bold]  0 written, 1 AWS is away, 2 usage
"""

EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
Since = Annotated[str | None, typer.Option(metavar="DAY", help="From when on, such as 2026-11-01; else three days.")]
Until = Annotated[str | None, typer.Option(metavar="DAY", help="Until when; else now.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {bucket, interactions, figures}.")]


@make_command(EXAMPLES, HELP)
def export(
    *,
    stack: Stack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Write the tables."""
    deployment = find_stack(stack, read_environment(endpoint_url), region)
    event: dict[str, Any] = {"action": "export", "since": since, "until": until}
    written = invoke_sync(deployment, region, {name: value for name, value in event.items() if value is not None})
    bucket = deployment.outputs.get("ExportBucketName", "")
    if as_json:
        output.print_json({"bucket": bucket, **written})
        return
    output.print_text(
        f"{written['interactions']:,} interactions and {written['figures']:,} figures are in s3://{bucket}/"
    )
