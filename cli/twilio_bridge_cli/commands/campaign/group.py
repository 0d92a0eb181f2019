"""`twilio-bridge campaign`: its commands by name."""

from typing import Final

from twilio_bridge_cli.groups import Entry, Group

_MODULE: Final = "twilio_bridge_cli.commands.campaign.command"
_EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge campaign create spring.yaml --rows people.csv --stack twilio-bridge
  twilio-bridge campaign status spring-2026 --watch --stack twilio-bridge
  twilio-bridge campaign rows spring-2026 --outcome failed --stack twilio-bridge
  twilio-bridge campaign report spring-2026 --stack twilio-bridge
"""
ENTRIES: Final = {
    "create": Entry(
        "Begin a campaign that a file describes: shown and asked about first.",
        "twilio_bridge_cli.commands.campaign.beginning:create",
    ),
    "status": Entry(
        "Show how far a campaign is: its rows by outcome and status, and what they cost.", f"{_MODULE}:status"
    ),
    "rows": Entry("List a campaign's rows with what became of each.", f"{_MODULE}:rows"),
    "pause": Entry("Let no further row of a campaign be sent until it is resumed.", f"{_MODULE}:pause"),
    "resume": Entry("Go on with a campaign that was paused.", f"{_MODULE}:resume"),
    "cancel": Entry(
        "End a campaign: nothing more is sent, and what Twilio has only scheduled is canceled there.",
        f"{_MODULE}:cancel",
    ),
    "report": Entry(
        "Show what became of a campaign by status, error code, country, sender and segments, with what it cost.",
        f"{_MODULE}:report",
    ),
}

group = Group(
    name="campaign",
    entries=ENTRIES,
    help="Sends messages to many people, follows each to its end, and shows what became of them.",
    epilog=_EXAMPLES,
)
