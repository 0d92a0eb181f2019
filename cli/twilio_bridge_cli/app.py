"""The command `twilio-bridge`: send what Twilio would send, and store what people configure, from a terminal."""

import re
import sys
import traceback
from typing import Annotated, Any, Final

import typer

from twilio_bridge.entities.errors import TwilioRefusedError
from twilio_bridge.errors import BadRequestError, BridgeError, SettingError, UpstreamError
from twilio_bridge_cli.errors import (
    INTERRUPTED,
    OWN_MISTAKE,
    REFUSED,
    SERVER,
    UNREACHABLE,
    USAGE,
    CommandError,
    RefusedCommandError,
)
from twilio_bridge_cli.groups import Entry, Group

_HELP: Final = (
    "Operates a Twilio Bridge: calls its callbacks and fills its stream as Twilio would, puts configurations in "
    "force, shows the figures, and reads and writes Twilio's resources as rows."
)
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge call crm
  twilio-bridge call crm --worker jo@acme.org --stack twilio-bridge
  twilio-bridge secrets put twilio airtable --stack twilio-bridge
  twilio-bridge config put bridge.yaml --stack twilio-bridge
  twilio-bridge events put task-created.json
  twilio-bridge select "SELECT Status, count(*) FROM Messages GROUP BY Status"
  twilio-bridge report queues --stack twilio-bridge --from 2026-11-01
  twilio-bridge status --stack twilio-bridge
  twilio-bridge send people.csv --id spring-2026 --text "Hi <Name>" --stack twilio-bridge
"""
_COMMANDS: Final = "twilio_bridge_cli.commands"
COMMANDS: Final = {
    "call": Entry(
        "Signs and sends one callback exactly as Twilio would, and shows the answer.", f"{_COMMANDS}.call.command:call"
    ),
    "send": Entry(
        "Send a message to everybody in a file, or to some numbers: shown and asked about first.",
        f"{_COMMANDS}.campaign.beginning:send",
    ),
    "campaign": Entry(
        "Sends messages to many people, follows each to its end, and shows what became of them.",
        f"{_COMMANDS}.campaign.group:group",
    ),
    "report": Entry(
        "Shows the figures of customers, queues or workers, by day, week or hour.", f"{_COMMANDS}.report.command:report"
    ),
    "setup": Entry(
        "Connects a deployment, after showing what it would change: secrets, events, webhooks, Airtable, Brevo.",
        f"{_COMMANDS}.setup.command:setup",
    ),
    "check": Entry(
        "Checks the connection to Twilio, Airtable and Brevo, their set-up, and the deployment: a line each.",
        f"{_COMMANDS}.check.command:check",
    ),
    "status": Entry(
        "Shows how a deployment is: vendors, contacts, events, queues, quota; and keeps showing it with --watch.",
        f"{_COMMANDS}.status.command:status",
    ),
    "persons": Entry(
        "Shows, splits and erases what support events made of a person.", f"{_COMMANDS}.persons.group:group"
    ),
    "queues": Entry(
        "Puts back what was given up: dead letters, and events that Brevo refused.", f"{_COMMANDS}.queues.group:group"
    ),
    "sync": Entry(
        "Reads what Twilio holds: conversations and tasks into contacts and figures, records into the export.",
        f"{_COMMANDS}.sync.command:sync",
    ),
    "export": Entry(
        "Writes interactions and figures into the export, and names the bucket that has it.",
        f"{_COMMANDS}.export.command:export",
    ),
    "usage": Entry(
        "Shows how many calls Airtable had from the bridge this month, and how many the plan has.",
        f"{_COMMANDS}.usage:usage",
    ),
    "logs": Entry(
        "Shows what the functions logged: time, function, level, message and facts.", f"{_COMMANDS}.logs.command:logs"
    ),
    "config": Entry("Checks, stores and shows what people configure (bridge.yaml).", f"{_COMMANDS}.config.group:group"),
    "secrets": Entry("Writes the stack's secrets, without a file that holds one.", f"{_COMMANDS}.secrets.group:group"),
    "events": Entry(
        "Puts Twilio's events on the stream, out of files or out of the quarantine.", f"{_COMMANDS}.events.group:group"
    ),
    "tasks": Entry("Ends tasks, with a reason that Flex Insights reports.", f"{_COMMANDS}.tasks.group:group"),
    "workers": Entry("Writes workers' attributes, as Flex Insights reads them.", f"{_COMMANDS}.workers.group:group"),
    "insights": Entry(
        "Looks at what Flex Insights reads of tasks and workers, and fills it in.", f"{_COMMANDS}.insights.group:group"
    ),
    "entities": Entry(
        "Lists, reads and writes Twilio's resources as rows, with filters that run at Twilio where they can.",
        f"{_COMMANDS}.entities.group:group",
    ),
    "select": Entry(
        "Runs one SELECT over Twilio's resources as tables: joins, aggregates, WITH and date functions work.",
        f"{_COMMANDS}.select.command:select",
    ),
}


class Commands(Group):
    """All commands; every failure becomes one sentence and an exit code."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  they are typer's
        super().__init__(entries=COMMANDS, **settings)

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer's own Context is a subclass
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CommandError as error:
            _end(ctx, error, error.code)
        except BridgeError as error:
            _end(ctx, CommandError(make_sentence(_describe(error))), _choose_code(error))
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except typer.Abort:
            if sys.stdin.isatty():  # whoever sits there has said no
                raise
            _end(ctx, RefusedCommandError("Nobody has said yes.", "--yes answers in advance."), REFUSED)
        except (typer.Exit, typer.TyperException, BrokenPipeError):  # typer ends these well
            raise
        except Exception as error:  # noqa: BLE001  the last resort: no traceback unless it is asked for
            _end(ctx, _own_mistake(error), OWN_MISTAKE)
        return None


def _end(ctx: typer.Context, error: CommandError, code: int) -> None:
    from twilio_bridge_cli import output  # noqa: PLC0415  --help needs none of it

    if ctx.params.get("debug"):
        traceback.print_exc()
    output.print_error(error)
    raise typer.Exit(code)


def _own_mistake(error: Exception) -> CommandError:
    remedy = "Please report it with what `twilio-bridge --debug …` shows."
    return CommandError(f"This command made a mistake ({type(error).__name__}).", remedy)


def _describe(error: BridgeError) -> str:
    """Return an error's message, with Twilio's own text where it refused: that text is for the operator alone."""
    return f"{error.text.rstrip('.')} ({error})" if isinstance(error, TwilioRefusedError) else str(error)


def _choose_code(error: BridgeError) -> int:
    if isinstance(error, TwilioRefusedError):
        return REFUSED
    if isinstance(error, SettingError | BadRequestError):
        return USAGE
    return UNREACHABLE if isinstance(error, UpstreamError) else SERVER


def make_sentence(text: str) -> str:
    """Return an error as a sentence."""
    is_name = re.match(r"[a-z]+[A-Z]", text)  # such as filterClause: a name stays as it is written
    first = text[:1] if is_name else text[:1].upper()
    return f"{first}{text[1:].rstrip('.')}{'' if text.endswith('?') else '.'}"


app = typer.Typer(
    name="twilio-bridge",
    cls=Commands,
    help=_HELP,
    epilog=_EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if not wanted:
        return

    from importlib.metadata import version  # noqa: PLC0415  only this needs it

    typer.echo(f"twilio-bridge {version('twilio-bridge')}")
    raise typer.Exit


@app.callback()
def root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where a failure comes from.")] = False,
) -> None:
    """Take the options that every command has."""
    del show_version, debug  # one ends the command by itself, `Commands` reads the other


def main() -> None:
    """Run the command."""
    sys.exit(app())
