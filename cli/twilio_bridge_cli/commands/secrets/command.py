"""`twilio-bridge secrets put`: the stack's secrets in Secrets Manager, without a file that holds one."""

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from twilio_bridge.adapters.aws.clients import FAILURES, code_of
from twilio_bridge.settings import ALIASES
from twilio_bridge_cli import aws, output
from twilio_bridge_cli.commands.secrets.forms import SECRETS, Value
from twilio_bridge_cli.environment import Environment, read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command

HELP: Final = (
    "Writes the stack's secrets: asks for each value without showing it, or takes it from the environment or .env."
    "\n\n"
    "[bold]twilio[/bold] holds TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, [bold]airtable[/bold] AIRTABLE_TOKEN and "
    "AIRTABLE_BASE_ID, [bold]brevo[/bold] BREVO_API_KEY. Others are taken where the environment has them: "
    "TWILIO_API_KEY_SID, TWILIO_API_KEY_SECRET, TASK_COMPLETE_SECRET, AIRTABLE_WEBHOOK_SECRET. What the secret holds "
    "besides stays."
    "\n\n"
    "Every value is checked for its form before anything is written, and none is ever shown. Functions follow within "
    "five minutes, without a deployment."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge secrets put twilio airtable --stack twilio-bridge
  twilio-bridge secrets put brevo --region eu-west-1
  TWILIO_AUTH_TOKEN=new,old twilio-bridge secrets put twilio

[bold]Exit codes[/bold]  0 written, 1 refused, 2 usage, or a value has another form, 4 unreachable
"""
_MISSING: Final = "ResourceNotFoundException"


class System(StrEnum):
    """Whose secret it is."""

    TWILIO = "twilio"
    AIRTABLE = "airtable"
    BREVO = "brevo"


Systems = Annotated[list[System], typer.Argument(metavar="twilio|airtable|brevo…", help="Whose secrets to write.")]
Stack = Annotated[str, typer.Option(help="The stack whose secrets they are, deployed or not: names begin with it.")]
Region = Annotated[str | None, typer.Option(help="The AWS region; the stack's own.")]
EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON list of {secret, created, values}, names only.")]


@make_command(EXAMPLES, HELP)
def put(
    systems: Systems,
    *,
    stack: Stack = "twilio-bridge",
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write secrets."""
    environment = read_environment(endpoint_url)
    wanted = {system: _collect_values(system, environment) for system in dict.fromkeys(systems)}
    client = aws.make_client("secretsmanager", environment, region)

    done = [write_secret(client, f"{stack}/{system}", values) for system, values in wanted.items()]

    if as_json:
        output.print_json(done)
        return
    for each in done:
        verb = "Created" if each["created"] else "Updated"
        output.print_note(f"{verb} {each['secret']}: {', '.join(each['values'])}.", "green")


def _collect_values(system: System, environment: Environment) -> dict[str, str]:
    """Return a secret's checked values, from the environment or, where one is required, from whoever types."""
    found = {value.name: find(value, environment) for value in SECRETS[system]}
    for value in SECRETS[system]:
        if value.required and found[value.name] is None:
            found[value.name] = ask(value)

    if (found.get("TWILIO_API_KEY_SID") is None) is not (found.get("TWILIO_API_KEY_SECRET") is None):
        raise CommandError("TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET belong together.", "Set both, or neither.")
    return {name: value for name, value in found.items() if value is not None}


def find(value: Value, environment: Environment) -> str | None:
    """Return a value as the environment has it, checked for its form; None where it is not set."""
    names = (value.name, ALIASES.get(value.name, value.name))
    text = next((environment[name] for name in names if name in environment), None)
    return None if text is None else value.check(text)


def ask(value: Value) -> str:
    """Ask until the form is right."""
    if not sys.stdin.isatty():
        raise CommandError(f"{value.name} is not set.", f"Set it in the environment or .env. {value.source}")
    output.print_note(value.source, "dim")

    while True:
        text = typer.prompt(value.name, hide_input=value.hidden, err=True)
        try:
            return value.check(text)
        except CommandError as error:
            output.print_warning(str(error))


def write_secret(client: Any, name: str, values: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401  boto3 makes its clients' classes late
    """Write a secret over what it holds already; return its name, whether it is new, and the names of its values."""
    try:
        before = read_secret(client, name)
        text = json.dumps({**(before or {}), **values})
        if before is None:
            client.create_secret(Name=name, SecretString=text)
        else:
            client.put_secret_value(SecretId=name, SecretString=text)
    except FAILURES as error:
        raise aws.explain_failure(error, f"The secret {name} cannot be written") from error

    return {"secret": name, "created": before is None, "values": list(values)}


def read_secret(client: Any, name: str) -> Mapping[str, str] | None:  # noqa: ANN401  same
    """Return what a secret holds; None where there is none."""
    try:
        text = client.get_secret_value(SecretId=name).get("SecretString", "")
    except FAILURES as error:
        if isinstance(error, Exception) and code_of(error) == _MISSING:
            return None
        raise

    try:
        held = json.loads(text)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise CommandError(f"The secret {name} holds no JSON object.", "Delete it, and put it again.")
    return held
