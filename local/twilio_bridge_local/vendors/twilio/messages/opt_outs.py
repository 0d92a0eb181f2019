"""What Twilio itself does with STOP and START, before anybody of ours sees them.

https://help.twilio.com/articles/223134027-Twilio-support-for-opt-out-keywords-SMS-STOP-filtering-: a keyword counts
alone, in any case; it holds for the number it was sent to, or for the whole Messaging Service that the number is in.
For WhatsApp there is no such default.
"""

from collections.abc import Iterable
from typing import Final

from twilio_bridge_local.vendors.twilio.messages.records import MessagingService

STOP: Final = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START: Final = frozenset({"START", "UNSTOP", "YES"})


class OptOuts:
    """Who wants nothing from whom; a sender in a service stands for the service."""

    def __init__(self) -> None:
        self._held: set[tuple[str, str]] = set()

    def read(self, address: str, sender: str, body: str, services: Iterable[MessagingService]) -> None:
        """Take a customer's text for what it may be: a wish to be left alone, or its end."""
        keyword = body.strip().upper()
        if ":" in address or keyword not in STOP | START:
            return
        pair = (address, group_of(sender, services))
        if keyword in STOP:
            self._held.add(pair)
        else:
            self._held.discard(pair)

    def hold(self, address: str, group: str) -> bool:
        """Return whether the address wants nothing from a sender or service."""
        return (address, group) in self._held


def group_of(sender: str, services: Iterable[MessagingService]) -> str:
    """Return the service that a sender is in, else the sender itself."""
    return next((service.sid for service in services if sender in service.senders), sender)
