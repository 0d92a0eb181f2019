"""Where the stream, the table and the bucket are: an option, a stack's outputs, the environment, or the local stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twilio_bridge_cli import aws
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import CommandError

LOCAL_STACK: Final = Path(".aws-sam/local-env.json")  # the local stack writes it when it starts


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

    local = _read_local_stack(kind.variable)
    if kind.variable not in local:
        remedy = "Name the stack: --stack twilio-bridge; or start a local one: make run."
        raise CommandError(f"Which {kind.what}?", remedy)
    return Target(local[kind.variable], {"AWS_ENDPOINT_URL": local.get("AWS_ENDPOINT_URL", ""), **environment})


def _read_local_stack(variable: str) -> Mapping[str, str]:
    """Return the variables of a function of the local stack that has this one; nothing where there is none."""
    try:
        functions = json.loads(LOCAL_STACK.read_text(encoding="utf-8"))
        return next((each for each in functions.values() if variable in each), {})
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
