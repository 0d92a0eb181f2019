"""`twilio-bridge events`: Twilio's events out of files, or out of the quarantine, onto the stream the bridge reads."""

from typing import Annotated, Any

import typer

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge_cli import aws, output, targets
from twilio_bridge_cli.commands.events import kinesis_put, replaying
from twilio_bridge_cli.commands.events.event_files import events
from twilio_bridge_cli.commands.events.kinesis_put import MOST, NotTakenError, Record
from twilio_bridge_cli.environment import surroundings
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.flags import Command, Group
from twilio_bridge_cli.targets import Place

HELP = (
    "Puts events on the stream that the bridge reads, as a Twilio sink would: to try it, or to repeat what was lost."
    "\n\n"
    "A FILE holds an event, an array of events, or one event a line; a folder stands for its .json, .jsonl and "
    ".ndjson files, and - for what comes in. Everything is read and checked before anything is put. A task's events "
    "get its SID as partition key, others their own id; putting an event twice changes nothing."
    "\n\n"
    "Without --stream or --stack it is EVENT_STREAM, else the local stack (make run)."
)
EXAMPLES = """
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
Region = Annotated[str | None, typer.Option(help="The AWS region.")]
EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
AsString = Annotated[bool, typer.Option("--as-string", help="Write each event's data as text, as Kinesis sinks do.")]
Batch = Annotated[int, typer.Option(min=1, max=MOST, help="Events in a request, at most.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {stream, events, failed, requests}.")]

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    help="Puts Twilio's events on the stream, out of files or out of the quarantine.",
    epilog=f"{EXAMPLES.partition('[bold]Exit')[0].rstrip()}{replaying.EXAMPLES.replace(replaying.TITLE, '').rstrip()}",
)
app.command(cls=Command, help=replaying.HELP, epilog=replaying.EXAMPLES)(replaying.replay)
app.command(cls=Command, epilog=replaying.LIST_EXAMPLES)(replaying.quarantine)


Done = dict[str, Any]
"""How it went: stream, events, failed, requests, and the error that ended it."""


@app.command(cls=Command, help=HELP, epilog=EXAMPLES)
def put(  # noqa: PLR0913  an option each
    files: Files,
    *,
    stream: StreamName = None,
    stack: Stack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    as_string: AsString = False,
    batch: Batch = MOST,
    as_json: AsJson = False,
) -> None:
    """Put events on the stream."""
    target = targets.find(targets.STREAM, stream, stack, surroundings(endpoint_url), region)
    records = [kinesis_put.record(place, event, as_string=as_string) for place, event in events(files)]
    done = _put_all(target, records, batch, region)
    failure = _failure(done) if "error" in done else None
    if as_json:
        output.data({**done, "error": str(failure)} if failure else done)
    if failure:
        raise failure
    output.note(_summary(done), "green")


def _put_all(target: Place, records: list[Record], batch: int, region: str | None) -> Done:
    kinesis = aws.client("kinesis", target.around, region)
    done: Done = {"stream": target.name, "events": 0, "failed": 0, "requests": 0}
    with output.progress("Putting", len(records)) as advance:
        for group in kinesis_put.groups(records, batch):
            try:
                done["requests"] += kinesis_put.put(kinesis, target.name, group)
            except (NotTakenError, *FAILURES) as error:
                return _ended(done, error, records, group)
            done["events"] += len(group)
            advance(len(group))
    return done


def _ended(done: Done, error: Exception, records: list[Record], group: list[Record]) -> Done:
    """Say what is there and what is not after a request that failed, or was not taken whole."""
    left = error.left if isinstance(error, NotTakenError) else len(group)
    there = done["events"] + len(group) - left
    return {**done, "events": there, "failed": len(records) - there, "error": error}


def _failure(done: Done) -> CommandError:
    missing = f"{done['failed']:,} of {done['failed'] + done['events']:,} events are not on {done['stream']}"
    return kinesis_put.explained(done["error"], missing)


def _summary(done: Done) -> str:
    count, requests = done["events"], done["requests"]
    several = f" in {requests:,} requests" if requests > 1 else ""
    return f"{count:,} event{'' if count == 1 else 's'} on {done['stream']}{several}."
