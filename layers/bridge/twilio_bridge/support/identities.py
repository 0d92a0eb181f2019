"""Who a person is: whom the keys of tasks and conversations belong to, and which persons turn out to be one.

What a subject tells, and what the contact base knows of its number, ends in the same persons in whatever order it
arrives, as long as it does not speak against itself. Every step is a whole one: a crash leaves nothing half done, and
the subject that comes again goes on from there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twilio_bridge import phone
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import UnavailableError
from twilio_bridge.logs import logger
from twilio_bridge.support.person import Person
from twilio_bridge.support.ports import Identities

Lookup = Callable[[str], Sequence[Contact]]

# The kinds of keys, the strongest first.
KINDS = ("task", "conversation", "external", "email", "flex", "airtable", "phone")
# What was given to a person stays with them, whatever it tells later.
ASSIGNED_KINDS = ("task#", "conversation#")
# Keys that lead to a person and say nothing about them: there is one more with each task or chat.
POINTERS = (*ASSIGNED_KINDS, "flex#")
# What two people never share, the strongest first.
DISTINCTIVE = ("external#", "email#")
PHONE = "phone#"
# Nobody has more; what is found by more is a switchboard.
MAX_KEYS_COUNT, MAX_HALVES_COUNT = 100, 50
MAX_KEYS_PER_SUBJECT = 30
# Others may give the same persons further keys at the same time, and each of them does so once.
MAX_ATTEMPTS = 6


@dataclass(slots=True)
class KnownPersons:
    """Who has which key, and which keys the contact base adds to a number that is nobody's yet."""

    people: Identities
    lookup: Lookup
    persons: dict[str, Person] = field(default_factory=dict)
    contacts: dict[str, list[str]] = field(default_factory=dict)

    def read(self, keys: Iterable[str]) -> None:
        """Read as of now."""
        asked = dict.fromkeys(keys)
        self._forget(asked)
        self.persons |= self.people.find_by_keys(asked)
        new = [key for key in asked if key.startswith(PHONE) and key not in self.persons]
        self.contacts |= {key: _contact_keys(key, self.lookup) for key in new}
        further = dict.fromkeys(more for key in new for more in self.contacts[key] if more not in asked)
        self._forget(further)
        self.persons |= self.people.find_by_keys(further) if further else {}

    def _forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.persons.pop(key, None)

    def of(self, keys: Iterable[str]) -> list[Person]:
        """Return the persons with these keys, each once, in the order of the keys."""
        found = {person.id: person for key in keys if (person := self.persons.get(key))}
        return list(found.values())

    def change(self, person: Person, keys: Iterable[str], other_id: str = "") -> None:
        """Note how a person is now, with these keys as well and in place of whom they were joined with."""
        for key, known in self.persons.items():
            if known.id in {person.id, other_id}:
                self.persons[key] = person
        self.persons |= dict.fromkeys(keys, person)


def resolve_persons(subjects: Mapping[str, Iterable[str]], people: Identities, lookup: Lookup) -> dict[str, str]:
    """Return the person's id for each subject, by its keys; a subject without any that can be used is left out.

    `lookup` gives the contacts at a number. Raises UnavailableError where others keep changing the same persons.
    """
    asked = {subject: select_usable_keys(keys) for subject, keys in subjects.items()}
    seen = KnownPersons(people, lookup)
    seen.read(key for keys in asked.values() for key in keys)
    return {subject: _resolve(keys, seen) for subject, keys in asked.items() if keys}


def select_usable_keys(keys: Iterable[str]) -> list[str]:
    """Return the keys that can stand for somebody, the strongest first."""
    split = {key: key.partition("#") for key in keys}
    good = [key for key, (kind, _, name) in split.items() if kind in KINDS and _is_somebody(kind, name)]
    return sorted(good, key=lambda key: KINDS.index(split[key][0]))[:MAX_KEYS_PER_SUBJECT]


def select_own_keys(keys: Iterable[str]) -> frozenset[str]:
    """Return the keys that say who somebody is."""
    return frozenset(key for key in keys if not key.startswith(POINTERS))


def _is_somebody(kind: str, name: str) -> bool:
    if not name.strip() or not name.isprintable() or phone.is_hidden_caller(name):
        return False
    return kind != "phone" or phone.E164.fullmatch(name) is not None


def _contact_keys(key: str, lookup: Lookup) -> list[str]:
    """Return what the contact base knows of a number that exactly one contact has."""
    number = key.removeprefix(PHONE)
    contacts = lookup(number)
    if len(contacts) != 1:
        return []
    contact = contacts[0]
    others = {other for other in (contact.sms, contact.whatsapp) if other and other != number}
    theirs = sorted(other for other in others if [each.id for each in lookup(other)] == [contact.id])
    email = contact.email.strip().casefold()
    emails = [f"email#{email}"] if "@" in email else []
    return select_usable_keys([f"airtable#{contact.id}", *emails, *(f"{PHONE}{other}" for other in theirs)])


def _resolve(keys: Sequence[str], seen: KnownPersons) -> str:
    for _ in range(MAX_ATTEMPTS):
        if person_id := _settle(keys, seen):
            return person_id
        seen.read(keys)  # somebody was quicker
    raise UnavailableError("people", "others change the same persons all the time")


def _settle(keys: Sequence[str], seen: KnownPersons) -> str | None:
    """Find the person, or make them, and have them have these keys; None where somebody changed one meanwhile."""
    person = _owner(keys, keys, seen)
    known = person.keys if person else frozenset()
    if person and keys_contradict(known, keys):
        given = [key for key in keys if key.startswith(ASSIGNED_KINDS)]
        return _attach(person, given, seen)
    wanted = select_usable_keys([*keys, *_added(keys, known, seen)])
    person = person or _owner(wanted, wanted, seen)
    if person is None:
        return _open(wanted, seen)
    for other in seen.of(wanted):
        if other.id != person.id and _are_one(person, wanted, other):
            joined = _join(person, other, seen)
            if joined is None:
                return None
            person = joined
    return _attach(person, wanted, seen)


def _owner(keys: Iterable[str], told: Iterable[str], seen: KnownPersons) -> Person | None:
    """Return whom the strongest key belongs to, unless what is told says that it must be somebody else."""
    found = ((key, person) for key in keys if (person := seen.persons.get(key)))
    return next(
        (person for key, person in found if key.startswith(ASSIGNED_KINDS) or not keys_contradict(person.keys, told)),
        None,
    )


def _added(keys: Sequence[str], known: Iterable[str], seen: KnownPersons) -> Iterable[str]:
    """Return what the contact base adds, unless it means somebody else who has the same number."""
    told = {*keys, *known}
    new = (key for key in keys if key.startswith(PHONE) and key not in seen.persons)
    added = (seen.contacts.get(key, []) for key in new)
    return [key for more in added if not keys_contradict(more, told) for key in more]


def keys_contradict(some: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether these are two people's keys: of the strongest kind that both have, none is the same."""
    one, other = set(some), set(others)
    for kind in DISTINCTIVE:
        mine, theirs = ({key for key in keys if key.startswith(kind)} for keys in (one, other))
        if mine and theirs:
            return mine.isdisjoint(theirs)
    return False


def _are_one(person: Person, wanted: Iterable[str], other: Person) -> bool:
    if len(person.keys | other.keys) > MAX_KEYS_COUNT or len(person.halves) + len(other.halves) >= MAX_HALVES_COUNT:
        return False
    return not keys_contradict({*person.keys, *wanted}, other.keys)


def _open(keys: Sequence[str], seen: KnownPersons) -> str | None:
    free = [key for key in keys if key not in seen.persons]
    person_id = seen.people.create_person(free)
    if person_id:
        seen.change(Person(id=person_id, keys=select_own_keys(free)), free)
    return person_id


def _join(person: Person, other: Person, seen: KnownPersons) -> Person | None:
    if not seen.people.join_persons(person.id, other.id):
        return None
    logger.info("persons joined", extra={"person": person.id, "other": other.id})
    joined = replace(person, keys=person.keys | other.keys, halves=(*person.halves, other.id, *other.halves))
    seen.change(joined, [], other.id)
    return joined


def _attach(person: Person, keys: Iterable[str], seen: KnownPersons) -> str | None:
    """Return a person those of the keys that are nobody's."""
    new = [key for key in keys if key not in seen.persons]
    if len(person.keys | select_own_keys(new)) > MAX_KEYS_COUNT:
        new = [key for key in new if key.startswith(POINTERS)]
    if new and not seen.people.attach_keys(person.id, new):
        return None
    if new:
        seen.change(replace(person, keys=person.keys | select_own_keys(new)), new)
    return person.id
