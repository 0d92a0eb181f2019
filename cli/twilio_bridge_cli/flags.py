"""Commands and groups whose help shows a flag as a flag: nothing is written after it."""

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class Command(TyperCommand):
    """One command."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]  # typer's own Context is a subclass
        """Return its parameters, flags without a type."""
        return _bare(super().get_params(ctx))


class Group(TyperGroup):
    """Commands under one name."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]  # same
        """Return its parameters, flags without a type."""
        return _bare(super().get_params(ctx))


def _bare(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters
