"""`twilio-bridge sync`: reads what Twilio holds into the deployment, and shows how far that is."""

import time
from typing import Annotated, Any, Final

import typer

from twilio_bridge_cli import output
from twilio_bridge_cli.commands.sync.showing import list_problems, show_plan, show_progress
from twilio_bridge_cli.deployments import Deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import DONE, REFUSED, CommandError, RefusedCommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.invoking import find_stack, invoke_sync
from twilio_bridge_cli.options import Region, Stack
from twilio_bridge_cli.watching import ask_patiently

HELP: Final = (
    "Reads what Twilio holds: conversations and tasks into contacts and figures, records into the export."
    "\n\n"
    "An incremental sync goes on where the last one ended; a full one reads everything again, and finds what was "
    "deleted. What Event Streams brought already changes nothing. It runs in the deployment: Ctrl-C ends only the "
    "watching, and the same command shows it again."
    "\n\n"
    "Resources: conversations, tasks, customers, csat, agent_activity, messages, calls, recordings, conferences, "
    "usage. Old events (sync.events_max_age_h) change attributes and figures, and start nothing in Brevo, unless "
    "--with-events."
    "\n\n"
    "Without --stack it is the local stack (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge sync --stack twilio-bridge
  twilio-bridge sync --stack twilio-bridge --full --since 2026-10-01 --dry-run
  twilio-bridge sync --stack twilio-bridge --resources conversations,tasks --channels voice,sms
  twilio-bridge sync --stack twilio-bridge --progress --json | jq '.streams[].left'

[bold]Exit codes[/bold]  0 done, 1 a part failed or Twilio or AWS is away, 2 usage
"""
EVERY_S: Final = 2.0

EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
Full = Annotated[bool, typer.Option("--full", help="Read everything since --since again.")]
Resources = Annotated[str | None, typer.Option(help="What to read, with commas between; else everything.")]
Since = Annotated[str | None, typer.Option(metavar="DAY", help="From when on, such as 2026-11-01; else 30 days.")]
Until = Annotated[str | None, typer.Option(metavar="DAY", help="Until when; else now.")]
Channels = Annotated[str | None, typer.Option(help="Only tasks and conversations on these channels.")]
WithEvents = Annotated[bool, typer.Option("--with-events", help="Send Brevo old events, too.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what it would read, and how long that takes.")]
Progress = Annotated[bool, typer.Option("--progress", help="Show the latest sync, and begin none.")]
Cancel = Annotated[bool, typer.Option("--cancel", help="End the sync that is under way; what it has read stays.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Begin it, and do not watch.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {run, phase, streams, …}.")]


@make_command(EXAMPLES, HELP)
def sync(  # noqa: PLR0913  each is an option
    *,
    stack: Stack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    full: Full = False,
    resources: Resources = None,
    since: Since = None,
    until: Until = None,
    channels: Channels = None,
    with_events: WithEvents = False,
    dry_run: DryRun = False,
    progress: Progress = False,
    cancel: Cancel = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Begin a sync, or show it."""
    if progress and cancel:
        raise CommandError("--progress and --cancel exclude each other.")
    deployment = find_stack(stack, read_environment(endpoint_url), region)
    given: dict[str, Any] = {"type": "full" if full else "incremental", "since": since, "until": until}
    given |= {"resources": _split(resources), "channels": _split(channels)}
    event = {name: value for name, value in given.items() if value is not None}
    event |= {"with_events": with_events, "dry_run": dry_run}
    if progress or cancel:
        event = {"action": "cancel" if cancel else "progress"}

    document = invoke_sync(deployment, region, event)
    if dry_run and not (progress or cancel):
        output.print_json(document) if as_json else show_plan(document)
        return
    if not (progress or cancel or no_wait):
        document = _watch(document, deployment, region)
    output.print_json(document) if as_json else show_progress(document, time.time())
    raise typer.Exit(REFUSED if document.get("phase") == "failed" and not cancel else DONE)


def _split(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _watch(document: dict[str, Any], deployment: Deployment, region: str | None) -> dict[str, Any]:
    """Wait for a run's end behind a bar, and return it as it stands then."""

    def ask() -> dict[str, Any]:
        return invoke_sync(deployment, region, {"action": "progress"})

    total = sum(each["slices"] for each in document["streams"])
    seen: set[tuple[str, str]] = set()
    with output.show_progress("Reading", total, 0) as advance:
        done = 0
        while document["phase"] == "open":
            now_done = sum(each["slices"] - each["left"] for each in document["streams"])
            advance(now_done - done)
            done = now_done
            for found in set(list_problems(document)) - seen:
                seen.add(found)
                output.print_warning(": ".join(found))
            time.sleep(EVERY_S)
            document = ask_patiently(ask, EVERY_S, RefusedCommandError)
    return document
