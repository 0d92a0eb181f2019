"""Options that several commands over Twilio's resources share."""

from typing import Annotated

import typer

from twilio_bridge_cli.rows import Format

WHICH, READ, GUARD, SHOWN = "Which rows", "What is read", "What guards it", "What is shown"

Entity = Annotated[str, typer.Argument(metavar="ENTITY", help="Such as Messages; `entities describe` lists them all.")]
EntityId = Annotated[
    str, typer.Argument(metavar="ID", help="The row's SID; behind its parents', as CF…/CA…, where it has some.")
]
MaybeId = Annotated[str | None, typer.Argument(metavar="[ID]", help="The row's SID; or find rows with --filter.")]
Values = Annotated[
    list[str] | None, typer.Argument(metavar="COLUMN=VALUE…", help="What is written; a value may be JSON.")
]
Filter = Annotated[
    str, typer.Option("--filter", metavar="CLAUSE", help="Conditions, as of a WHERE.", rich_help_panel=WHICH)
]
Fields = Annotated[
    str | None, typer.Option(metavar="A,B", help="The columns to show; else all.", rich_help_panel=SHOWN)
]
Account = Annotated[str, typer.Option(metavar="AC…", help="A sub-account, in place of the own.", rich_help_panel=WHICH)]
Secret = Annotated[
    str | None, typer.Option(help="Read the login from this secret of Secrets Manager.", rich_help_panel=READ)
]
Region = Annotated[str | None, typer.Option(help="The AWS region of the secret.", rich_help_panel=READ)]
MaxRequests = Annotated[int, typer.Option(min=1, help="How many requests Twilio may be asked.", rich_help_panel=READ)]
As = Annotated[
    Format | None,
    typer.Option("--format", help="Else a table in a terminal, and CSV in a pipe.", rich_help_panel=SHOWN),
]
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json.", rich_help_panel=SHOWN)]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.", rich_help_panel=GUARD)
]
MaxAffected = Annotated[int, typer.Option(min=1, help="How many rows a filter may find.", rich_help_panel=GUARD)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.", rich_help_panel=GUARD)]
