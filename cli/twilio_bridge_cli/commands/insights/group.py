"""`twilio-bridge insights`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_COMMANDS: Final = "twilio_bridge_cli.commands.insights"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge insights lint attributes.json
  twilio-bridge insights lint WT0123456789abcdef0123456789abcdef --stack twilio-bridge
  twilio-bridge insights lint --stream --stack twilio-bridge
  twilio-bridge insights backfill --dry-run --stack twilio-bridge
"""
ENTRIES: Final = {
    "lint": Entry(
        "Show what attributes of tasks or workers break of the rules of Flex Insights.", f"{_COMMANDS}.command:lint"
    ),
    "backfill": Entry(
        "Complete the attributes of open tasks once more, as after a change of the mapping.",
        f"{_COMMANDS}.backfilling:backfill",
    ),
}

group = Group(
    name="insights",
    entries=ENTRIES,
    help="Looks at what Flex Insights reads of tasks and workers, and fills it in.",
    epilog=_EXAMPLES,
)
