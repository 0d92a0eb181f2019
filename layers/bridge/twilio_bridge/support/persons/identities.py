"""Who a person is: whom the keys of tasks and conversations belong to, and which persons turn out to be one.

What a subject names, and what the contact base knows of its number, ends in the same persons in whatever order it
arrives, as long as nothing contradicts. A key that comes with several people of stronger keys is shared, as that of a
switchboard or a family: it identifies nobody on its own. Every step is a whole one: a crash leaves nothing half done,
and the subject that comes again goes on from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from twilio_bridge.errors import UnavailableError
from twilio_bridge.logs import logger
from twilio_bridge.side_by_side import map_side_by_side
from twilio_bridge.support.persons.key_kinds import (
    ASSIGNED_KINDS,
    MAX_KEYS_PER_SUBJECT,
    PHONE,
    POINTERS,
    SHAREABLE,
    keys_contradict,
    select_own_keys,
    select_usable_keys,
)
from twilio_bridge.support.persons.known_persons import (
    KnownPersons,
    Lookup,
    MoveRows,
    Resolution,
    merge_resolutions,
)
from twilio_bridge.support.persons.person import Person
from twilio_bridge.support.ports import Identities

# Nobody has more.
MAX_KEYS_COUNT, MAX_HALVES_COUNT = 100, 50
# A key that more subjects show to be shared stays so, whoever of them is corrected.
MAX_WITNESSES_COUNT = 5
# Others may change the same persons at the same time, and each of them does so once.
MAX_ATTEMPTS = 6
# A subject's keys can be moved, shared or absorbed once each.
MAX_STEPS = 3 * MAX_KEYS_PER_SUBJECT
NOTHING_BEGUN: Mapping[str, int] = {}


def resolve_persons(
    subjects: Mapping[str, Iterable[str]],
    identities: Identities,
    lookup: Lookup,
    move_rows: MoveRows,
    begun: Mapping[str, int] = NOTHING_BEGUN,
) -> Resolution:
    """Return the person's id for each subject, by its keys; a subject without any that can be used is left out.

    So is one that was `begun` (epoch ms) before whoever had its keys was erased. `lookup` returns the contacts at a
    number. Raise UnavailableError where others keep changing the same persons.
    """
    asked = {subject: select_usable_keys(keys) for subject, keys in subjects.items()}
    known = KnownPersons(identities, lookup, move_rows)
    known.read(key for keys in asked.values() for key in keys)
    wanted = {
        subject: keys for subject, keys in asked.items() if keys and not _is_erased(begun.get(subject), keys, known)
    }
    groups = _group_subjects(wanted, known)
    return merge_resolutions(map_side_by_side(lambda group: _resolve_group(group, known), groups))


def _group_subjects(asked: Mapping[str, list[str]], known: KnownPersons) -> list[dict[str, list[str]]]:
    """Return the subjects in groups that have no key, and no person behind a key, in common."""
    groups: dict[str, dict[str, list[str]]] = {}
    group_of: dict[str, str] = {}
    for subject, keys in asked.items():
        marks = known.list_marks(keys)
        met = {group_of[mark] for mark in marks if mark in group_of}
        merged = {subject: keys}
        for name in met:
            merged = groups.pop(name) | merged
        groups[subject] = merged
        group_of = {mark: subject if name in met else name for mark, name in group_of.items()} if met else group_of
        group_of |= dict.fromkeys(marks, subject)
    return list(groups.values())


def _resolve_group(asked: Mapping[str, list[str]], known: KnownPersons) -> Resolution:
    own = known.copy()
    persons = {subject: _resolve(subject, keys, own) for subject, keys in asked.items()}
    own.result.persons = {subject: own.follow(person_id) for subject, person_id in persons.items()}
    return own.result


def _is_erased(begun_at: int | None, keys: Iterable[str], known: KnownPersons) -> bool:
    """Return whether a subject is of the past of somebody erased."""
    persons = known.list_persons(keys)
    erased_at = max(
        [*(known.erasures.get(key, 0) for key in keys), *(person.erased_at for person in persons)], default=0
    )
    return begun_at is not None and begun_at < erased_at


class _DisturbedError(Exception):
    """Somebody else changed the same persons meanwhile."""


def _resolve(subject: str, keys: Sequence[str], known: KnownPersons) -> str:
    attempts = 0
    for _ in range(MAX_STEPS):
        try:
            person_id = _settle(subject, keys, known)
        except _DisturbedError:
            person_id, attempts = None, attempts + 1
        if person_id:
            return person_id
        if attempts == MAX_ATTEMPTS:
            break
        known.read(keys)
    raise UnavailableError("people", "others change the same persons all the time")


def _settle(subject: str, keys: Sequence[str], known: KnownPersons) -> str | None:
    """Find the person, or make them, and have them have these keys; None where that takes another look."""
    named = known.select_named(keys)
    key, person = _find_assigned(keys, known)
    if person and not person.keys:
        return _fill_shell(subject, keys, person, known)
    if person is None or not keys_contradict(person.keys, named):
        return _complete(subject, keys, person or _find_owner(named, known), known)

    if key == subject:
        if not _unshare(subject, keys, named, known):
            _correct(subject, named, person, known)
        return None
    if key.startswith("task#"):  # whoever answers a survey is whoever was served
        return _attach(person, [subject], subject, known)
    return _complete(subject, keys, _find_owner(named, known), known)


def _find_assigned(keys: Iterable[str], known: KnownPersons) -> tuple[str, Person | None]:
    """Return whose the subject is, and why: by itself, by the task it asks about, or by its conversation."""
    found = ((key, person) for key in keys if key.startswith(ASSIGNED_KINDS) and (person := known.find_person(key)))
    return next(found, ("", None))


def _find_owner(named: Sequence[str], known: KnownPersons) -> Person | None:
    """Return whom the strongest key identifies, unless the keys show that it must be somebody else."""
    persons = known.list_persons(named)
    return next((person for person in persons if not keys_contradict(person.keys, named)), None)


def _fill_shell(subject: str, keys: Sequence[str], shell: Person, known: KnownPersons) -> str | None:
    """Have whoever is behind a person without keys take them in, or attach keys."""
    named = known.select_named(keys)
    others = (each for each in known.list_persons(named) if each.keys and not keys_contradict(each.keys, named))
    person = next(others, None)
    if person is None:
        return _complete(subject, keys, shell, known)
    _absorb(person, shell, known)
    return None


def _absorb(person: Person, shell: Person, known: KnownPersons) -> None:
    """Move a shell's rows first: whoever breaks off here finds the shell again."""
    known.move_rows(shell.id, person.id, None)
    if not known.identities.absorb_shell(person.id, shell.id):
        raise _DisturbedError
    logger.info("person absorbed", extra={"person": person.id, "other": shell.id})
    known.absorbed[shell.id] = person.id
    known.change(person, [], other_id=shell.id)


def _unshare(subject: str, keys: Iterable[str], named: Iterable[str], known: KnownPersons) -> bool:
    """Return whether there was a shared key that this subject no longer shows to be shared; unmark it if none does."""
    for key in map(known.spell, keys):
        claim = known.claims.get(key)
        if claim is None or subject not in claim.witnesses or keys_contradict(claim.person.keys, named):
            continue

        others = [each for each in claim.witnesses if each != subject]
        identities = known.identities
        if not (identities.share_key(key, claim, others) if others else identities.unshare_key(key, claim)):
            raise _DisturbedError
        logger.info("key not shown as shared any more", extra={"subject": subject, "others": len(others)})
        return True
    return False


def _correct(subject: str, named: Sequence[str], person: Person, known: KnownPersons) -> None:
    """Move a subject that now names somebody else, with what it alone had brought to the person it leaves."""
    owner = _find_owner([key for key in named if known.find_person(key) != person], known)
    if owner is None:
        owner = Person(id=known.identities.create_person(known.select_free(named), subject) or "")
    if not owner.id:
        raise _DisturbedError

    brought = [key for key, claim in known.claims.items() if claim.person == person and claim.source == subject]
    moved = [key for key in brought if key in named or key.startswith(ASSIGNED_KINDS)]
    known.move_rows(person.id, owner.id, {key.partition("#")[2] for key in moved if key.startswith(ASSIGNED_KINDS)})
    for key in sorted(moved, key=lambda each: each == subject):  # the subject last: whoever breaks off comes here again
        if not known.identities.move_key(key, known.claims[key], owner.id):
            raise _DisturbedError
    known.result.changed.add(person.id)
    logger.info("subject moved", extra={"subject": subject, "person": owner.id, "other": person.id})


def _complete(subject: str, keys: Sequence[str], person: Person | None, known: KnownPersons) -> str | None:
    """Have a person have these keys, join whom they bring together, and mark a key that is shared."""
    has = person.keys if person else frozenset()
    wanted = [
        *known.select_named(_add_contacts(keys, has, known)),
        *(key for key in keys if key.startswith(ASSIGNED_KINDS)),
    ]
    person = person or _find_owner(known.select_named(wanted), known)
    if _share(keys, wanted, person, subject, known):
        return None
    if person is None:
        return _open(wanted, subject, known)

    for other in known.list_persons(wanted):
        if other.id == person.id:
            continue
        if not other.keys:
            _absorb(person, other, known)
        elif _are_one(person, wanted, other):
            person = _join(person, other, known)
    return _attach(person, wanted, subject, known)


def _share(
    keys: Iterable[str], wanted: Iterable[str], person: Person | None, subject: str, known: KnownPersons
) -> bool:
    """Mark a key that another person has whom this subject's stronger keys contradict; return whether there was one.

    A key that is shared already has this subject noted as well, for the others may be corrected.
    """
    mine = {*wanted, *(person.keys if person else ())}
    for key in dict.fromkeys((*keys, *wanted)):
        spelled = known.spell(key)
        claim = known.claims.get(spelled)
        if claim is None or not key.startswith(SHAREABLE) or (person and claim.person.id == person.id):
            continue
        is_noted = claim.is_shared and (not claim.witnesses or subject in claim.witnesses)
        if is_noted or not keys_contradict(claim.person.keys, mine):
            continue

        witnesses = [*claim.witnesses, subject]
        if not known.identities.share_key(spelled, claim, witnesses if len(witnesses) <= MAX_WITNESSES_COUNT else ()):
            raise _DisturbedError
        known.result.shared += 1
        kind = key.partition("#")[0]
        logger.info("key is shared", extra={"kind": kind, "person": claim.person.id, "subject": subject})
        return True
    return False


def _add_contacts(keys: Sequence[str], has: Iterable[str], known: KnownPersons) -> list[str]:
    """Return the keys with what the contact base adds, unless it means somebody else who has the same number."""
    named = {*keys, *has}
    new = (key for key in keys if key.startswith(PHONE) and known.find_claim(key) is None)
    added = (known.contacts.get(key, []) for key in new)
    more = [key for each in added if not keys_contradict(each, named) for key in each]
    return select_usable_keys([*keys, *more])


def _are_one(person: Person, wanted: Iterable[str], other: Person) -> bool:
    if len(person.keys | other.keys) > MAX_KEYS_COUNT or len(person.halves) + len(other.halves) >= MAX_HALVES_COUNT:
        return False
    return not keys_contradict({*person.keys, *wanted}, other.keys)


def _open(keys: Sequence[str], subject: str, known: KnownPersons) -> str:
    free = known.select_free(keys)
    erased_at = max((known.erasures.get(key, 0) for key in free), default=0)
    person_id = known.identities.create_person(free, subject, erased_at)
    if not person_id:
        raise _DisturbedError
    known.change(Person(id=person_id, keys=select_own_keys(free), erased_at=erased_at), free, subject)
    return person_id


def _join(person: Person, other: Person, known: KnownPersons) -> Person:
    if not known.identities.join_persons(person.id, other.id):
        raise _DisturbedError
    logger.info("persons joined", extra={"person": person.id, "other": other.id})
    joined = replace(person, keys=person.keys | other.keys, halves=(*person.halves, other.id, *other.halves))
    known.change(joined, [], other_id=other.id)
    return joined


def _attach(person: Person, keys: Iterable[str], subject: str, known: KnownPersons) -> str:
    """Attach those of the keys that are nobody's."""
    new = known.select_free(keys)
    if len(person.keys | select_own_keys(new)) > MAX_KEYS_COUNT:
        new = [key for key in new if key.startswith(POINTERS)]
    if new and not known.identities.attach_keys(person.id, new, subject):
        raise _DisturbedError
    if new:
        known.change(replace(person, keys=person.keys | select_own_keys(new)), new, subject)
    return person.id
