"""What the terminal shows. Answers go to stdout, everything about them to stderr; in a pipe all of it is plain."""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

from rich.console import Console
from rich.json import JSON
from rich.progress import Progress
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from twilio_bridge_cli.commands.call.listing import Contacts
from twilio_bridge_cli.commands.call.sending import Answer, Call
from twilio_bridge_cli.errors import CommandError

_KILO = 1000
_SERVER, _REFUSED = 500, 300
_LONG: Final = 500  # steps that somebody would wait for
_WIDEST: Final = 10_000


def _out() -> Console:
    return _console(stderr=False)


def _err() -> Console:
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    # rich keeps bold and dim under NO_COLOR; plain means plain.
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(stderr=stderr, highlight=False, color_system=colours)


def in_terminal() -> bool:
    """Whether somebody looks at stdout."""
    return _out().is_terminal


def note(text: str, style: str = "") -> None:
    """Say something beside the answer."""
    _err().print(Text(_printable(text), style=style), soft_wrap=True)


def warn(text: str) -> None:
    """Say something that should not be overlooked."""
    _labelled("Warning", "yellow", text)


def failure(error: CommandError) -> None:
    """Say why the command ends, and what to do."""
    _labelled("Error", "red", str(error))
    remedy(error.remedy)


def remedy(text: str) -> None:
    """Say what to do."""
    if text:
        note(f"→ {text}" if _unicode() else f"> {text}")


def problem(where: str, what: str, todo: str) -> None:
    """Say what is wrong somewhere, and what to do about it."""
    _err().print(Text.assemble((where, "bold"), "  ", _printable(what)), soft_wrap=True)
    remedy(todo)


def data(value: object) -> None:
    """Print a value for a program."""
    print(json.dumps(value, ensure_ascii=not _unicode()))  # noqa: T201  it is the output


def plain(text: str) -> None:
    """Print a text as it is, whatever reads it."""
    print(text, end="" if text.endswith("\n") else "\n")  # noqa: T201  same


def request(call: Call) -> None:
    """Say what is being sent."""
    line = Text.assemble(("POST ", "bold"), (call.url, "cyan"))
    width = max(map(len, call.parameters), default=0)
    for name, values in call.parameters.items():
        shown = _printable(", ".join(values), keep="") or "(empty)"
        line.append_text(Text.assemble((f"\n  {_printable(name, keep=''):{width}}  ", "dim"), shown))
    _err().print(line, soft_wrap=True)


def status(answer: Answer, pages: int) -> None:
    """Say how it went."""
    colour = "red" if answer.status >= _SERVER else "yellow" if answer.status >= _REFUSED else "green"
    size = f"{answer.size} B" if answer.size < _KILO else f"{answer.size / _KILO:.1f} kB"
    several = f"   {pages} pages, the largest" if pages > 1 else ""
    line = Text.assemble((f"{answer.status} {answer.reason}", f"bold {colour}"), f"   {answer.ms} ms{several}   {size}")
    _err().print("\n", line, "\n", sep="", soft_wrap=True)


def body(answer: Answer) -> None:
    """Show an answer's body."""
    if answer.is_json and in_terminal():
        _out().print(JSON.from_data(answer.body, indent=2, ensure_ascii=not _unicode()), soft_wrap=True)
    elif answer.is_json:
        plain(json.dumps(answer.body, indent=2, ensure_ascii=not _unicode()))
    elif answer.body:
        plain(_printable(str(answer.body)))


def contacts(found: Contacts) -> None:
    """Show a contact list: a table, or name and id with a tab between for a pipe."""
    if not in_terminal():
        for name, contact_id in found.rows:
            plain(f"{_printable(name, keep='')}\t{_printable(contact_id, keep='')}")
        return
    if not found.rows:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    table.add_column("Name", overflow="fold")
    table.add_column("Id", style="cyan", no_wrap=True)
    for name, contact_id in found.rows:
        table.add_row(Text(_printable(name)), Text(_printable(contact_id)))
    _out().print(table)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[str]) -> None:
    """Show lines under heads, `numbers` to the right; a line is never folded, however narrow the terminal is."""
    shown = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for head in heads:
        shown.add_column(head, justify="right" if head in numbers else "left", vertical="bottom", no_wrap=True)
    for row in rows:
        shown.add_row(*(Text(_printable(cell, keep="")) for cell in row))
    console = _out()
    console.width = max(console.width, console.measure(shown, options=console.options.update(width=_WIDEST)).maximum)
    console.print(shown)


@contextmanager
def progress(what: str, total: int, long: int = _LONG) -> Iterator[Callable[[int], None]]:
    """Show how far something long has got, where somebody looks at a terminal; the block says how many are done."""
    console = _err()
    hidden = not console.is_terminal or total <= long
    with Progress(console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def yaml(text: str) -> None:
    """Show a configuration."""
    if in_terminal():
        _out().print(Syntax(text.rstrip("\n"), "yaml", theme="ansi_dark", background_color="default", word_wrap=True))
    else:
        plain(text)


def _labelled(label: str, colour: str, text: str) -> None:
    _err().print(Text.assemble((f"{label}: ", f"bold {colour}"), _printable(text)), soft_wrap=True)


def _printable(text: str, keep: str = "\n\t") -> str:
    """Take out what would move the cursor or change colours: the text is somebody else's."""
    return "".join(sign if sign.isprintable() or sign in keep else "\ufffd" for sign in text)


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().startswith("utf")
