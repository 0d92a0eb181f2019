"""The command `twilio-bridge`: what Twilio would send, and what people configure, from a terminal."""

import sys
import traceback
from importlib.metadata import version
from typing import Annotated

import typer

from twilio_bridge.errors import BadRequestError, BridgeError, SettingError, UpstreamError
from twilio_bridge_cli import output
from twilio_bridge_cli.commands import usage
from twilio_bridge_cli.commands.call import command as call
from twilio_bridge_cli.commands.config import command as config
from twilio_bridge_cli.commands.events import command as events
from twilio_bridge_cli.commands.report import command as report
from twilio_bridge_cli.errors import INTERRUPTED, OWN_MISTAKE, SERVER, UNREACHABLE, USAGE, CommandError
from twilio_bridge_cli.flags import Command, Group

_HELP = (
    "Operates a Twilio Bridge: calls its callbacks and fills its stream as Twilio would, puts configurations in "
    "force, and shows the figures."
)
_EXAMPLES = """
[bold]Examples[/bold]
  twilio-bridge call crm
  twilio-bridge call crm --worker jo@acme.org --url https://bridge.acme.org --secret twilio-bridge/twilio
  twilio-bridge config put bridge.yaml --stack twilio-bridge
  twilio-bridge events put task-created.json
  twilio-bridge report queues --stack twilio-bridge --from 2026-11-01
"""


class Commands(Group):
    """Turns every failure into one sentence and an exit code."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer's own Context is a subclass
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CommandError as error:
            _end(ctx, error, error.code)
        except BridgeError as error:
            _end(ctx, CommandError(_sentence(str(error))), _code(error))
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):  # typer ends these well
            raise
        except Exception as error:  # noqa: BLE001  the last resort: no traceback unless it is asked for
            _end(ctx, _own_mistake(error), OWN_MISTAKE)
        return None


def _end(ctx: typer.Context, error: CommandError, code: int) -> None:
    if ctx.params.get("debug"):
        traceback.print_exc()
    output.failure(error)
    raise typer.Exit(code)


def _own_mistake(error: Exception) -> CommandError:
    remedy = "Please report it with what `twilio-bridge --debug …` shows."
    return CommandError(f"This command made a mistake ({type(error).__name__}).", remedy)


def _code(error: BridgeError) -> int:
    if isinstance(error, SettingError | BadRequestError):
        return USAGE
    return UNREACHABLE if isinstance(error, UpstreamError) else SERVER


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


app = typer.Typer(
    name="twilio-bridge",
    cls=Commands,
    help=_HELP,
    epilog=_EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command(name="call", cls=Command, help=call.HELP, epilog=call.EXAMPLES)(call.call)
app.command(name="report", cls=Command, help=report.HELP, epilog=report.EXAMPLES)(report.report)
app.command(name="usage", cls=Command, help=usage.HELP, epilog=usage.EXAMPLES)(usage.usage)
app.add_typer(config.app, name="config")
app.add_typer(events.app, name="events")


def _show_version(wanted: bool) -> None:
    if wanted:
        output.plain(f"twilio-bridge {version('twilio-bridge')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where a failure comes from.")] = False,
) -> None:
    """Take what holds for every command."""
    del show_version, debug  # one ends the command by itself, `Commands` reads the other


def main() -> None:
    """Run the command."""
    sys.exit(app())
