"""`twilio-bridge entities`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_COMMAND: Final = "twilio_bridge_cli.commands.entities.command"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge entities describe Messages
  twilio-bridge entities list Messages --filter "DateSent >= '2026-11-01' AND Status = 'failed'" --limit 100
  twilio-bridge entities get Calls CA0123456789abcdef0123456789abcdef
  twilio-bridge entities create Messages To=+14155550100 Sender=+14155550123 Body=Hello
"""
ENTRIES: Final = {
    "list": Entry("List an entity's rows; they are shown while they come.", f"{_COMMAND}:list_entity"),
    "get": Entry("Show one row.", f"{_COMMAND}:get"),
    "create": Entry(
        "Create a row. One whose outcome is unknown is never created again: the error says how to look it up.",
        f"{_COMMAND}:create",
    ),
    "update": Entry(
        "Change a row, or those that a filter finds: `update ENTITY ID COLUMN=VALUE…`.", f"{_COMMAND}:update"
    ),
    "delete": Entry("Delete a row, or those that a filter finds.", f"{_COMMAND}:delete"),
    "describe": Entry(
        "Show an entity's columns, types, filters that run at Twilio, parents and operations, with examples.",
        f"{_COMMAND}:describe",
    ),
}

group = Group(
    name="entities",
    entries=ENTRIES,
    help="Lists, reads and writes Twilio's resources as rows, with filters that run at Twilio where they can.",
    epilog=_EXAMPLES,
)
