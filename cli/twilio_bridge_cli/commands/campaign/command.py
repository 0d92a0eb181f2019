"""`twilio-bridge campaign …`: how far campaigns are, what became of their rows, and verbs that steer them."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from twilio_bridge_cli import output
from twilio_bridge_cli.commands.campaign.beginning import CODES, Watch
from twilio_bridge_cli.commands.campaign.calling import CampaignsApi
from twilio_bridge_cli.commands.campaign.showing import (
    describe_report,
    exit_by_state,
    show_campaign,
    watch_campaign,
)
from twilio_bridge_cli.deployments import find_deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import AsJson, Region, StackOrLocal
from twilio_bridge_cli.rows import Format, choose_format, write_rows

ROW_COLUMNS: Final = (
    *("row", "to", "state", "outcome", "status", "reason", "detail", "errorCode", "errorMessage", "sid"),
    *("from", "country", "segments", "price", "estimate", "origin", "dueAt", "submittedAt", "endedAt"),
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The campaign's id.")]
Every = Annotated[float, typer.Option(min=1, help="With --watch: seconds between two looks.")]


class Outcome(StrEnum):
    """What became of a row."""

    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    OPEN = "open"


def _example(line: str) -> str:
    return f"\n[bold]Examples[/bold]\n  twilio-bridge campaign {line}\n\n{CODES}\n"


@make_command(_example("status spring-2026 --watch --stack twilio-bridge"))
def status(
    campaign_id: Id,
    *,
    watch: Watch = False,
    every: Every = 2.0,
    as_json: AsJson = False,
    stack: StackOrLocal = None,
    region: Region = None,
) -> None:
    """Show how far a campaign is: its rows by outcome and status, and what they cost."""
    api = CampaignsApi(find_deployment(stack, read_environment(), region), region)
    if watch:
        watch_campaign(api, campaign_id, every, as_json=as_json)
    shown = api.get(campaign_id)
    show_campaign(shown, as_json=as_json)
    exit_by_state(shown)


@make_command(_example("rows spring-2026 --outcome failed --format csv > failed.csv"))
def rows(
    campaign_id: Id,
    *,
    outcome: Annotated[Outcome | None, typer.Option(help="Only rows that ended so, or are open.")] = None,
    form: Annotated[Format | None, typer.Option("--format", help="table, json, jsonl or csv.")] = None,
    as_json: AsJson = False,
    stack: StackOrLocal = None,
    region: Region = None,
) -> None:
    """List a campaign's rows with what became of each."""
    api = CampaignsApi(find_deployment(stack, read_environment(), region), region)
    found = _pick(api.iterate_rows(campaign_id), outcome)
    listed = ([row.get(name) for name in ROW_COLUMNS] for row in found)
    write_rows(ROW_COLUMNS, listed, choose_format(form, as_json=as_json))


def _pick(found: Iterator[dict[str, Any]], outcome: Outcome | None) -> Iterator[dict[str, Any]]:
    wanted = None if outcome is Outcome.OPEN else outcome
    return (row for row in found if outcome is None or row.get("outcome") == wanted)


@make_command(_example("pause spring-2026 --cause 'wrong link'"))
def pause(
    campaign_id: Id,
    *,
    cause: Annotated[str, typer.Option(help="Why, for whoever looks at it.")] = "as asked",
    as_json: AsJson = False,
    stack: StackOrLocal = None,
    region: Region = None,
) -> None:
    """Let no further row of a campaign be sent until it is resumed."""
    _steer(campaign_id, "pause", {"cause": cause}, stack, region, as_json=as_json)


@make_command(_example("resume spring-2026 --max-spend 500"))
def resume(
    campaign_id: Id,
    *,
    max_spend: Annotated[float | None, typer.Option(help="The new limit, where it was paused for the old one.")] = None,
    as_json: AsJson = False,
    stack: StackOrLocal = None,
    region: Region = None,
) -> None:
    """Go on with a campaign that was paused."""
    body = {} if max_spend is None else {"maxSpend": max_spend}
    _steer(campaign_id, "resume", body, stack, region, as_json=as_json)


@make_command(_example("cancel spring-2026 --yes"))
def cancel(
    campaign_id: Id,
    *,
    cause: Annotated[str, typer.Option(help="Why, for whoever looks at it.")] = "as asked",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Cancel without asking.")] = False,
    as_json: AsJson = False,
    stack: StackOrLocal = None,
    region: Region = None,
) -> None:
    """End a campaign: nothing more is sent, and what Twilio has only scheduled is canceled there."""
    if not yes and (not output.is_asked() or not typer.confirm(f"Cancel {campaign_id} for good?", err=True)):
        raise CommandError("Nothing was cancelled.", "Cancel with --yes.")
    _steer(campaign_id, "cancel", {"cause": cause}, stack, region, as_json=as_json)


def _steer(
    campaign_id: str, action: str, body: Mapping[str, Any], stack: str | None, region: str | None, *, as_json: bool
) -> None:
    api = CampaignsApi(find_deployment(stack, read_environment(), region), region)
    show_campaign(api.steer(campaign_id, action, body), as_json=as_json)


@make_command(_example("report spring-2026 --json | jq .byCode"))
def report(campaign_id: Id, *, as_json: AsJson = False, stack: StackOrLocal = None, region: Region = None) -> None:
    """Show what became of a campaign by status, error code, country, sender and segments, with what it cost."""
    api = CampaignsApi(find_deployment(stack, read_environment(), region), region)
    found = api.report(campaign_id)
    if as_json:
        output.print_json(found)
        return
    for line in describe_report(found):
        output.print_text(output.escape_control(line, keep="\x1b\n\t"))
