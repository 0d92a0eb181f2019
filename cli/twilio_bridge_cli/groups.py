"""Commands, and groups of commands. A group knows names and summaries; it imports a command when the command runs.

So `--help` costs what it shows: boto3, requests and the configuration's models are loaded by the commands that use
them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

_MARKUP: Final = "rich"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that a group knows: the first paragraph of its help, and where it stands (`package.module:name`)."""

    summary: str
    target: str


class Command(TyperCommand):
    """One command. Its help shows no type after a flag: nothing is written there."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]  # typer's own Context is a subclass
        """Return the parameters."""
        return _without_flag_types(super().get_params(ctx))


class Group(TyperGroup):
    """Commands under one name, each imported when it runs."""

    def __init__(self, *, entries: Mapping[str, Entry], **settings: Any) -> None:  # noqa: ANN401  they are typer's
        super().__init__(**{"rich_markup_mode": _MARKUP, "no_args_is_help": True, **settings})
        self.entries = entries
        self.commands = {name: TyperCommand(name, help=entry.summary) for name, entry in entries.items()}

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]  # same
        """Return the parameters."""
        return _without_flag_types(super().get_params(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  typer's own types are private
        """Return the name, the command, which is imported now, and the other arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        entry = self.entries.get(str(name))
        return name, load_command(entry) if entry else command, rest


def load_command(entry: Entry) -> Any:  # noqa: ANN401  same
    """Import a command."""
    return resolve_name(entry.target)


def make_command(examples: str, description: str | None = None) -> Callable[[Callable[..., None]], Any]:
    """Make a function a command of its name; without a description its docstring is the help."""

    def make(function: Callable[..., None]) -> Any:  # noqa: ANN401  same
        app = typer.Typer(add_completion=False, rich_markup_mode=_MARKUP, pretty_exceptions_enable=False)
        app.command(cls=Command, help=description, epilog=examples)(function)
        return get_command(app)

    return make


def _without_flag_types(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""

    return parameters
