"""What the terminal shows: what runs, calls to paste, warnings as they come; used by `__main__`."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from twilio_bridge_local.console.calls import curl, sample_calls, signature
from twilio_bridge_local.environment import Environment, Vendor
from twilio_bridge_local.functions.schedules import interval_s
from twilio_bridge_local.http_server import LOOPBACK
from twilio_bridge_local.logs import Alert
from twilio_bridge_local.running import SAM_ENVIRONMENT
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.template.bundle import Function
from twilio_bridge_local.vendors.server import OWN_PATH

SAMPLE_EVENTS, SAMPLE_DAY = "events/event_streams/day.jsonl", "2026-03-02"
REACHABLE: Final = 'make run ARGS="--host 172.17.0.1"'

_HOMES: Final[Mapping[str, str]] = {
    "Twilio": "https://api.twilio.com",
    "Airtable": "https://api.airtable.com",
    "Brevo": "https://api.brevo.com",
}


def overview(stack: Stack, console: Console) -> None:
    """Print what runs and how to call it."""
    console.print()
    console.print(f"[bold]Twilio Bridge[/bold] on [cyan]{stack.url}[/cyan]", highlight=False)
    _section(console, "Functions", [(function.name, _triggers(function)) for function in stack.bundle.functions])
    _section(console, "Vendors", _vendors(stack))
    _section(console, "Resources", _resources(stack))
    _section(console, "Files", [("Log", str(stack.log_path)), ("For sam local", str(SAM_ENVIRONMENT))])
    for note in stack.environment.notes:
        console.print(f"\n[yellow]{escape(note)}[/yellow]", highlight=False)
    console.print("\n[bold]Try it[/bold]")
    for call in sample_calls(stack):
        _command(console, f"{call.title}", curl(stack, call))
    for title, command in support_commands(stack):
        _command(console, title, command)
    _command(console, *container(stack))
    console.print("\nCtrl-C stops it.", style="dim")


def description(stack: Stack) -> dict[str, Any]:
    """The same for programs."""
    bundle = stack.bundle
    return {
        "url": stack.url,
        "aws": stack.aws_url,
        "lambda": stack.invoke_url,
        **{
            name.lower(): {"url": _url(name, vendor), "stand_in": vendor.stand_in}
            for name, vendor in _named_vendors(stack.environment)
        },
        "functions": {function.name: [route.key for route in function.routes] for function in bundle.functions},
        "tables": [table.name for table in bundle.tables],
        "queues": [queue.name for queue in bundle.queues],
        "buckets": list(bundle.buckets),
        "streams": [stream.name for stream in bundle.streams],
        "log": str(stack.log_path),
        "sam_environment": str(SAM_ENVIRONMENT),
        "notes": list(stack.environment.notes),
        "calls": [
            {
                "title": call.title,
                "url": stack.url + call.path,
                "parameters": dict(call.parameters),
                "signature": signature(stack, call),
            }
            for call in sample_calls(stack)
        ],
    }


def alerts(console: Console) -> Alert:
    """Return what prints the functions' warnings and errors, each whole."""

    def alert(function: str, level: str, message: str) -> None:
        colour = "yellow" if level.startswith("WARN") else "red"
        line = Text.assemble((level.lower(), colour), " ", (function, "bold"), " ", " ".join(message.split()))
        console.print(line, soft_wrap=True)

    return alert


def support_commands(stack: Stack) -> Iterator[tuple[str, str]]:
    """How to put support events on the stream, and how to see what comes of them."""
    put = f"{_installed('twilio-bridge')} events put {SAMPLE_EVENTS}"
    yield "A day of support events, as Twilio's Event Streams send them", put
    if stack.environment.brevo.stand_in:
        yield "What Brevo holds some seconds later", f"{_installed('python')} -m twilio_bridge_local.console.brevo"
    days = f"--from {SAMPLE_DAY} --to {SAMPLE_DAY}"
    yield "The queues' figures of that day", f"{_installed('twilio-bridge')} report queues {days}"


def _installed(command: str) -> str:
    """Return a command of this environment as it is called from here."""
    path = Path(sys.executable).with_name(command)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def container(stack: Stack) -> tuple[str, str]:
    """How to run a function in its container, which does not reach this machine's own 127.0.0.1."""
    if stack.environment.host == LOOPBACK:
        return "For functions in Lambda's container start the stack where Docker reaches it", REACHABLE
    return "A function in Lambda's container (after sam build)", sam_invoke(stack)


def sam_invoke(stack: Stack) -> str:
    """How to run a function in its container against this stack."""
    name = next((function.name for function in stack.bundle.functions if function.routes), "FUNCTION")
    return f"sam local invoke {name} -e EVENT.json --env-vars {SAM_ENVIRONMENT}"


def _section(console: Console, title: str, rows: list[tuple[str, str]]) -> None:
    table = Table.grid(padding=(0, 3))
    for name, text in rows:
        table.add_row(Text(name), Text(text, style="dim"))
    console.print(f"\n[bold]{title}[/bold]")
    console.print(Padding(table, (0, 0, 0, 2)))


def _command(console: Console, title: str, command: str) -> None:
    console.print(f"  [dim]# {escape(title)}[/dim]", highlight=False)
    # A command that is wrapped cannot be pasted.
    console.print(Text(f"  {command}"), soft_wrap=True, highlight=False)


def _triggers(function: Function) -> str:
    triggers = [
        *(route.key for route in function.routes),
        *(f"queue {source.queue}" for source in function.queues),
        *(f"stream {source.stream}" for source in function.streams),
        *(f"now, then {_every(interval_s(schedule))}" for schedule in function.schedules),
    ]
    return ", ".join(triggers) or "invoke"


def _every(seconds: float) -> str:
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds % size == 0:
            count = int(seconds // size)
            return f"every {name}" if count == 1 else f"every {count} {name}s"
    return f"every {seconds:.0f} s"


def _vendors(stack: Stack) -> list[tuple[str, str]]:
    environment = stack.environment
    brevo = [("", f"what it holds: {_state_url(environment)}")] if environment.brevo.stand_in else []
    aws = f"{'given endpoint' if environment.aws_endpoint_url else 'stand-in'}, {stack.aws_url}"
    return [
        *(
            (name, f"{'stand-in' if vendor.stand_in else 'real'}, {_url(name, vendor)}")
            for name, vendor in _named_vendors(environment)
        ),
        *brevo,
        ("AWS", aws),
        ("Lambda", f"stand-in, {stack.invoke_url}"),
    ]


def _state_url(environment: Environment) -> str:
    return f"{environment.brevo.endpoint_url}{OWN_PATH}state"


def _named_vendors(environment: Environment) -> tuple[tuple[str, Vendor], ...]:
    return ("Twilio", environment.twilio), ("Airtable", environment.airtable), ("Brevo", environment.brevo)


def _url(name: str, vendor: Vendor) -> str:
    return vendor.endpoint_url or _HOMES[name]


def _resources(stack: Stack) -> list[tuple[str, str]]:
    bundle = stack.bundle
    named = {
        "Tables": [table.name for table in bundle.tables],
        "Queues": [queue.name for queue in bundle.queues],
        "Buckets": list(bundle.buckets),
        "Streams": [stream.name for stream in bundle.streams],
    }
    return [(kind, ", ".join(names)) for kind, names in named.items() if names]
