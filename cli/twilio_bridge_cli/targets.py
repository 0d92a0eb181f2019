"""Where the stream, the table and the bucket are: as the operator says, a stack's outputs, or the environment.

Where nobody says it, it is the local stack's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twilio_bridge_cli import aws
from twilio_bridge_cli.environment import Surroundings
from twilio_bridge_cli.errors import CommandError

LOCAL_STACK: Final = Path(".aws-sam/local-env.json")  # the local stack writes it when it starts


@dataclass(frozen=True, slots=True)
class Kind:
    """What is looked for, and what a stack's output and the functions' variable are called that name it."""

    what: str
    output: str
    variable: str


@dataclass(frozen=True, slots=True)
class Place:
    """Its name, and what the client that reaches it is made from."""

    name: str
    around: Surroundings


STREAM: Final = Kind("stream", aws.STREAM_OUTPUT, "EVENT_STREAM")
TABLE: Final = Kind("table", aws.TABLE_OUTPUT, "SYNC_STATE_TABLE")
BUCKET: Final = Kind("bucket", aws.BUCKET_OUTPUT, "QUARANTINE_BUCKET")


def find(kind: Kind, named: str | None, stack: str | None, around: Surroundings, region: str | None) -> Place:
    """Find it, or raise CommandError."""
    if named and stack:
        raise CommandError(f"--{kind.what} and --stack exclude each other.")
    if stack:
        return Place(aws.output_of(stack, kind.output, around, region), around)
    if name := named or around.get(kind.variable):
        return Place(name, around)
    local = _of_local_stack(kind.variable)
    if kind.variable not in local:
        remedy = "Name the stack: --stack twilio-bridge; or start a local one: make run."
        raise CommandError(f"Which {kind.what}?", remedy)
    return Place(local[kind.variable], {"AWS_ENDPOINT_URL": local.get("AWS_ENDPOINT_URL", ""), **around})


def _of_local_stack(variable: str) -> Mapping[str, str]:
    """Return the variables of a function of the local stack that has this one, if there is one."""
    try:
        functions = json.loads(LOCAL_STACK.read_text(encoding="utf-8"))
        return next((each for each in functions.values() if variable in each), {})
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
