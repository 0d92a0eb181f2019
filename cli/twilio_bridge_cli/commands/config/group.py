"""`twilio-bridge config`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_MODULE: Final = "twilio_bridge_cli.commands.config.command"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge config put bridge.yaml --stack twilio-bridge
  twilio-bridge config put bridge.yaml --table twilio-bridge-SyncState-1A2B3C --region eu-west-1
  twilio-bridge config show --stack twilio-bridge
  twilio-bridge config show --packaged > bridge.yaml
"""
ENTRIES: Final = {
    "check": Entry("Show everything that is wrong with a file, and what to do about each.", f"{_MODULE}:check"),
    "put": Entry("Check a file and put it in force.", f"{_MODULE}:put"),
    "show": Entry(
        "Show the configuration in force, the stored one or else the packaged one, and what is wrong with it.",
        f"{_MODULE}:show",
    ),
    "remove": Entry(
        "Remove the stored configuration, so that the packaged one is in force again.", f"{_MODULE}:remove"
    ),
}

group = Group(
    name="config",
    entries=ENTRIES,
    help="Checks, stores and shows what people configure (bridge.yaml).",
    epilog=_EXAMPLES,
)
