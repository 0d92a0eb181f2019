"""`twilio-bridge secrets`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge secrets put twilio airtable --stack twilio-bridge
  twilio-bridge secrets put brevo
"""
ENTRIES: Final = {
    "put": Entry(
        "Writes the stack's secrets: asks for each value without showing it, or takes it from the environment or .env.",
        "twilio_bridge_cli.commands.secrets.command:put",
    ),
}

group = Group(
    name="secrets",
    entries=ENTRIES,
    help="Writes the stack's secrets, without a file that holds one.",
    epilog=_EXAMPLES,
)
