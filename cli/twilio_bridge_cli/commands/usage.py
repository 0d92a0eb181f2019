"""`twilio-bridge usage`: how many of the plan's Airtable calls were made this month."""

from typing import Annotated, Final

import typer

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.aws.secrets import Secrets
from twilio_bridge.adapters.state.configuration import Configuration
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.contacts.airtable_quota import Usage
from twilio_bridge.errors import SettingError, UnavailableError, UpstreamError
from twilio_bridge.settings import Settings
from twilio_bridge_cli import aws, output, targets
from twilio_bridge_cli.environment import Environment, read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import Region, TableStack

HELP: Final = (
    "Shows how many calls Airtable had from the bridge this month, and how many the plan has."
    "\n\n"
    "The plan's are `airtable.monthly_calls` of the configuration in force, and the whole workspace's: what "
    "others use of them is not counted. Months are UTC's."
    "\n\n"
    "Without --table or --stack it is SYNC_STATE_TABLE, else the local stack's (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge usage --stack twilio-bridge
  twilio-bridge usage --table twilio-bridge-SyncState-1A2B3C --base appA1B2C3D4E5F6G7
  twilio-bridge usage --stack twilio-bridge --json | jq .percent

[bold]Exit codes[/bold]  0 shown, 1 refused, 2 usage, 4 unreachable
"""
BASE: Final = targets.Kind("base", "", "AIRTABLE_BASE_ID")

Base = Annotated[
    str | None, typer.Option(metavar="APP…", help="The base's id; else the stack's, else AIRTABLE_BASE_ID.")
]
TableName = Annotated[str | None, typer.Option("--table", help="The table SyncState; else SYNC_STATE_TABLE.")]
EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {base, calls, monthly_calls, percent}.")]


@make_command(EXAMPLES, HELP)
def usage(
    *,
    base: Base = None,
    table: TableName = None,
    stack: TableStack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    as_json: AsJson = False,
) -> None:
    """Show the month's calls."""
    environment = read_environment(endpoint_url)
    base_id = _find_base(base, table, stack, environment, region)
    place = targets.find_target(targets.TABLE, table, stack, environment, region)
    try:
        found = _read(Table(aws.make_client("dynamodb", place.environment, region), place.name), base_id)
    except UpstreamError as error:
        raise aws.explain_failure(error, f"The calls cannot be read from {place.name}") from error
    if as_json:
        counts = {"calls": found.calls, "monthly_calls": found.monthly_calls, "percent": found.percent}
        output.print_json({"base": base_id, **counts})
        return
    of = "no limit is configured" if found.monthly_calls is None else f"{found.percent} % of {found.monthly_calls:,}"
    output.print_text(f"{found.calls:,} calls this month, {of}")


def _find_base(
    named: str | None, table: str | None, stack: str | None, environment: Environment, region: str | None
) -> str:
    """Return the base's id: --base, the stack's parameter or secret, AIRTABLE_BASE_ID, or the local stack's."""
    if not named and stack:
        return _find_base_of_stack(stack, environment, region)
    if table and not (named or environment.get(BASE.variable)):
        raise CommandError("Which base?", "Name it: --base app…; or set AIRTABLE_BASE_ID.")
    return targets.find_target(BASE, named, None, environment, region).name


def _find_base_of_stack(stack: str, environment: Environment, region: str | None) -> str:
    if given := aws.read_stack_parameter(stack, "AirtableBaseId", environment, region):
        return given

    secret = f"{stack}/airtable"
    client = aws.make_client("secretsmanager", environment, region)
    try:
        return Settings({"AIRTABLE_SECRET": secret}, Secrets(client).read).airtable_base_id
    except UnavailableError as error:
        raise aws.explain_failure(error, f"The secret {secret}, which names the base, cannot be read") from error
    except SettingError as error:
        raise CommandError("Which base?", "Name it: --base app…") from error


def _read(table: Table, base_id: str) -> Usage:
    settings = Configuration(table, None).current()
    return Usage(SlotLimiter(table, AIRTABLE, base_id).count_calls(), settings.airtable.monthly_calls)
