"""Where the stream, the table and the bucket are: an option, a stack's outputs, the environment, or the local stack."""

from dataclasses import dataclass
from typing import Final

from twilio_bridge_cli import aws
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.local_stack import require_local_stack


@dataclass(frozen=True, slots=True)
class Kind:
    """What is looked for, and the stack's output and the functions' variable that name it."""

    what: str
    output: str
    variable: str


@dataclass(frozen=True, slots=True)
class Target:
    """A name, and what the client that reaches it is made from."""

    name: str
    environment: Environment


STREAM: Final = Kind("stream", aws.STREAM_OUTPUT, "EVENT_STREAM")
TABLE: Final = Kind("table", aws.TABLE_OUTPUT, "SYNC_STATE_TABLE")
BUCKET: Final = Kind("bucket", aws.BUCKET_OUTPUT, "QUARANTINE_BUCKET")


def find_target(
    kind: Kind, named: str | None, stack: str | None, environment: Environment, region: str | None
) -> Target:
    """Return the target; raise CommandError where nothing names it."""
    if named and stack:
        raise CommandError(f"--{kind.what} and --stack exclude each other.")
    if stack:
        return Target(aws.read_stack_output(stack, kind.output, environment, region), environment)
    if name := named or environment.get(kind.variable):
        return Target(name, environment)

    local = require_local_stack().find_variables(kind.variable)
    if kind.variable not in local:
        raise CommandError(f"The local stack has no {kind.what}.", "Name a deployed one: --stack twilio-bridge")
    return Target(local[kind.variable], {"AWS_ENDPOINT_URL": local.get("AWS_ENDPOINT_URL", ""), **environment})
