"""`twilio-bridge logs`: what the functions logged, of a deployed stack or of the local one."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from rich.text import Text

from twilio_bridge_cli import aws, output
from twilio_bridge_cli.commands.logs.lines import LogLine
from twilio_bridge_cli.commands.logs.sources import read_file, read_group
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.local_stack import require_local_stack
from twilio_bridge_cli.options import Region

HELP: Final = (
    "Shows what the functions logged: time, function, level, message and facts."
    "\n\n"
    "Without --stack it is the local stack's log (make run). Figures are left out; `report` and the dashboard have "
    "them. Lines that CloudWatch shows late are shown late."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge logs --follow
  twilio-bridge logs --since 2h --level warning --stack twilio-bridge
  twilio-bridge logs --function crm --stack twilio-bridge
  twilio-bridge logs --request 8f5c1f0e-6f0b-4f5e-9d0a-0c8f4a5b6c7d --since 3d --stack twilio-bridge --json

[bold]Exit codes[/bold]  0 done, 1 refused, 2 usage, 4 unreachable
"""
GROUP_OUTPUT: Final = "LogGroup"
MAX_SINCE: Final = timedelta(days=3_650)
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_COLOURS: Final = {"DEBUG": "dim", "INFO": "", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}

Since = Annotated[str, typer.Option(help="How far back: 90s, 15m, 2h, 3d, or a moment as 2026-11-29T08:00:00Z.")]
Request = Annotated[str, typer.Option("--request", help="Only lines about this request id, or its beginning.")]
Function = Annotated[str, typer.Option("--function", help="Only this function: crm, or CrmFunction.")]
Level = Annotated[
    Literal["debug", "info", "warning", "error"], typer.Option(case_sensitive=False, help="Only this level and worse.")
]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on showing lines as they come; Ctrl-C ends it.")]
Stack = Annotated[str | None, typer.Option(help="The deployed stack, whose output names the log group.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")]


@make_command(EXAMPLES, HELP)
def logs(  # noqa: PLR0913  they are the command's options
    *,
    since: Since = "15m",
    request: Request = "",
    function: Function = "",
    level: Level = "debug",
    follow: Follow = False,
    as_json: AsJson = False,
    stack: Stack = None,
    region: Region = None,
) -> None:
    """Show the lines, one by one."""
    start = read_since(since, datetime.now(UTC))
    wanted = _plain(function)

    for line in _read_lines(start, request, stack, region, follow=follow):
        is_wanted = wanted in {"", _plain(line.function)} and line.request_id.startswith(request)
        if is_wanted and line.is_at_least(level.upper()):
            _print(line, as_json=as_json)


def read_since(text: str, now: datetime) -> datetime:
    """Return the moment; raise CommandError where it is none, or not over yet."""
    span = re.fullmatch(r"(\d{1,9})([smhd])", text)
    try:
        start = _go_back(now, int(span[1]), span[2]) if span else datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise CommandError(f"--since {text} is no time.", "For example 15m, 2h, 3d or 2026-11-29T08:00:00Z.") from error

    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    if start > now:
        raise CommandError(f"--since {text} is in the future.", "Name a moment that is over.")
    return start


def _go_back(now: datetime, count: int, unit: str) -> datetime:
    return now - min(timedelta(**{_UNITS[unit]: count}), MAX_SINCE)


def _read_lines(
    start: datetime, request: str, stack: str | None, region: str | None, *, follow: bool
) -> Iterator[LogLine]:
    if stack is None:
        return read_file(Path(require_local_stack().log), start, follow=follow)

    environment = read_environment()
    group = aws.read_stack_output(stack, GROUP_OUTPUT, environment, region)
    return read_group(aws.make_client("logs", environment, region), group, start, request, follow=follow)


def _plain(function: str) -> str:
    """Return a function's name as people shorten it: CrmFunction, crm and Crm are one."""
    return re.sub(r"[-_]|function$", "", function.lower())


def _print(line: LogLine, *, as_json: bool) -> None:
    if as_json:
        output.print_json({**asdict(line), "at": line.at.isoformat(timespec="milliseconds")})
        return

    about = [*line.facts.items(), ("request", line.request_id)]
    facts = "  ".join(f"{key}={_show(value)}" for key, value in about if value not in ("", None))
    shown = Text.assemble(
        (f"{line.at.astimezone():%H:%M:%S.%f}"[:-3], "dim"),
        f"  {line.function.removesuffix('Function'):<20}  ",
        (f"{line.level:<8}", _COLOURS[line.level]),
        f" {output.escape_control(line.message)}  ",
        (output.escape_control(facts, keep=""), "dim"),
    )
    output.open_stdout().print(shown, soft_wrap=True)


def _show(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
