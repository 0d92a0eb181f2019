"""`twilio-bridge tasks`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_MODULE: Final = "twilio_bridge_cli.commands.tasks.command"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge tasks complete WT0123456789abcdef0123456789abcdef --reason "Retention - Success"
  twilio-bridge tasks cancel WT0123456789abcdef0123456789abcdef --reason hangup --stack twilio-bridge
"""
ENTRIES: Final = {
    "complete": Entry(
        "Complete an assigned task, with the reason that reports show as its outcome.", f"{_MODULE}:complete"
    ),
    "cancel": Entry(
        "Cancel a task that nobody has accepted, with the reason that reports show as its outcome.", f"{_MODULE}:cancel"
    ),
}

group = Group(
    name="tasks",
    entries=ENTRIES,
    help="Ends tasks, with a reason that Flex Insights reports.",
    epilog=_EXAMPLES,
)
