"""What an operator does about persons: show one, put a key that is not theirs back, erase one.

https://eur-lex.europa.eu/eli/reg/2016/679/oj article 17 is why there is an erasure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twilio_bridge.errors import BadRequestError, UnavailableError
from twilio_bridge.support.persons.key_kinds import ASSIGNED_KINDS
from twilio_bridge.support.persons.person import Claim, Dossier, Interaction
from twilio_bridge.support.persons.person_keys import KeyRules, list_equal_keys, normalize_email, normalize_phone
from twilio_bridge.support.ports import Erasing, Identities, Persons


@dataclass(frozen=True, slots=True)
class Found:
    """A person as an operator sees them: everything of theirs, and whose each of their keys is."""

    dossier: Dossier
    claims: Mapping[str, Claim]

    @property
    def id(self) -> str:
        """Return the person's id."""
        return self.dossier.person.id

    @property
    def shared(self) -> list[str]:
        """Return the keys that the person's interactions came with and that are several people's."""
        return sorted(key for key, claim in self.claims.items() if claim.is_shared)


def list_keys(text: str, rules: KeyRules) -> list[str]:
    """Return the keys that a text may be: an address, a number, a SID, another system's id, or a key as it is shown."""
    if "#" in text:
        return [text]
    if email := normalize_email(text, rules):
        return [f"email#{email}"]
    if number := normalize_phone(text, rules):
        key = f"phone#{number}"
        return [key, *list_equal_keys(key)]
    kind = {"WT": "task", "CH": "conversation"}.get(text[:2])
    return [f"{kind}#{text}"] if kind else [f"{kind}#{text}" for kind in ("external", "flex", "airtable")]


def find_person(text: str, rules: KeyRules, identities: Identities, persons: Persons) -> Found:
    """Return the person with this address, number or id; raise BadRequestError where there is none."""
    claims = identities.find_claims(list_keys(text, rules))
    person_id = next((claim.person.id for claim in claims.values() if not claim.is_shared), text)
    if any(claim.is_shared for claim in claims.values()) and person_id == text:
        raise BadRequestError("several people share this key, so it is nobody's alone; look for another one of theirs")
    dossier = persons.load_dossier(person_id)
    if dossier is None:
        raise BadRequestError("nobody is known by this")
    if dossier.person.joined_into:
        return find_person(dossier.person.joined_into, rules, identities, persons)
    return Found(dossier, identities.find_claims(_keys_of(dossier)))


def _keys_of(dossier: Dossier) -> list[str]:
    """Return all keys that can be the person's, their tasks' and conversations' included."""
    came = (key for each in dossier.interactions for key in each.keys)
    sids = [each.sid for each in dossier.interactions] + [event.key.partition("#")[0] for event in dossier.events]
    subjects = (f"{'conversation' if sid.startswith('CH') else 'task'}#{sid}" for sid in sids)
    further = (f"conversation#{each.conversation_sid}" for each in dossier.interactions if each.conversation_sid)
    return list(dict.fromkeys((*sorted(dossier.person.keys), *came, *subjects, *further)))


def split_person(found: Found, key: str, identities: Identities, persons: Persons) -> str:
    """Move a key, and the interactions that came with it alone, to a person of its own; return that one's id.

    Raise BadRequestError where it is not the person's, or all that they have.
    """
    claim, person = found.claims.get(key), found.dossier.person
    if claim is None or key not in person.keys:
        raise BadRequestError("this key is not the person's")
    if person.keys == {key}:
        raise BadRequestError("the person has no other key; there is nothing to split")

    moving = _interactions_of(key, found)
    other_id = identities.create_person([], key)
    if other_id is None:
        raise UnavailableError("people", "no new person could be made")
    persons.move_rows(person.id, other_id, {each.sid for each in moving})
    for half in person.halves:
        persons.move_rows(half, other_id, {each.sid for each in moving})
    subjects = [f"task#{each.sid}" for each in moving]
    for moved in (*(subject for subject in subjects if subject in found.claims), key):
        if not identities.move_key(moved, found.claims[moved], other_id):
            raise UnavailableError("people", "somebody changed the person meanwhile; try again")
    return other_id


def _interactions_of(key: str, found: Found) -> list[Interaction]:
    """Return what came with this key and with no other of the person's; a former version kept only who brought it."""
    others = found.dossier.person.keys - {key}
    source = found.claims[key].source
    return [
        each
        for each in found.dossier.interactions
        if (key in each.keys and others.isdisjoint(each.keys)) or (not each.keys and source == f"task#{each.sid}")
    ]


def erase_person(found: Found, erasing: Erasing, at: int) -> int:
    """Delete all that is held about a person at a moment (epoch ms); return how many keys were theirs.

    Only a hash of each key stays, and the moment: what began before it is not taken in again.
    """
    person = found.dossier.person
    keys = [key for key, claim in found.claims.items() if not claim.is_shared and claim.person.id == person.id]
    erasing.erase_keys(dict.fromkeys((*keys, *_subjects(found))), at)
    erasing.erase_rows((person.id, *person.halves))
    return len(keys)


def _subjects(found: Found) -> Iterable[str]:
    return (key for key in _keys_of(found.dossier) if key.startswith(ASSIGNED_KINDS))
