"""A function of a deployment, invoked; what it refuses becomes a sentence and an exit code."""

import json
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
    client = aws.make_client("lambda", deployment.environment, region, read_timeout_s=READ_TIMEOUT_S)
    try:
        answer = client.invoke(FunctionName=deployment.outputs[SYNC_FUNCTION], Payload=json.dumps(event).encode())
    except FAILURES as error:
        raise RefusedCommandError(*_explain(error)) from error
    document: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise RefusedCommandError("SyncFunction failed.", "The log has the reason: twilio-bridge logs")
    if "error" in document:
        raise _read_refusal(document["error"])
    return document


def _explain(error: BaseException) -> tuple[str, str]:
    found = aws.explain_failure(error, "SyncFunction cannot be invoked")
    return str(found), found.remedy


def _read_refusal(error: dict[str, str]) -> CommandError:
    message = error["message"].rstrip(".?")
    text = f"{message[:1].upper()}{message[1:]}{'?' if error['message'].endswith('?') else '.'}"
    if error["type"] == "input":
        return CommandError(text)
    return RefusedCommandError(text, "Try again later; twilio-bridge check names what is down.")
