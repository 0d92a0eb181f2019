"""Whom nothing is sent, out of several books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twilio_bridge.messages.ports import Suppressions
from twilio_bridge.messages.row import SkipReason


@dataclass(frozen=True, slots=True)
class AllSuppressions:
    """The port Suppressions over several others; the first that has a reason is believed."""

    books: Sequence[Suppressions]

    def find_suppressed(self, addresses: Sequence[str]) -> Mapping[str, SkipReason]:
        """Ask each for the addresses that those before it know nothing of."""
        found: dict[str, SkipReason] = {}
        for book in self.books:
            left = [address for address in dict.fromkeys(addresses) if address not in found]
            found.update(book.find_suppressed(left) if left else {})
        return found
