"""What the terminal shows. Results go to stdout, everything about them to stderr; in a pipe all of it is plain text."""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal, TypeVar

from rich.console import Console
from rich.json import JSON
from rich.progress import Progress
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from twilio_bridge_cli.errors import CommandError

Row = TypeVar("Row")

_MIN_BAR_STEPS: Final = 500  # fewer are done before anybody waits
_MAX_WIDTH: Final = 10_000


def open_stdout() -> Console:
    """Return a console on stdout."""
    return _open_console(stderr=False)


def open_stderr() -> Console:
    """Return a console on stderr."""
    return _open_console(stderr=True)


def _open_console(*, stderr: bool) -> Console:
    # rich keeps bold and dim under NO_COLOR; plain means plain.
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(stderr=stderr, highlight=False, color_system=colours)


def is_terminal() -> bool:
    """Return whether stdout is a terminal."""
    return open_stdout().is_terminal


def is_unicode() -> bool:
    """Return whether stdout can show every character."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def print_note(text: str, style: str = "") -> None:
    """Print a line beside the result."""
    open_stderr().print(Text(escape_control(text), style=style), soft_wrap=True)


def print_warning(text: str) -> None:
    """Print a line that should not be overlooked."""
    _print_labelled("Warning", "yellow", text)


def print_error(error: CommandError) -> None:
    """Print why the command ends, and the remedy."""
    _print_labelled("Error", "red", str(error))
    print_remedy(error.remedy)


def print_remedy(text: str) -> None:
    """Print what to do; nothing where `text` is empty."""
    if text:
        print_note(f"→ {text}" if is_unicode() else f"> {text}")


def print_problem(place: str, problem: str, remedy: str) -> None:
    """Print what is wrong in a file or an object, and the remedy."""
    open_stderr().print(Text.assemble((place, "bold"), "  ", escape_control(problem)), soft_wrap=True)
    print_remedy(remedy)


def print_json(value: object) -> None:
    """Print a value for a program, on one line."""
    print(json.dumps(value, ensure_ascii=not is_unicode()))  # noqa: T201  it is the output


def print_text(text: str) -> None:
    """Print a text as it is."""
    print(text, end="" if text.endswith("\n") else "\n")  # noqa: T201  same


def print_yaml(text: str) -> None:
    """Print a configuration, in colours where stdout is a terminal."""
    if not is_terminal():
        print_text(text)
        return

    shown = Syntax(text.rstrip("\n"), "yaml", theme="ansi_dark", background_color="default", word_wrap=True)
    open_stdout().print(shown)


def make_table() -> Table:
    """Return an empty table without lines."""
    return Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Collection[str]) -> None:
    """Print rows under heads, `numbers` to the right; a row is never folded, however narrow the terminal is."""
    shown = make_table()
    for head in heads:
        shown.add_column(head, justify="right" if head in numbers else "left", vertical="bottom", no_wrap=True)
    for row in rows:
        shown.add_row(*(Text(escape_control(cell, keep="")) for cell in row))

    console = open_stdout()
    widest = console.measure(shown, options=console.options.update(width=_MAX_WIDTH)).maximum
    console.width = max(console.width, widest)
    console.print(shown)


def print_value(value: object) -> None:
    """Print a JSON value, over several lines."""
    if is_terminal():
        shown = JSON.from_data(value, indent=2, ensure_ascii=not is_unicode())
        open_stdout().print(shown, soft_wrap=True)
    else:
        print_text(json.dumps(value, indent=2, ensure_ascii=not is_unicode()))


def is_asked() -> bool:
    """Return whether somebody sits at the terminal to answer a question."""
    return sys.stdin.isatty() and open_stderr().is_terminal


def make_bold(text: str) -> str:
    """Return a text in bold, where stdout is a terminal with colours."""
    return f"\x1b[1m{text}\x1b[0m" if is_terminal() and not os.environ.get("NO_COLOR") else text


class BudgetBar:
    """How much of a budget is used, on stderr."""

    def __init__(self, bar: Progress, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("Asking Twilio", total=total)

    def show(self, done: int, title: str) -> None:
        """Show how much is used, and on what."""
        self._bar.update(self._task, completed=done, description=title)

    def make_way(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows; where they go to the same terminal the bar ends before the first."""
        for row in rows:
            if is_terminal():
                self._bar.stop()
            yield row


@contextmanager
def show_budget(total: int) -> Iterator[BudgetBar]:
    """Show how much of a budget is used, where stderr is a terminal."""
    console = open_stderr()
    hidden = not console.is_terminal
    # Redirected, rows that go to a file would be shown above the bar, and not be in the file.
    with Progress(console=console, transient=True, disable=hidden, redirect_stdout=False, redirect_stderr=False) as bar:
        yield BudgetBar(bar, total)


@contextmanager
def show_progress(title: str, total: int, min_steps: int = _MIN_BAR_STEPS) -> Iterator[Callable[[int], None]]:
    """Show a bar where stderr is a terminal and there are more than `min_steps`; yield what advances it."""
    console = open_stderr()
    hidden = not console.is_terminal or total <= min_steps

    with Progress(console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.advance(task, done)


@contextmanager
def show_count(title: str) -> Iterator[Callable[[int], None]]:
    """Show how many were done, where stderr is a terminal and nobody knows how many there are; yield what counts."""
    console = open_stderr()
    with Progress("{task.description}", "{task.completed:,.0f}", console=console, transient=True) as bar:
        task = bar.add_task(title, total=None, visible=console.is_terminal)
        yield lambda done: bar.advance(task, done)


def escape_control(text: str, keep: str = "\n\t") -> str:
    """Replace what would move the cursor or change colours: the text comes from outside."""
    return "".join(sign if sign.isprintable() or sign in keep else "\ufffd" for sign in text)


def _print_labelled(label: str, colour: str, text: str) -> None:
    open_stderr().print(Text.assemble((f"{label}: ", f"bold {colour}"), escape_control(text)), soft_wrap=True)
