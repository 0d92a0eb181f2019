"""`twilio-bridge queues redrive` and `resend`: what was given up is tried again, once its cause is mended."""

from typing import Annotated, Final, Literal

import typer

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.aws.queues import SqsOutbox
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.errors import UpstreamError
from twilio_bridge_cli import aws, output, targets
from twilio_bridge_cli.commands.queues.redriving import find_dead_letters, redrive_messages
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import RefusedCommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import AsJson, Region

_CODES: Final = "[bold]Exit codes[/bold]  0 done, 1 refused, 2 usage, 4 unreachable"
REDRIVE_EXAMPLES: Final = f"""
[bold]Examples[/bold]
  twilio-bridge queues redrive brevo --stack twilio-bridge
  twilio-bridge queues redrive airtable --stack twilio-bridge --json | jq .messages

{_CODES}
"""
RESEND_EXAMPLES: Final = f"""
[bold]Examples[/bold]
  twilio-bridge queues resend 1f0c2d3e4f5061728394a5b6c7d8e9f0 --stack twilio-bridge

{_CODES}
"""
NAMES: Final = ("airtable", "brevo", "enrich", "poll", "send", "slice", "sync")
QUEUES: Final = {
    name: targets.Kind("queue", f"{name.capitalize()}QueueUrl", f"{name.upper()}_QUEUE_URL") for name in NAMES
}

QueueName = Annotated[
    Literal["airtable", "brevo", "enrich", "poll", "send", "slice", "sync"],
    typer.Argument(metavar="QUEUE", help="airtable, brevo, enrich, poll, send, slice or sync."),
]
PersonId = Annotated[str, typer.Argument(metavar="PERSON", help="The person's id, as the log has it.")]
QueueUrl = Annotated[str | None, typer.Option("--queue", help="The queue's URL; else BREVO_QUEUE_URL or its like.")]
TableName = Annotated[str | None, typer.Option("--table", help="The table SyncState; else SYNC_STATE_TABLE.")]
Stack = Annotated[str | None, typer.Option(help="The deployed stack, whose outputs name queue and table.")]


@make_command(REDRIVE_EXAMPLES)
def redrive(
    name: QueueName, *, as_json: AsJson = False, queue: QueueUrl = None, stack: Stack = None, region: Region = None
) -> None:
    """Put dead letters back into the queue that they came from, each in its group.

    Mend their cause first. A message is deleted there once it is here: one that is in both does no harm.
    """
    place = targets.find_target(QUEUES[name], queue, stack, read_environment(), region)
    sqs = aws.make_client("sqs", place.environment, region)
    try:
        dead_letters = find_dead_letters(sqs, place.name)
        with output.show_count("Putting back") as advance:
            count = redrive_messages(sqs, dead_letters, place.name, advance)
    except FAILURES as error:
        raise aws.explain_failure(error, "Not all dead letters are back") from error

    if as_json:
        output.print_json({"queue": name, "messages": count})
    else:
        output.print_text(f"{count:,} message{'' if count == 1 else 's'} put back." if count else "No dead letters.")


@make_command(RESEND_EXAMPLES)
def resend(
    person: PersonId,
    *,
    as_json: AsJson = False,
    table: TableName = None,
    queue: QueueUrl = None,
    stack: Stack = None,
    region: Region = None,
) -> None:
    """Send a person's events to Brevo again that Brevo has refused.

    The log names them: `Brevo refuses an event for good`. Mend their cause first, for instance the name in
    `event_mapping`.
    """
    place = targets.find_target(targets.TABLE, table, stack, read_environment(), region)
    line = targets.find_target(QUEUES["brevo"], queue, stack, read_environment(), region)
    persons = DynamoPersons(Table(aws.make_client("dynamodb", place.environment, region), place.name))
    sqs = aws.make_client("sqs", line.environment, region)
    outbox = SqsOutbox(sqs, airtable_queue_url="", brevo_queue_url=line.name)
    try:
        dossier = persons.load_dossier(person)
        refused = [event for event in dossier.events if event.status == "refused"] if dossier else []
        again = [event.key for event in refused if persons.mark_event(person, event.key, "pending", event.version)]
        outbox.enqueue_brevo_delivery([person] if again else [])
    except UpstreamError as error:
        raise aws.explain_failure(error, "Not all events are queued") from error

    if dossier is None:
        raise RefusedCommandError("Nobody has this id.", "`twilio-bridge persons show WHO` has it.")
    if as_json:
        output.print_json({"person": person, "events": again})
    else:
        output.print_text(f"{len(again)} events are sent again." if again else "Brevo has refused none of theirs.")
