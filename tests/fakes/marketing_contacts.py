"""The port MarketingContacts as a dictionary: for the domain's tests, and to compare the Brevo adapter with."""

from dataclasses import dataclass, field, replace

from twilio_bridge.errors import UnacceptableError
from twilio_bridge.support.person import TimelineEvent
from twilio_bridge.support.ports import MarketingContact

IDENTIFIERS = ("email", "external_id", "phone")


@dataclass
class FakeMarketingContacts:
    """Contacts by id, and what stands on whose timeline; `opted_out` of a contact is never None here."""

    contacts: dict[int, MarketingContact] = field(default_factory=dict)
    timeline: list[tuple[int, TimelineEvent]] = field(default_factory=list)

    def upsert(self, contact: MarketingContact, contact_id: int | None = None) -> int | None:
        """Change the contact with this id, else the one with the strongest identifier, else make one."""
        number = contact_id if contact_id in self.contacts else self._found(contact)
        if number is None:
            number = max(self.contacts, default=0) + 1
            self.contacts[number] = MarketingContact(email=contact.email, opted_out=False)
        self.contacts[number] = self._merged(number, contact)
        return number

    def add_email(self, contact_id: int, email: str) -> bool:
        """Return the contact its email, unless it has one or somebody else has this one; tell whether it is blocked."""
        there = self.contacts.get(contact_id)
        if there and not there.email and self._holder("email", email) is None:
            self.contacts[contact_id] = replace(there, email=email)
        return bool(there and there.opted_out)

    def post(self, contact: MarketingContact, contact_id: int | None, event: TimelineEvent) -> None:
        """Put an event on the timeline, once more each time."""
        number = contact_id if contact_id is not None else self._found(contact)
        if number not in self.contacts:
            raise UnacceptableError("memory", "no such contact", code=400)
        self.timeline.append((number, event))

    def has(self, contact_id: int | None, event: TimelineEvent) -> bool | None:
        """Look for the event's key."""
        return any(
            contact_id in {number, None} and (event.name, event.key) == (there.name, there.key)
            for number, there in self.timeline
        )

    def set_opted_out(self, phone: str, out: bool) -> bool:
        """Change the contact with this number."""
        found = [number for number, contact in self.contacts.items() if phone and contact.phone == phone]
        for number in found:
            self.contacts[number] = replace(self.contacts[number], opted_out=out)
        return bool(found)

    def _found(self, contact: MarketingContact) -> int | None:
        """Return who has the first identifier that is told."""
        name = next((name for name in IDENTIFIERS if getattr(contact, name)), None)
        if name is None:
            raise UnacceptableError("memory", "a contact without identifiers", code=400)
        return self._holder(name, getattr(contact, name))

    def _holder(self, name: str, value: str) -> int | None:
        return next(
            (number for number, there in self.contacts.items() if value and getattr(there, name) == value), None
        )

    def _merged(self, number: int, contact: MarketingContact) -> MarketingContact:
        """Return the contact as it is then: another's identifiers stay theirs, and nothing known is lost."""
        there = self.contacts[number]
        own = {
            name: told
            for name in ("external_id", "phone")
            if (told := getattr(contact, name)) and self._holder(name, told) in {None, number}
        }
        return replace(
            there,
            **own,
            attributes={**there.attributes, **contact.attributes},
            lists=sorted({*there.lists, *contact.lists}),
            opted_out=bool(there.opted_out or contact.opted_out),
        )
