"""What the terminal shows of a call and its answer."""

import json
from typing import Final

from rich.json import JSON
from rich.text import Text

from twilio_bridge_cli.commands.call.listing import Contacts
from twilio_bridge_cli.commands.call.sending import Answer, Call
from twilio_bridge_cli.output import (
    escape_control,
    is_terminal,
    is_unicode,
    make_table,
    open_stderr,
    open_stdout,
    print_text,
)

_KILO: Final = 1000
_SERVER, _REFUSED = 500, 300


def show_request(call: Call) -> None:
    """Print the address and the parameters, to stderr."""
    line = Text.assemble(("POST ", "bold"), (call.url, "cyan"))
    width = max(map(len, call.parameters), default=0)

    for name, values in call.parameters.items():
        shown = escape_control(", ".join(values), keep="") or "(empty)"
        line.append_text(Text.assemble((f"\n  {escape_control(name, keep=''):{width}}  ", "dim"), shown))

    open_stderr().print(line, soft_wrap=True)


def show_status(answer: Answer, pages: int) -> None:
    """Print status, time and size, to stderr."""
    colour = "red" if answer.status >= _SERVER else "yellow" if answer.status >= _REFUSED else "green"
    size = f"{answer.size} B" if answer.size < _KILO else f"{answer.size / _KILO:.1f} kB"
    several = f"   {pages} pages, the largest" if pages > 1 else ""

    line = Text.assemble((f"{answer.status} {answer.reason}", f"bold {colour}"), f"   {answer.ms} ms{several}   {size}")
    open_stderr().print("\n", line, "\n", sep="", soft_wrap=True)


def show_body(answer: Answer) -> None:
    """Print an answer's body."""
    if answer.is_json and is_terminal():
        open_stdout().print(JSON.from_data(answer.body, indent=2, ensure_ascii=not is_unicode()), soft_wrap=True)
    elif answer.is_json:
        print_text(json.dumps(answer.body, indent=2, ensure_ascii=not is_unicode()))
    elif answer.body:
        print_text(escape_control(str(answer.body)))


def show_contacts(found: Contacts) -> None:
    """Print a contact list: a table in a terminal, else name, tab, id."""
    if not is_terminal():
        for name, contact_id in found.rows:
            print_text(f"{escape_control(name, keep='')}\t{escape_control(contact_id, keep='')}")
        return

    if not found.rows:
        return

    table = make_table()
    table.add_column("Name", overflow="fold")
    table.add_column("Id", style="cyan", no_wrap=True)
    for name, contact_id in found.rows:
        table.add_row(Text(escape_control(name)), Text(escape_control(contact_id)))
    open_stdout().print(table)
