"""The port MarketingContacts as a dictionary: for the domain's tests, and to compare the Brevo adapter with."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from twilio_bridge.errors import UnacceptableError
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.ports import MarketingContact, SavedContact

IDENTIFIERS = ("email", "external_id", "phone")


@dataclass
class FakeMarketingContacts:
    """Contacts by id, and what stands on whose timeline; `opted_out` of a contact is never None here."""

    contacts: dict[int, MarketingContact] = field(default_factory=dict)
    timeline: list[tuple[int, TimelineEvent]] = field(default_factory=list)
    last_id: int = 0

    def create_contact(self, contact: MarketingContact) -> SavedContact:
        """Change the contact with the strongest identifier, else make one."""
        number = self._found(contact)
        if number is None:
            self.last_id += 1
            number = self.last_id
            self.contacts[number] = MarketingContact(email=contact.email, opted_out=False)
        return self._save(number, contact)

    def update_contact(self, contact_id: int, contact: MarketingContact) -> SavedContact | None:
        """Change the contact with this id."""
        return self._save(contact_id, contact) if contact_id in self.contacts else None

    def find_contact(self, contact: MarketingContact) -> int | None:
        """Look for each identifier."""
        values = ((name, getattr(contact, name)) for name in IDENTIFIERS)
        found = (self._holder(name, value) for name, value in values)
        return next((number for number in found if number is not None), None)

    def delete_contact(self, contact_id: int) -> bool:
        """Delete it, and its timeline."""
        self.timeline = [entry for entry in self.timeline if entry[0] != contact_id]
        return self.contacts.pop(contact_id, None) is not None

    def complete_email(self, contact_id: int, email: str) -> bool:
        """Write the email, unless there is one or another has it; return whether the contact is blocklisted."""
        there = self.contacts.get(contact_id)
        if there and not there.email and self._holder("email", email) is None:
            self.contacts[contact_id] = replace(there, email=email)
        return bool(there and there.opted_out)

    def post_event(self, contact_id: int, event: TimelineEvent) -> None:
        """Put an event on the timeline, once more each time."""
        if contact_id not in self.contacts:
            raise UnacceptableError("memory", "no such contact", code=400)
        self.timeline.append((contact_id, event))

    def find_events(self, contact_id: int, events: Sequence[TimelineEvent]) -> dict[str, bool | None]:
        """Look for the events' keys."""
        there = {(event.name, event.key) for number, event in self.timeline if number == contact_id}
        return {event.key: (event.name, event.key) in there for event in events}

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

    def _save(self, number: int, contact: MarketingContact) -> SavedContact:
        self.contacts[number] = saved = self._merged(number, contact)
        names = {"external_id": "ext_id", "phone": "SMS"}
        refused = {new for own, new in names.items() if getattr(contact, own) not in {"", getattr(saved, own)}}
        return SavedContact(number, frozenset(refused), frozenset(contact.lists))

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
