"""`twilio-bridge events quarantine` and `events replay`: what nobody could read, shown and put back on the stream."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge_cli import aws, output, targets
from twilio_bridge_cli.commands.events import kinesis_put, quarantined
from twilio_bridge_cli.commands.events.kinesis_put import NotTakenError, Record
from twilio_bridge_cli.commands.events.quarantined import QuarantinedObject
from twilio_bridge_cli.environment import Environment, read_environment
from twilio_bridge_cli.errors import CommandError, RefusedCommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import Region, Yes
from twilio_bridge_cli.targets import Target

HELP: Final = (
    "Puts what lies in the quarantine bucket back on the stream: records that nobody could read, and batches that "
    "Lambda gave up after a day. Mend the cause first, for what still cannot be read comes back."
    "\n\n"
    "Objects are left where they are, and expire after 30 days. Replaying what was done already changes nothing."
    "\n\n"
    "Without --bucket or --stack it is QUARANTINE_BUCKET and EVENT_STREAM, else the local stack's (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge events replay --stack twilio-bridge --since 2026-11-20
  twilio-bridge events replay --stack twilio-bridge --dry-run

[bold]Exit codes[/bold]
  0 everything is on the stream, 1 refused, or some could not be read, 2 usage, 4 unreachable, or some were not taken
"""
LIST_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge events quarantine --stack twilio-bridge
  twilio-bridge events quarantine --stack twilio-bridge --since 2026-11-20 --json | jq -r '.[].reason' | sort | uniq -c
"""
_REMEDY: Final = "They are named above; look at them with aws s3 cp s3://BUCKET/KEY -"

Bucket = Annotated[str | None, typer.Option(help="The quarantine bucket; else QUARANTINE_BUCKET.")]
StreamName = Annotated[str | None, typer.Option("--stream", help="The Kinesis stream; else EVENT_STREAM.")]
Stack = Annotated[str | None, typer.Option(help="The deployed stack, whose outputs name bucket and stream.")]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The first day of arrival (UTC).")
]
Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The last day of arrival (UTC).")
]
EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read everything, and put nothing.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object {bucket, stream, objects, records, requests, unreadable}.")
]
AsJsonList = Annotated[bool, typer.Option("--json", help="Print a JSON list of {key, at, reason, records, problem}.")]


@dataclass(slots=True)
class Done:
    """What has been done so far."""

    records: int = 0
    requests: int = 0
    unreadable: list[QuarantinedObject] = field(default_factory=list)


@make_command(EXAMPLES, HELP)
def replay(  # noqa: PLR0913  an option each
    *,
    stack: Stack = None,
    bucket: Bucket = None,
    stream: StreamName = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    as_json: AsJson = False,
) -> None:
    """Put what lies in the quarantine back on the stream."""
    environment = read_environment(endpoint_url)
    source = targets.find_target(targets.BUCKET, bucket, stack, environment, region)
    target = None if dry_run else _target(stream, stack, environment, region, source)
    s3 = aws.make_client("s3", source.environment, region)
    keys = quarantined.list_keys(s3, source.name, *_days(since, until))
    if target and keys and not yes and sys.stdin.isatty():
        typer.confirm(f"Put what {_many(len(keys), 'object')} hold on {target.name}?", abort=True, err=True)
    done = Done()
    failure = _put_back(quarantined.read_objects(s3, source.name, keys), _to(target, region), done)
    if as_json:
        output.print_json(_make_result(source, target, len(keys), done, failure))
    for each in done.unreadable:
        output.print_problem(each.key, each.problem, "")
    output.print_note(_summary(source, target, len(keys), done), "" if failure else "green")
    if failure:
        raise failure


@make_command(LIST_EXAMPLES)
def quarantine(
    *,
    stack: Stack = None,
    bucket: Bucket = None,
    since: Since = None,
    until: Until = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    as_json: AsJsonList = False,
) -> None:
    """List what lies in the quarantine, with time and reason; of the records only how many."""
    source = targets.find_target(targets.BUCKET, bucket, stack, read_environment(endpoint_url), region)
    s3 = aws.make_client("s3", source.environment, region)
    keys = quarantined.list_keys(s3, source.name, *_days(since, until))
    found = list(map(_line, quarantined.read_objects(s3, source.name, keys)))
    if as_json:
        output.print_json(found)
    elif found:
        rows = [(each["at"], each["problem"] or each["reason"], str(each["records"]), each["key"]) for each in found]
        output.print_table(("At", "Reason", "Records", "Key"), rows, numbers={"Records"})
    output.print_note(f"{_many(len(found), 'object')} in {source.name}.", "dim")


def _line(kept: QuarantinedObject) -> dict[str, Any]:
    line = {"key": kept.key, "at": kept.at, "reason": kept.reason, "problem": kept.problem}
    return {**line, "records": len(kept.records)}


def _target(
    stream: str | None, stack: str | None, environment: Environment, region: str | None, source: Target
) -> Target:
    found = targets.find_target(targets.STREAM, stream, stack, environment, region)
    if found.environment != source.environment:
        raise CommandError("Bucket and stream are not of the same stack.", "Name both, or --stack.")
    return found


def _days(since: datetime | None, until: datetime | None) -> tuple[str, str]:
    if since and until and since > until:
        raise CommandError("--since is after --until.")
    return f"{since:%Y-%m-%d}" if since else "", f"{until:%Y-%m-%d}" if until else "9999-12-31"


def _to(target: Target | None, region: str | None) -> Callable[[list[Record]], int]:
    """Return what puts a group of records and returns how many requests that took; nothing is put without a target."""
    if target is None:
        return lambda _group: 0
    kinesis = aws.make_client("kinesis", target.environment, region)
    return lambda group: kinesis_put.put_records(kinesis, target.name, group)


def _put_back(
    objects: Iterable[QuarantinedObject], put: Callable[[list[Record]], int], done: Done
) -> CommandError | None:
    """Put everything back, count it in `done`, and return what ended it early, or was not as it should be."""
    try:
        for group in kinesis_put.group_records(_records(objects, done)):
            _put(group, put, done)
    except CommandError as error:
        return error
    if done.unreadable:
        return RefusedCommandError(f"{_many(len(done.unreadable), 'object')} could not be read.", _REMEDY)
    return None


def _records(objects: Iterable[QuarantinedObject], done: Done) -> Iterator[Record]:
    for each in objects:
        done.unreadable += [each] if each.problem else []
        yield from each.records


def _put(group: list[Record], put: Callable[[list[Record]], int], done: Done) -> None:
    try:
        done.requests += put(group)
    except (NotTakenError, *FAILURES) as error:
        done.records += len(group) - error.left if isinstance(error, NotTakenError) else 0
        raise kinesis_put.explain_failure(error, "Not everything is on the stream") from error
    done.records += len(group)


def _make_result(
    source: Target, target: Target | None, objects: int, done: Done, failure: CommandError | None
) -> dict[str, Any]:
    names = {"bucket": source.name, "stream": target.name if target else None}
    counts = {"objects": objects, "records": done.records, "requests": done.requests}
    error = {"error": str(failure)} if failure else {}
    return {**names, **counts, "unreadable": len(done.unreadable), **error}


def _summary(source: Target, target: Target | None, objects: int, done: Done) -> str:
    put = f"put on {target.name}" if target else "to be put; nothing was"
    unreadable = f", {_many(len(done.unreadable), 'object')} could not be read" if done.unreadable else ""
    return f"{_many(done.records, 'record')} of {_many(objects, 'object')} in {source.name} {put}{unreadable}."


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
