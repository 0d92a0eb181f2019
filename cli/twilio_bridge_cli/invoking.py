"""A function of a deployment, invoked; what it refuses becomes a sentence and an exit code."""

import json
from collections.abc import Mapping
from typing import Any, Final

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge_cli import aws
from twilio_bridge_cli.deployments import Deployment, find_deployment
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import CommandError, RefusedCommandError

READ_TIMEOUT_S: Final = 900
SYNC_FUNCTION: Final = "SyncFunction"


def find_stack(stack: str | None, environment: Environment, region: str | None) -> Deployment:
    """Return the deployment; a stack that does not exist is a mistake in the command."""
    try:
        return find_deployment(stack, environment, region)
    except RefusedCommandError as error:
        if "ValidationError" not in str(error):
            raise
        raise CommandError(
            f"There is no stack {stack} in this account and region.", "See --stack and --region."
        ) from error


def invoke_sync(deployment: Deployment, region: str | None, event: dict[str, Any]) -> dict[str, Any]:
    """Return what SyncFunction answers.

    Raise CommandError where the input is wrong, and RefusedCommandError where Twilio or AWS is away.
    """
    if SYNC_FUNCTION not in deployment.outputs:
        raise CommandError(
            f"The stack {deployment.name} has no SyncFunction.", "Deploy this version with Support=on: sam deploy"
        )
    try:
        document = invoke_function(deployment, region, SYNC_FUNCTION, event)
    except CommandError as error:
        raise RefusedCommandError(str(error), error.remedy) from error
    if "error" in document:
        raise _read_refusal(document["error"])
    return document


def invoke_function(deployment: Deployment, region: str | None, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a function of a deployment answers, however long it takes.

    Raise CommandError where the deployment lacks it or AWS does not invoke it, RefusedCommandError where it fails.
    """
    client = aws.make_client("lambda", deployment.environment, region, read_timeout_s=READ_TIMEOUT_S)
    try:
        answer = client.invoke(FunctionName=deployment.require(name), Payload=json.dumps(event).encode())
        document: dict[str, Any] = json.loads(answer["Payload"].read())
    except FAILURES as error:
        raise aws.explain_failure(error, f"{name} cannot be invoked") from error
    if answer.get("FunctionError"):
        reason = str(document.get("errorMessage") or "without a message").rstrip(".")
        raise RefusedCommandError(f"{name} failed: {reason}.", f"See twilio-bridge logs --function {name}")
    return document


def _read_refusal(error: dict[str, str]) -> CommandError:
    message = error["message"].rstrip(".?")
    text = f"{message[:1].upper()}{message[1:]}{'?' if error['message'].endswith('?') else '.'}"
    if error["type"] == "input":
        return CommandError(text)
    return RefusedCommandError(text, "Try again later; twilio-bridge check names what is down.")
