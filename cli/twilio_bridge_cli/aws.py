"""AWS as the operator reaches it: clients, a stack's outputs, many reads at once, and what to do about refusals.

An endpoint on this machine is a stand-in, which takes any credentials: it gets made-up ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from twilio_bridge.adapters.aws.clients import FAILURES, code_of
from twilio_bridge_cli import output
from twilio_bridge_cli.environment import Environment, is_local
from twilio_bridge_cli.errors import CommandError, RefusedCommandError, UnreachableError

URL_OUTPUT: Final = "BaseUrl"
TABLE_OUTPUT: Final = "SyncStateTable"
STREAM_OUTPUT: Final = "EventStreamName"
BUCKET_OUTPUT: Final = "QuarantineBucket"
_MADE_UP: Final = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
_LOCAL_REGION: Final = "us-east-1"
# Kept alive: what a function takes minutes for comes through firewalls that forget silent connections.
_CONFIG: Final = Config(
    connect_timeout=10, read_timeout=10, tcp_keepalive=True, retries={"mode": "standard", "total_max_attempts": 2}
)

_READS_AT_ONCE: Final = 8
_MIN_BAR_READS: Final = 20

Wanted = TypeVar("Wanted")
Found = TypeVar("Found")

_NONE: Final = "There is none of this name in this account and region; see the name and --region."
_LOG_IN: Final = "Log in to AWS (aws sso login, aws configure), or name the profile in AWS_PROFILE."
_USAGE: Final[Mapping[str, str]] = {
    "NoRegionError": "Name the region: --region, or AWS_DEFAULT_REGION, which sam and aws read, too.",
    "NoCredentialsError": _LOG_IN,
    "PartialCredentialsError": _LOG_IN,
    "ProfileNotFound": "AWS_PROFILE names a profile that is not there; aws configure list-profiles shows them.",
    "ParamValidationError": "AWS takes no such name.",
    "ValueError": "AWS_ENDPOINT_URL should be an http or https address.",
    "InvalidRegionError": "AWS has no such region; one is called us-east-1, for example.",
}
_STACK: Final = "See --stack and --region, and which account you are logged in to: aws sts get-caller-identity"
_REFUSALS: Final[Mapping[str, str]] = {
    "ResourceNotFoundException": _NONE,
    "NoSuchBucket": _NONE,
    "InvalidRequestException": "It may be marked for deletion: aws secretsmanager restore-secret brings it back.",
    "ValidationError": "There is no such stack in this account and region; see --stack and --region.",
    "AccessDeniedException": "Ask your administrator for the right to do this.",
    "AccessDenied": "Ask your administrator for the right to do this.",
    "ExpiredTokenException": _LOG_IN,
    "ExpiredToken": _LOG_IN,
    "UnrecognizedClientException": _LOG_IN,
    "InvalidClientTokenId": _LOG_IN,
}


def make_client(service: str, environment: Environment, region: str | None, read_timeout_s: float = 10) -> Any:  # noqa: ANN401  boto3 makes its clients' classes while it runs
    """Return a client; AWS_ENDPOINT_URL counts, in the environment and in `.env`."""
    make: Any = boto3.client
    endpoint = environment.get("AWS_ENDPOINT_URL")
    local = endpoint is not None and is_local(endpoint)
    try:
        return make(
            service,
            region_name=region or environment.get("AWS_REGION") or (_LOCAL_REGION if local else None),
            endpoint_url=endpoint,
            config=_CONFIG.merge(Config(read_timeout=read_timeout_s)),
            **(_MADE_UP if local else {}),
        )
    except (BotoCoreError, ValueError) as error:
        raise _make_error(type(error).__name__, f"{service} cannot be asked") from error


def read_stack_output(stack: str, name: str, environment: Environment, region: str | None) -> str:
    """Return an output of a deployed stack: the name of its table SyncState, of its stream, or of its bucket."""
    described = _describe_stack(stack, environment, region)
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    if name not in outputs:
        raise CommandError(
            f"The stack {stack} has no output {name}.",
            "Is it a Twilio Bridge of this version, and is the part deployed that has it (Frontline, Support)?",
        )
    return str(outputs[name])


def read_stack_parameter(stack: str, name: str, environment: Environment, region: str | None) -> str:
    """Return a parameter of a deployed stack; empty where it has none of this name."""
    described = _describe_stack(stack, environment, region)
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])}
    return str(parameters.get(name, ""))


def read_stack(stack: str, environment: Environment, region: str | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return a deployed stack's outputs and parameters; raise CommandError where there is none of this name."""
    try:
        described = _describe_stack(stack, environment, region)
    except RefusedCommandError as error:
        if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "ValidationError":
            raise CommandError(f"There is no stack {stack} in this account and region.", _STACK) from error
        raise
    outputs = {each["OutputKey"]: str(each["OutputValue"]) for each in described.get("Outputs", [])}
    parameters = {each["ParameterKey"]: str(each["ParameterValue"]) for each in described.get("Parameters", [])}
    return outputs, parameters


def _describe_stack(stack: str, environment: Environment, region: str | None) -> Mapping[str, Any]:
    try:
        stacks = make_client("cloudformation", environment, region).describe_stacks(StackName=stack)["Stacks"]
    except FAILURES as error:
        raise explain_failure(error, f"The stack {stack} cannot be read") from error
    found: Mapping[str, Any] = stacks[0]
    return found


def read_in_order(read: Callable[[Wanted], Found], wanted: Sequence[Wanted]) -> Iterator[Found]:
    """Yield what `read` returns for each, in their order, eight at a time; show a bar where there are many."""
    bar = output.show_progress("Reading", len(wanted), _MIN_BAR_READS)
    with bar as advance, ThreadPoolExecutor(_READS_AT_ONCE) as pool:
        for start in range(0, len(wanted), _READS_AT_ONCE):
            for found in pool.map(read, wanted[start : start + _READS_AT_ONCE]):
                yield found
                advance(1)


def explain_failure(error: BaseException, what: str) -> CommandError:
    """Return the error that a failure of AWS is for the operator: a sentence and its remedy."""
    cause = error if isinstance(error, FAILURES) else error.__cause__
    known = isinstance(cause, BotoCoreError | ClientError)
    return _make_error(code_of(cause) if known and isinstance(cause, Exception) else type(error).__name__, what)


def _make_error(code: str, what: str) -> CommandError:
    if code in _USAGE:
        return CommandError(f"{what} ({code}).", _USAGE[code])
    if code in _REFUSALS:
        return RefusedCommandError(f"{what}: AWS refuses ({code}).", _REFUSALS[code])
    return UnreachableError(f"{what}: AWS does not answer as expected ({code}).", "Try again; see --region.")
