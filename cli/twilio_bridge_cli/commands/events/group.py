"""`twilio-bridge events`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_ROOM: Final = "twilio_bridge_cli.commands.events"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge events put task-created.json task-completed.json
  twilio-bridge events put lost/ --stack twilio-bridge --as-string
  jq -c .event archive.json | twilio-bridge events put - --stream twilio-bridge-EventStream-1A2B3C
  twilio-bridge events replay --stack twilio-bridge --since 2026-11-20
  twilio-bridge events replay --stack twilio-bridge --dry-run
"""
ENTRIES: Final = {
    "replay": Entry(
        "Puts what lies in the quarantine bucket back on the stream: records that nobody could read, and batches that "
        "Lambda gave up after a day. Mend the cause first, for what still cannot be read comes back.",
        f"{_ROOM}.replaying:replay",
    ),
    "quarantine": Entry(
        "List what lies in the quarantine, with time and reason; of the records only how many.",
        f"{_ROOM}.replaying:quarantine",
    ),
    "put": Entry(
        "Puts events on the stream that the bridge reads, as a Twilio sink would: to try it, or to repeat what was "
        "lost.",
        f"{_ROOM}.command:put",
    ),
}

group = Group(
    name="events",
    entries=ENTRIES,
    help="Puts Twilio's events on the stream, out of files or out of the quarantine.",
    epilog=_EXAMPLES,
)
