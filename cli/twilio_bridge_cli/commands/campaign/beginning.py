"""`twilio-bridge send` and `campaign create`: previewed, asked about, sent and watched."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from twilio_bridge_cli import output
from twilio_bridge_cli.commands.campaign.calling import CampaignsApi
from twilio_bridge_cli.commands.campaign.requesting import (
    add_given,
    find_recipients,
    parse_pairs,
    parse_sender,
    read_request,
    upload_rows,
)
from twilio_bridge_cli.commands.campaign.showing import show_campaign, show_preview, watch_campaign
from twilio_bridge_cli.deployments import Deployment, find_deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import REFUSED, CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import AsJson, Region, StackOrLocal

CODES: Final = (
    "[bold]Exit codes[/bold]  0 done, 1 refused, paused or not there, 2 usage or faults, 3 the function failed, "
    "4 unreachable"
)
SEND_EXAMPLES: Final = f"""
[bold]Examples[/bold]
  twilio-bridge send people.csv --id spring-2026 --text "Hi <Name|there>, our sale has begun." --stack twilio-bridge
  twilio-bridge send people.csv --id spring-test --text "Hi <Name>" --test-to +447946000012 --yes
  twilio-bridge send people.csv --id spring-2026 --text "Hi <Name>" --dry-run
  twilio-bridge send +447946000012 --id hello-1 --text "Hello" --from +15005550006

{CODES}
"""
CREATE_EXAMPLES: Final = f"""
[bold]Examples[/bold]
  twilio-bridge campaign create spring.yaml --stack twilio-bridge
  twilio-bridge campaign create spring.yaml --rows people.csv --yes --watch
  twilio-bridge campaign create spring.yaml --dry-run --json | jq '.rows[].text'

{CODES}
"""


PREVIEWED_ROWS: Final = 1_000

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Send without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")]
Watch = Annotated[bool, typer.Option("--watch", help="Show how far it is until it ends.")]
Rows = Annotated[
    Path | None, typer.Option("--rows", exists=True, dir_okay=False, help="A CSV or JSON Lines file with the rows.")
]
TestTo = Annotated[str | None, typer.Option(help="Send the first row's message to this number, and nothing else.")]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a campaign is begun: only shown, asked about or not, watched or not, for a program or not."""

    dry_run: bool
    yes: bool
    watch: bool
    as_json: bool


@make_command(SEND_EXAMPLES)
def send(  # noqa: PLR0913  options
    who: Annotated[list[str], typer.Argument(metavar="FILE | NUMBER…", help="A CSV or JSON Lines file, or numbers.")],
    *,
    campaign_id: Annotated[str, typer.Option("--id", help="A name of yours: the same again sends nothing twice.")],
    text: Annotated[str, typer.Option(help="The text, with <Placeholders>; <Name|there> has a default.")] = "",
    content: Annotated[str | None, typer.Option(help="A content template's SID (HX…) in place of a text.")] = None,
    variable: Annotated[list[str] | None, typer.Option(help="Of a content template: 1='<Name>'; repeatable.")] = None,
    media: Annotated[list[str] | None, typer.Option(help="The address of a picture or file; repeatable.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Placeholder=column, where they differ; repeatable.")] = None,
    to: Annotated[str | None, typer.Option(help="The column of the numbers; else `to`.")] = None,
    sender: Annotated[str | None, typer.Option("--from", help="A number, or a Messaging Service (MG…).")] = None,
    whatsapp: Annotated[bool, typer.Option("--whatsapp", help="Send by WhatsApp.")] = False,
    number_region: Annotated[
        str | None, typer.Option("--country", help="The country of numbers without country code, such as DE.")
    ] = None,
    send_at: Annotated[str | None, typer.Option(help="Not before then, such as 2026-12-01T09:00:00+01:00.")] = None,
    rate: Annotated[float | None, typer.Option(help="Messages a second.")] = None,
    max_spend: Annotated[float | None, typer.Option(help="Pause where it has cost so much.")] = None,
    test_to: TestTo = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    watch: Watch = False,
    as_json: AsJson = False,
    stack: StackOrLocal = None,
    region: Region = None,
) -> None:
    """Send a message to everybody in a file, or to some numbers: shown and asked about first."""
    deployment = find_deployment(stack, read_environment(), region)
    file, recipients = find_recipients(who, to or "to")
    given = {
        "id": campaign_id,
        "text": text,
        "contentSid": content,
        "contentVariables": parse_pairs("--variable", variable or []) or None,
        "media": media,
        "fields": parse_pairs("--field", field or []) or None,
        "to": to,
        "sender": parse_sender(sender),
        "channel": "whatsapp" if whatsapp else None,
        "region": number_region,
        "sendAt": send_at,
        "ratePerS": rate,
        "maxSpend": max_spend,
        "testTo": test_to,
    }
    _begin(add_given(recipients, given), file, deployment, region, Manner(dry_run, yes, watch, as_json))


@make_command(CREATE_EXAMPLES)
def create(  # noqa: PLR0913  options
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The request, as JSON or YAML.")
    ],
    *,
    rows: Rows = None,
    test_to: TestTo = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    watch: Watch = False,
    as_json: AsJson = False,
    stack: StackOrLocal = None,
    region: Region = None,
) -> None:
    """Begin a campaign that a file describes: shown and asked about first.

    docs/messages.md has the request's fields. The same file again changes nothing.
    """
    deployment = find_deployment(stack, read_environment(), region)
    request = add_given(read_request(file), {"testTo": test_to})
    _begin(request, rows, deployment, region, Manner(dry_run, yes, watch, as_json))


def _begin(
    request: dict[str, Any], rows: Path | None, deployment: Deployment, region: str | None, manner: Manner
) -> None:
    """Show the first rows, ask, and begin."""
    api = CampaignsApi(deployment, region)
    if rows:
        request = {**request, "source": {"s3": upload_rows(rows, str(request.get("id", "")), deployment, region)}}
    if manner.dry_run and manner.as_json:
        output.print_json(_preview_all(api, request))
        return

    if manner.dry_run or not manner.yes:
        page = api.create({**request, "dryRun": True, "pageSize": PREVIEWED_ROWS})
        show_preview(page, _count_lines(rows) if rows else None)
    if manner.dry_run:
        return
    if not manner.yes:
        _ask()

    shown = api.create(request)
    if manner.watch:
        watch_campaign(api, str(request["id"]), as_json=manner.as_json)
    show_campaign(shown, as_json=manner.as_json)


def _preview_all(api: CampaignsApi, request: Mapping[str, Any]) -> dict[str, Any]:
    page = api.create({**request, "dryRun": True, "pageSize": PREVIEWED_ROWS})
    rows = list(page["rows"])
    while token := page["nextPageToken"]:
        page = api.create({**request, "dryRun": True, "pageSize": PREVIEWED_ROWS, "pageToken": token})
        rows += page["rows"]
    return {**page, "rows": rows}


def _ask() -> None:
    if not output.is_asked():
        raise CommandError("Nobody is there to ask whether to send.", "Look at --dry-run, then send with --yes.")
    if not typer.confirm("Send?", err=True):
        raise typer.Exit(REFUSED)


def _count_lines(path: Path) -> int:
    """Return how many rows a file has, about: its lines without the header."""
    with path.open("rb") as file:
        return max(sum(1 for _ in file) - 1, 0)
