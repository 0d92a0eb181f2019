"""Whom nothing is sent, out of several books."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twilio_bridge import phone
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.contacts.opt_outs import is_anybody_opted_out
from twilio_bridge.messages.ports import Marks, Suppressions
from twilio_bridge.messages.row import SkipReason
from twilio_bridge.ports import OptOuts


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


@dataclass(frozen=True, slots=True)
class MarkedNumbers:
    """The port Suppressions over marked numbers: those of the sms channel, for WhatsApp reaches others."""

    marks: Marks

    def find_suppressed(self, addresses: Sequence[str]) -> Mapping[str, SkipReason]:
        """Ask for the numbers among the addresses."""
        numbers = [address for address in addresses if not phone.is_whatsapp(address)]
        marked = self.marks.find_marked(numbers) if numbers else {}
        reasons: Mapping[str, SkipReason] = {"landline": "landline"}
        return {number: reasons.get(reason, "unreachable_number") for number, reason in marked.items()}


@dataclass(frozen=True, slots=True)
class OptedOutContacts:
    """The port Suppressions over the copy of the contacts: a record that is ticked as opted out counts as well."""

    find_people: Callable[[str], Sequence[Contact]]
    opt_outs: OptOuts
    directory: Directory

    def find_suppressed(self, addresses: Sequence[str]) -> Mapping[str, SkipReason]:
        """Look at each address's contacts; a stranger has no record."""
        return {address: "opted_out" for address in addresses if self._is_out(phone.strip_channel(address))}

    def _is_out(self, number: str) -> bool:
        people = [person for spelling in phone.list_spellings(number) for person in self.find_people(spelling)]
        return bool(people) and is_anybody_opted_out(people, number, self.opt_outs, self.directory)
