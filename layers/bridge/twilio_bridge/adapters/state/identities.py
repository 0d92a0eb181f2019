"""Who is found by which key, in SyncState.

A key's item names a person; the person's profile has the keys that identify them. What only points at somebody,
tasks, conversations and the names of chats, stands in its own item alone: a profile that is written for every task
would grow with each. Who was joined keeps their keys' items and names whom they were joined into, so that a join is one
transaction however many keys there are.

Profiles that go are those of nobody in particular; they have neither been joined nor joined with anybody.
"""

import hashlib
import time
import uuid
from collections.abc import Iterable, Mapping

from twilio_bridge.adapters.aws.dynamodb import Item, Key, Table, Write, a_put, an_update
from twilio_bridge.support.persons.key_kinds import ASSIGNED_KINDS, POINTERS, select_own_keys
from twilio_bridge.support.persons.person import Claim, Person

IDENTITY, PROFILE, ERASED, FACTS = "identity", "profile", "erased", "facts"
KEEP_S = 60 * 86_400
MAX_KEY_LENGTH = 1_000
# A shell's flex# keys have no end; whoever comes back after so long is somebody new.
KEEP_REDIRECTS_S = 400 * 86_400
STILL_HOLDS = "person = :holder"
STILL_SHARED = f"{STILL_HOLDS} AND attribute_exists(is_shared) AND #source = :source"
FREE = "attribute_not_exists(pk) OR expires_at <= :now"
SOURCE = {"#source": "source"}  # one of DynamoDB's reserved words
NOT_JOINED = "attribute_not_exists(joined_into)"
AS_READ = f"{NOT_JOINED} AND (revision = :revision OR attribute_not_exists(revision) OR expires_at <= :now)"


class DynamoIdentities:
    """The port People."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_claims(self, keys: Iterable[str]) -> dict[str, Claim]:
        """Return who has the keys: one request for the keys, one for the profiles, one more where some were joined."""
        asked = {(_pk(key), IDENTITY): key for key in keys}
        items = self._table.get_many(list(asked), consistent=True)
        persons = self._followed(item["person"] for item in items.values())
        return {asked[place]: _claim_of(item, persons) for place, item in items.items()}

    def find_by_keys(self, keys: Iterable[str]) -> dict[str, Person]:
        """Return the persons that the keys identify."""
        claims = self.find_claims(keys)
        return {key: claim.person for key, claim in claims.items() if not claim.is_shared}

    def _followed(self, ids: Iterable[str]) -> dict[str, Person]:
        """Return persons by their ids, and whom they were joined into in place of those who were."""
        found: dict[str, Person] = {}
        wanted = dict.fromkeys(ids)
        while wanted:
            items = self._table.get_many([profile_of(person_id) for person_id in wanted], consistent=True)
            found |= {person_id: person_from(person_id, items.get(profile_of(person_id))) for person_id in wanted}
            into = dict.fromkeys(found[person_id].joined_into for person_id in wanted)
            wanted = {person_id: None for person_id in into if person_id and person_id not in found}
        return {person_id: _end(person, found) for person_id, person in found.items()}

    def create_person(self, keys: Iterable[str], source: str = "", erased_at: int = 0) -> str | None:
        """Make a person in one transaction."""
        person_id = uuid.uuid4().hex
        wanted = list(keys)
        own = select_own_keys(wanted)
        pk, sk = profile_of(person_id)
        profile: Item = {"pk": pk, "sk": sk, "revision": 1}
        profile |= {"own_keys": set(own)} if own else {"expires_at": int(time.time()) + KEEP_S}
        profile |= {"erased_at": erased_at} if erased_at else {}
        claims = _claims(person_id, wanted, source)
        return person_id if self._table.transact([*claims, a_put(profile)]) else None

    def attach_keys(self, person_id: str, keys: Iterable[str], source: str = "") -> bool:
        """Claim keys; where they only point at the person the profile is left alone."""
        wanted = list(keys)
        claims = [*_claims(person_id, wanted, source), *_given_to(person_id, wanted)]
        if len(claims) > 1:
            return self._table.transact(claims)
        return all(self._table.put(_claim(person_id, key, source), when=FREE, values=_now()) for key in wanted)

    def absorb_shell(self, person_id: str, shell_id: str) -> bool:
        """Note where the shell's keys lead from now on; it goes when the last of them has."""
        change = "SET joined_into = :into, expires_at = :ends ADD revision :one"
        values: Item = {":into": person_id, ":one": 1, ":ends": int(time.time()) + KEEP_REDIRECTS_S}
        when = f"{NOT_JOINED} AND attribute_not_exists(own_keys) AND attribute_not_exists(halves)"
        return person_id != shell_id and self._table.transact(
            [an_update(profile_of(shell_id), change, values, when=when)]
        )

    def share_key(self, key: str, claim: Claim, witnesses: Iterable[str] = ()) -> bool:
        """Mark the key's item and take the key from the profiles that have it, in one transaction."""
        mark, when = "SET is_shared = :yes, #source = :witnesses", f"{STILL_HOLDS} AND attribute_not_exists(is_shared)"
        values: Item = {":yes": True, ":witnesses": " ".join(witnesses), ":holder": claim.holder}
        if claim.is_shared:
            when, values = STILL_SHARED, values | {":source": claim.source}
        marked = an_update((_pk(key), IDENTITY), mark, values, when=when, names=SOURCE)
        return self._table.transact([marked, *([] if claim.is_shared else _taken_from(claim, key))])

    def unshare_key(self, key: str, claim: Claim) -> bool:
        """Take the mark from the key's item and give the key back to the profile, in one transaction."""
        unmark, values = "REMOVE is_shared, #source", {":source": claim.source, ":holder": claim.holder}
        unmarked = an_update((_pk(key), IDENTITY), unmark, values, when=STILL_SHARED, names=SOURCE)
        return self._table.transact([unmarked, *_given_to(claim.person.id, [key])])

    def move_key(self, key: str, claim: Claim, person_id: str) -> bool:
        """Write another holder into the key's item, and move the key between the profiles."""
        if person_id in {claim.holder, claim.person.id}:
            return False
        moved = an_update(
            (_pk(key), IDENTITY), "SET person = :to", {":to": person_id, ":holder": claim.holder}, when=STILL_HOLDS
        )
        if key.startswith(POINTERS):
            return self._table.transact([moved])
        return self._table.transact([moved, *_taken_from(claim, key), *_given_to(person_id, [key])])

    def join_persons(self, person_id: str, other_id: str) -> bool:
        """Join in one transaction; the other's halves, few as they are, follow."""
        places = profile_of(person_id), profile_of(other_id)
        items = self._table.get_many(list(dict.fromkeys(places)), consistent=True)
        this, other = (items.get(place, {}) for place in places)
        if person_id == other_id or "joined_into" in this or "joined_into" in other:
            return False
        into: Item = {":into": person_id}
        change = "SET joined_into = :into ADD revision :one REMOVE expires_at"
        given = an_update(places[1], change, {**into, ":one": 1, **_as_read(other)}, when=AS_READ)
        halves = [an_update(profile_of(half), "SET joined_into = :into", into) for half in other.get("halves", ())]
        return self._table.transact([_taking(this, person_id, other, other_id), given, *halves])

    def find_erasures(self, keys: Iterable[str]) -> dict[str, int]:
        """Return the erasures: one request."""
        asked = {_erasure_of(key): key for key in keys}
        return {asked[place]: item["at"] for place, item in self._table.get_many(list(asked)).items()}


class DynamoErasing:
    """The port Erasing; no function may do this, only an operator."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def erase_rows(self, person_ids: Iterable[str]) -> None:
        """Delete whole partitions."""
        for person_id in person_ids:
            rows = list(self._table.query(profile_of(person_id)[0], consistent=True))
            self._table.delete_many((row["pk"], row["sk"]) for row in rows)

    def erase_keys(self, keys: Iterable[str], at: int) -> None:
        """Write the hashes first: whoever breaks off here goes on from there."""
        wanted = list(keys)
        ends = int(time.time()) + KEEP_REDIRECTS_S
        places = map(_erasure_of, wanted)
        self._table.put_many({"pk": pk, "sk": sk, "at": at, "expires_at": ends} for pk, sk in places)
        self._table.delete_many((key, FACTS) for key in wanted if key.startswith(ASSIGNED_KINDS))
        self._table.delete_many((_pk(key), IDENTITY) for key in wanted)


def _erasure_of(key: str) -> Key:
    return f"erased#{hashlib.sha256(key.encode()).hexdigest()}", ERASED


def _taking(this: Item, person_id: str, other: Item, other_id: str) -> Write:
    """Return a person another's keys and halves."""
    taken: Item = {":halves": {other_id, *other.get("halves", ())}, ":one": 1, **_as_read(this)}
    change = "ADD halves :halves, revision :one"
    if "own_keys" in other:
        change, taken = f"{change}, own_keys :own", taken | {":own": other["own_keys"]}
    return an_update(profile_of(person_id), f"{change} REMOVE expires_at", taken, when=AS_READ)


def profile_of(person_id: str) -> Key:
    """Return where a person's profile stands."""
    return f"person#{person_id}", PROFILE


def person_from(person_id: str, item: Item | None) -> Person:
    """Read a profile; a person without one, which nobody in particular may be, has only their id."""
    item = item or {}
    return Person(
        id=person_id,
        keys=frozenset(item.get("own_keys", ())),
        halves=tuple(sorted(item.get("halves", ()))),
        joined_into=item.get("joined_into", ""),
        contact_id=item.get("contact_id"),
        delivered=item.get("delivered", ""),
        lists=frozenset(map(int, item["lists"].split())) if "lists" in item else None,
        begun_at=item.get("begun_at", 0),
        queued_at=item.get("queued_at", 0),
        erased_at=item.get("erased_at", 0),
    )


def _end(person: Person, found: Mapping[str, Person]) -> Person:
    while person.joined_into:
        person = found[person.joined_into]
    return person


def _claim_of(item: Item, persons: Mapping[str, Person]) -> Claim:
    return Claim(persons[item["person"]], item["person"], item.get("source", ""), item.get("is_shared", False))


def _taken_from(claim: Claim, key: str) -> list[Write]:
    change = "DELETE own_keys :own ADD revision :one"
    holders = dict.fromkeys((claim.holder, claim.person.id))
    return [an_update(profile_of(holder), change, {":own": {key}, ":one": 1}) for holder in holders]


def _given_to(person_id: str, keys: Iterable[str]) -> list[Write]:
    """Return what gives a profile those of the keys that identify somebody."""
    own = select_own_keys(keys)
    change = "ADD own_keys :own, revision :one REMOVE expires_at"
    return [an_update(profile_of(person_id), change, {":own": set(own), ":one": 1}, when=NOT_JOINED)] if own else []


def _claims(person_id: str, keys: Iterable[str], source: str) -> list[Write]:
    return [a_put(_claim(person_id, key, source), when=FREE, values=_now()) for key in keys]


def _claim(person_id: str, key: str, source: str) -> Item:
    item: Item = {"pk": _pk(key), "sk": IDENTITY, "person": person_id}
    item |= {"source": source} if source else {}
    return item | {"expires_at": int(time.time()) + KEEP_S} if key.startswith(ASSIGNED_KINDS) else item


def _as_read(item: Item) -> Item:
    return {":revision": item.get("revision", 0), **_now()}


def _now() -> Item:
    return {":now": int(time.time())}


def _pk(key: str) -> str:
    short = key if len(key.encode()) <= MAX_KEY_LENGTH else hashlib.sha256(key.encode()).hexdigest()
    return f"identity#{short}"
