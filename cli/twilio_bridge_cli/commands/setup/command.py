"""`twilio-bridge setup`: shows what a deployment lacks, makes it once, and takes it back with --remove."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from twilio_bridge.errors import BridgeError
from twilio_bridge.status.findings import FAILING, Fault, Finding
from twilio_bridge.status.probing import run_probes
from twilio_bridge_cli import aws, output
from twilio_bridge_cli.commands.check.building import build_probes, read_deployed
from twilio_bridge_cli.commands.check.command import show_findings
from twilio_bridge_cli.commands.setup.brevo_lists import NOTICE
from twilio_bridge_cli.commands.setup.changes import Change
from twilio_bridge_cli.commands.setup.credentials import collect_credentials, plan_secrets
from twilio_bridge_cli.commands.setup.planning import Plan, Setup, list_urls, read_systems
from twilio_bridge_cli.deployments import Deployment, find_deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import DONE, REFUSED, CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import Region, Stack

HELP: Final = (
    "Connects a deployment, after showing what it would change: secrets, events, webhooks, Airtable, Brevo."
    "\n\n"
    "What is missing is asked for without being shown, or taken from the environment or .env. Then everything that "
    "would be changed is shown, and made after a yes. It can be run again at any time: what is there already is left "
    "alone, and a run that was stopped is finished by the next. A setting of somebody else's is never replaced without "
    "its own yes (--replace). Where Twilio has no API it prints the URLs to paste."
    "\n\n"
    "With SSO_REALM_SID, OKTA_URL and OKTA_TOKEN it makes Frontline's SAML application at Okta, too. Without --stack "
    "it is the local stack (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge setup --stack twilio-bridge
  twilio-bridge setup --stack twilio-bridge --plan
  twilio-bridge setup --stack twilio-bridge --yes --json
  twilio-bridge setup --stack twilio-bridge --remove

[bold]Exit codes[/bold]  0 done and all holds, 1 something is left, 2 usage, or a login is wrong
"""
CHECK_S: Final = 60.0

EndpointUrl = Annotated[str | None, typer.Option(help="Where AWS is reached; else AWS_ENDPOINT_URL.")]
PlanOnly = Annotated[bool, typer.Option("--plan", help="Show what would be changed, and end.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; settings of somebody else's stay.")]
Replace = Annotated[bool, typer.Option("--replace", help="With --yes: replace settings of somebody else's, too.")]
Remove = Annotated[bool, typer.Option("--remove", help="Take back what setup has made; the secrets stay.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object {changes, urls, notes, check}.")]


@make_command(EXAMPLES, HELP)
def setup(  # noqa: PLR0913  each is an option
    *,
    stack: Stack = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    plan_only: PlanOnly = False,
    yes: Yes = False,
    replace: Replace = False,
    remove: Remove = False,
    as_json: AsJson = False,
) -> None:
    """Set a deployment up."""
    if plan_only and yes:
        raise CommandError("--plan and --yes exclude each other.", "--plan only shows.")
    deployment = find_deployment(stack, read_environment(endpoint_url), region)
    credentials = collect_credentials(deployment, read_systems(deployment), region)
    work = Setup(deployment, credentials, region)
    away = work.require_logins()

    client = aws.make_client("secretsmanager", deployment.environment, region)
    plan = work.plan_removal() if remove else work.plan()
    secrets = [] if remove else list(plan_secrets(client, deployment, credentials))
    plan = Plan([*secrets, *plan.changes], away | plan.away)
    _show_plan(plan, "Nothing of setup's is there." if remove else "Nothing is missing.", as_json=as_json)
    done = [] if plan_only else _make(plan, asks=not yes, replaces=replace, as_json=as_json)

    found = [] if plan_only or remove else _check(deployment, region)
    _end(work, plan, done, found, plan_only=plan_only, remove=remove, as_json=as_json)


def _show_plan(plan: Plan, nothing: str, *, as_json: bool) -> None:
    """Print what would be changed."""
    if as_json:
        return
    console = output.open_stdout()
    if not plan.changes and not plan.away:
        console.print(nothing)
    for change in plan.changes:
        console.print(Text.assemble((f"{change.system}  ", "bold"), output.escape_control(change.text)), soft_wrap=True)
        if change.foreign:
            console.print(Text(f"    replaces {output.escape_control(change.foreign)}", style="yellow"), soft_wrap=True)
    for system, reason in plan.away.items():
        output.print_warning(f"{system} could not be looked at: {reason}")


def _make(plan: Plan, *, asks: bool, replaces: bool, as_json: bool) -> list[dict[str, Any]]:
    """Make the changes, one after the other; where one fails the system's later ones are left for the next run."""
    if not plan.changes:
        return []
    if asks and not output.is_asked():
        raise CommandError("Nobody is there to say yes.", "Look first with --plan; then --yes makes the changes.")
    if asks:
        typer.confirm("Make these changes?", abort=True, err=True)

    done, failed = [], set[str]()
    for change in plan.changes:
        state, text = _make_one(change, failed, asks=asks, replaces=replaces)
        done.append({"system": change.system, "change": change.name, "state": state, "text": text})
        if state == "failed":
            failed.add(change.system)
        if not as_json:
            colour = {"done": "green", "failed": "red"}.get(state, "yellow")
            output.print_note(f"{change.system} {change.name}: {text}", colour)
    return done


def _make_one(change: Change, failed: set[str], *, asks: bool, replaces: bool) -> tuple[str, str]:
    if change.system in failed:
        return "left", "left for the next run"
    if change.foreign and not replaces:
        question = f"Replace {output.escape_control(change.foreign, keep='')}?"
        if not asks or not typer.confirm(question, err=True):
            return "kept", f"left as it is: {change.foreign}"
    try:
        return "done", change.apply()
    except (BridgeError, Fault, CommandError) as error:
        return "failed", str(error)


def _check(deployment: Deployment, region: str | None) -> list[Finding]:
    """Return what does not hold now."""
    return run_probes(build_probes(read_deployed(deployment, region)), CHECK_S)


def _end(
    work: Setup,
    plan: Plan,
    done: Sequence[dict[str, Any]],
    found: Sequence[Finding],
    *,
    plan_only: bool,
    remove: bool,
    as_json: bool,
) -> None:
    """Print what is left to do by hand, and end."""
    urls = [] if remove else list_urls(work.deployment)
    notes = _list_notes(work) if not remove else []
    left = [each for each in found if each.state in FAILING]
    is_done = not left and not plan.away and all(each["state"] == "done" for each in done)
    if as_json:
        planned = [
            {"system": each.system, "change": each.name, "state": "planned", "text": each.text} for each in plan.changes
        ]
        checked = {"ok": not left, "findings": [each.text for each in left]}
        pasted = [{"place": place, "url": url} for place, url in urls]
        changes = planned if plan_only else list(done)
        output.print_json({"changes": changes, "away": plan.away, "urls": pasted, "notes": notes, "check": checked})
    else:
        _show_end(urls, notes, left)
    raise typer.Exit(DONE if is_done else REFUSED)


def _show_end(urls: Sequence[tuple[str, str]], notes: Sequence[str], left: Sequence[Finding]) -> None:
    if urls:
        output.print_text(output.make_bold("Paste in Twilio's console, which has no API for it"))
        for place, url in urls:
            output.print_text(f"  {place}\n      {url}")
    for note in notes:
        output.print_note(note, "dim")
    if left:
        output.print_text(output.make_bold("Left (twilio-bridge check)"))
        show_findings(left)


def _list_notes(work: Setup) -> list[str]:
    notes = [NOTICE] if work.deployment.has_support else []
    if (okta := work.open_okta()) and (where := okta.find_instructions()):
        notes.append(
            f"At Frontline > Manage > SSO/Log in enter the values of {where}; assign your workers to the application."
        )
    return notes
