"""`twilio-bridge queues`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_MODULE: Final = "twilio_bridge_cli.commands.queues.command"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge queues redrive brevo --stack twilio-bridge
  twilio-bridge queues resend 1f0c… --stack twilio-bridge
"""
ENTRIES: Final = {
    "redrive": Entry(
        "Put dead letters back into the queue that they came from, each in its group.", f"{_MODULE}:redrive"
    ),
    "resend": Entry("Send a person's events to Brevo again that Brevo has refused.", f"{_MODULE}:resend"),
}

group = Group(
    name="queues",
    entries=ENTRIES,
    help="Puts back what was given up: dead letters, and events that Brevo refused.",
    epilog=_EXAMPLES,
)
