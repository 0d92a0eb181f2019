"""`twilio-bridge persons`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_MODULE: Final = "twilio_bridge_cli.commands.persons.command"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge persons show amara@example.org --stack twilio-bridge
  twilio-bridge persons split amara@example.org phone#+447900000012 --stack twilio-bridge
  twilio-bridge persons erase +447900000012 --stack twilio-bridge --brevo
"""
ENTRIES: Final = {
    "show": Entry(
        "Show a person's keys and where they came from, their interactions, and what Brevo has.", f"{_MODULE}:show"
    ),
    "split": Entry(
        "Move a key, and the interactions that came with it alone, to a person of its own.", f"{_MODULE}:split"
    ),
    "erase": Entry(
        "Delete a person: profile, keys, interactions, events, and what is known of their tasks.", f"{_MODULE}:erase"
    ),
}

group = Group(
    name="persons",
    entries=ENTRIES,
    help="Shows, splits and erases what support events made of a person.",
    epilog=_EXAMPLES,
)
