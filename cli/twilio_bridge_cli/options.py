"""Options that many commands have, each with one meaning and one help."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Region = Annotated[str | None, typer.Option(help="The AWS region.")]
Stack = Annotated[str | None, typer.Option(help="The deployed stack.")]
StackOrLocal = Annotated[str | None, typer.Option(help="The deployed stack; else the local one (make run).")]
TableStack = Annotated[str | None, typer.Option(help="The deployed stack, whose output names the table.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
