"""`twilio-bridge workers`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_MODULE: Final = "twilio_bridge_cli.commands.workers.command"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge workers sync agents.csv --stack twilio-bridge
  twilio-bridge workers sync --airtable Agents --stack twilio-bridge --yes
"""
ENTRIES: Final = {
    "sync": Entry("Bring the attributes of workers that Flex Insights reads to TaskRouter.", f"{_MODULE}:sync"),
}

group = Group(
    name="workers",
    entries=ENTRIES,
    help="Writes workers' attributes, as Flex Insights reads them.",
    epilog=_EXAMPLES,
)
