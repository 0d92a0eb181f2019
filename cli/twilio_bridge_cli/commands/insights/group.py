"""`twilio-bridge insights`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_COMMANDS: Final = "twilio_bridge_cli.commands.insights"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge insights lint attributes.json
"""
ENTRIES: Final = {
    "lint": Entry(
        "Show what attributes of tasks or workers break of the rules of Flex Insights.", f"{_COMMANDS}.command:lint"
    ),
}

group = Group(
    name="insights",
    entries=ENTRIES,
    help="Looks at what Flex Insights reads of tasks and workers.",
    epilog=_EXAMPLES,
)
