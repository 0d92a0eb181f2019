"""`twilio-bridge events put`: Twilio's events out of files onto the stream that the bridge reads."""

from typing import Annotated, Any, Final

import typer

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge_cli import aws, output, targets
from twilio_bridge_cli.commands.events import kinesis_put
from twilio_bridge_cli.commands.events.event_files import read_events
from twilio_bridge_cli.commands.events.kinesis_put import MAX_PUT_COUNT, NotTakenError, Record
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import Region
from twilio_bridge_cli.targets import Target

HELP: Final = (
    "Puts events on the stream that the bridge reads, as a Twilio sink would: to try it, or to repeat what was lost."
    "\n\n"
    "A FILE holds an event, an array of events, or one event a line; a folder stands for its .json, .jsonl and "
    ".ndjson files, and - for what comes in. Everything is read and checked before anything is put. A task's events "
    "get its SID as partition key, others their own id; putting an event twice changes nothing."
    "\n\n"
    "Without --stream or --stack it is EVENT_STREAM, else the local stack (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge events put task-created.json task-completed.json
  twilio-bridge events put lost/ --stack twilio-bridge --as-string
  jq -c .event archive.json | twilio-bridge events put - --stream twilio-bridge-EventStream-1A2B3C

[bold]Exit codes[/bold]
  0 everything is on the stream, 1 refused, 2 usage, 4 unreachable, or some were not taken
"""

Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="Files or folders of events; - is stdin.")]
StreamName = Annotated[str | None, typer.Option("--stream", help="The Kinesis stream; else EVENT_STREAM.")]
Stack = Annotated[str | None, typer.Option(help="The deployed stack, whose output names the stream.")]
EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
AsString = Annotated[bool, typer.Option("--as-string", help="Write each event's data as text, as Kinesis sinks do.")]
Batch = Annotated[int, typer.Option(min=1, max=MAX_PUT_COUNT, help="Events in a request, at most.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {stream, events, failed, requests}.")]


Done = dict[str, Any]
"""What was done: stream, events, failed, requests, and the error that ended it."""


@make_command(EXAMPLES, HELP)
def put(  # noqa: PLR0913  an option each
    files: Files,
    *,
    stream: StreamName = None,
    stack: Stack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    as_string: AsString = False,
    batch: Batch = MAX_PUT_COUNT,
    as_json: AsJson = False,
) -> None:
    """Put events on the stream."""
    target = targets.find_target(targets.STREAM, stream, stack, read_environment(endpoint_url), region)
    records = [kinesis_put.make_record(place, event, as_string=as_string) for place, event in read_events(files)]
    done = _put_all(target, records, batch, region)
    failure = _failure(done) if "error" in done else None
    if as_json:
        output.print_json({**done, "error": str(failure)} if failure else done)
    if failure:
        raise failure
    output.print_note(_summary(done), "green")


def _put_all(target: Target, records: list[Record], batch: int, region: str | None) -> Done:
    kinesis = aws.make_client("kinesis", target.environment, region)
    done: Done = {"stream": target.name, "events": 0, "failed": 0, "requests": 0}
    with output.show_progress("Putting", len(records)) as advance:
        for group in kinesis_put.group_records(records, batch):
            try:
                done["requests"] += kinesis_put.put_records(kinesis, target.name, group)
            except (NotTakenError, *FAILURES) as error:
                return _ended(done, error, records, group)
            done["events"] += len(group)
            advance(len(group))
    return done


def _ended(done: Done, error: Exception, records: list[Record], group: list[Record]) -> Done:
    """Return what is on the stream and what is not after a request that failed, or was not taken whole."""
    left = error.left if isinstance(error, NotTakenError) else len(group)
    there = done["events"] + len(group) - left
    return {**done, "events": there, "failed": len(records) - there, "error": error}


def _failure(done: Done) -> CommandError:
    missing = f"{done['failed']:,} of {done['failed'] + done['events']:,} events are not on {done['stream']}"
    return kinesis_put.explain_failure(done["error"], missing)


def _summary(done: Done) -> str:
    count, requests = done["events"], done["requests"]
    several = f" in {requests:,} requests" if requests > 1 else ""
    return f"{count:,} event{'' if count == 1 else 's'} on {done['stream']}{several}."
