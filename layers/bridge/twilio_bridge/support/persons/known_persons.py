"""What is known of persons while subjects are resolved: who has which key, and what the contacts add to a number."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from twilio_bridge.contacts.contact import Contact
from twilio_bridge.support.persons.key_kinds import ASSIGNED_KINDS, PHONE, select_usable_keys
from twilio_bridge.support.persons.person import Claim, Person
from twilio_bridge.support.persons.person_keys import KeyRules, list_equal_keys, normalize_email
from twilio_bridge.support.ports import Identities

Lookup = Callable[[str], Sequence[Contact]]
# Moves what is held about a person to another: all of it, or some tasks and conversations by their SIDs.
MoveRows = Callable[[str, str, Collection[str] | None], None]
NO_RULES = KeyRules()


@dataclass(slots=True)
class Resolution:
    """Whose each subject is, and who else has changed: persons that a subject was taken from."""

    persons: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    shared: int = 0


def merge_resolutions(resolutions: Iterable[Resolution]) -> Resolution:
    """Return what several groups of subjects came to."""
    merged = Resolution()
    for each in resolutions:
        merged.persons |= each.persons
        merged.changed |= each.changed
        merged.shared += each.shared
    return merged


@dataclass(slots=True)
class KnownPersons:
    """Who has which key, and which keys the contact base adds to a number that is nobody's yet."""

    identities: Identities
    lookup: Lookup
    move_rows: MoveRows
    claims: dict[str, Claim] = field(default_factory=dict)
    contacts: dict[str, list[str]] = field(default_factory=dict)
    absorbed: dict[str, str] = field(default_factory=dict)
    erasures: dict[str, int] = field(default_factory=dict)
    result: Resolution = field(default_factory=Resolution)

    def copy(self) -> "KnownPersons":
        """Return what is known, for a group of subjects that changes it by itself."""
        claims, contacts, erasures = dict(self.claims), dict(self.contacts), dict(self.erasures)
        return KnownPersons(self.identities, self.lookup, self.move_rows, claims, contacts, {}, erasures)

    def read(self, keys: Iterable[str]) -> None:
        """Read as of now, numbers under each of their spellings."""
        asked = dict.fromkeys(spelling for key in keys for spelling in (key, *list_equal_keys(key)))
        self._read(asked)
        new = [key for key in asked if key.startswith(PHONE) and self.find_claim(key) is None]
        self.contacts |= {key: list_contact_keys(key, self.lookup) for key in new}
        further = dict.fromkeys(more for key in new for more in self.contacts[key] if more not in asked)
        if further:
            self._read(further)
        free = [key for key in (*asked, *further) if key not in self.claims and not key.startswith(ASSIGNED_KINDS)]
        self.erasures |= self.identities.find_erasures(free) if free else {}

    def _read(self, keys: Collection[str]) -> None:
        for key in keys:
            self.claims.pop(key, None)
        self.claims |= self.identities.find_claims(keys)

    def spell(self, key: str) -> str:
        """Return a key as somebody has it, for a phone may have two spellings; as it is where nobody does."""
        return next((each for each in (key, *list_equal_keys(key)) if each in self.claims), key)

    def find_claim(self, key: str) -> Claim | None:
        """Return who has a key, under whichever spelling."""
        return self.claims.get(self.spell(key))

    def select_named(self, keys: Iterable[str]) -> list[str]:
        """Return the keys that can identify somebody: those of no subject that nobody shares."""
        claims = ((key, self.find_claim(key)) for key in keys if not key.startswith(ASSIGNED_KINDS))
        return [key for key, claim in claims if claim is None or not claim.is_shared]

    def find_person(self, key: str) -> Person | None:
        """Return whom a key identifies."""
        claim = self.find_claim(key)
        return None if claim is None or claim.is_shared else claim.person

    def list_marks(self, keys: Iterable[str]) -> set[str]:
        """Return these keys in every spelling, what the contact base adds to them, and the persons who have them."""
        spelled = {spelling for key in keys for spelling in (key, *list_equal_keys(key))}
        marks = spelled | {more for key in spelled for more in self.contacts.get(key, ())}
        return marks | {claim.person.id for key in marks if (claim := self.claims.get(key))}

    def list_persons(self, keys: Iterable[str]) -> list[Person]:
        """Return the persons that these keys identify, each once, in the order of the keys."""
        found = {person.id: person for key in keys if (person := self.find_person(key))}
        return list(found.values())

    def select_free(self, keys: Iterable[str]) -> list[str]:
        """Return the keys that nobody has."""
        return [key for key in keys if self.find_claim(key) is None]

    def follow(self, person_id: str) -> str:
        """Return who a person is now, who may have been absorbed by another since they were found."""
        while person_id in self.absorbed:
            person_id = self.absorbed[person_id]
        return person_id

    def change(self, person: Person, keys: Iterable[str], source: str = "", other_id: str = "") -> None:
        """Note how a person is now, with these keys as well and in place of whom they were joined with."""
        for key, claim in self.claims.items():
            if claim.person.id in {person.id, other_id}:
                self.claims[key] = replace(claim, person=person)
        self.claims |= {key: Claim(person, person.id, source) for key in keys}


def list_contact_keys(key: str, lookup: Lookup) -> list[str]:
    """Return what the contact base knows of a number that exactly one contact has."""
    number = key.removeprefix(PHONE)
    contacts = lookup(number)
    if len(contacts) != 1:
        return []
    contact = contacts[0]
    others = {other for other in (contact.sms, contact.whatsapp) if other and other != number}
    theirs = sorted(other for other in others if [each.id for each in lookup(other)] == [contact.id])
    email = normalize_email(contact.email, NO_RULES)
    emails = [f"email#{email}"] if email else []
    return select_usable_keys([f"airtable#{contact.id}", *emails, *(f"{PHONE}{other}" for other in theirs)])
