"""ContactCache in DynamoDB: a sorted map of contacts for each owner, one of ids, one of addresses and one of owners.

The ids hold in whose lists and under which key a contact stands; the addresses name such places, too. A deleted
contact's id keeps its key for a day, so that a worker who scrolls on from it goes on at the right place.

A load is seen at once and as a whole, see `generation`. A single contact is written item by item, in an order that
keeps it to be found after each: it stands once in its list, and in a new owner's list before it leaves the old one's.
"""

import hashlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter

from twilio_bridge.adapters.aws.dynamodb import Item, Table
from twilio_bridge.adapters.contact_cache import generation, locations
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory, ChunkReader
from twilio_bridge.adapters.contact_cache.locations import Place, Where
from twilio_bridge.adapters.contact_cache.sorted_map import SortedMap
from twilio_bridge.contacts.contact import Contact, build_search_test, build_search_text, from_values, to_values
from twilio_bridge.contacts.ports import CacheState, Origin

EVERYBODY = "*"
MAX_OWNER_LENGTH = 200
MAX_LOOKUPS = 2
# A change is written within these seconds after it was read.
SETTLED_S = 900
NO_ORIGIN = Origin()


def _places_in(text: str | None) -> list[Place]:
    return locations.list_places(locations.unpack_location(text))


def pack(contact: Contact) -> str:
    """Return a contact as JSON without what is empty."""
    return json.dumps(to_values(contact), ensure_ascii=False)


def _look(text: str) -> str:
    return build_search_text(unpack(text))


def unpack(text: str) -> Contact:
    """Return the contact of a text that `pack` made."""
    return from_values(json.loads(text))


class DynamoContactCache:
    """The port ContactCache; with `for_everybody` there is one list that all workers share."""

    def __init__(self, table: Table, *, for_everybody: bool, memory: ChunkMemory | None = None) -> None:
        self._table = table
        self._for_everybody = for_everybody
        self._reader = ChunkReader(table, memory or ChunkMemory())
        self._ids, self._addresses, self._owners = (
            SortedMap(table, name, self._reader) for name in ("ids", "addresses", "owners")
        )

    def read_state(self) -> CacheState:
        """Return when the last whole load began; one made for the other visibility has not the lists wanted now."""
        item, self._reader.generation = self._reader.generation or self._table.get(*generation.STATE), None
        return generation.parse_state(item, for_everybody=self._for_everybody)

    def list_page(self, owner: str | None, after: str, limit: int) -> list[Contact]:
        """Return a part of a list, in order."""
        return [unpack(value) for _, value in self._list(owner).read_slice(after, limit)]

    def search_page(self, owner: str | None, query: str, after: str, limit: int) -> list[Contact]:
        """Return a part of what the query finds in a list, in order."""
        hits = build_search_test(query)
        return [unpack(value) for _, value in self._list(owner).search_slice(_look, hits, after, limit)]

    def get_contact(self, contact_id: str) -> Contact | None:
        """Return a contact by id."""
        for _ in range(MAX_LOOKUPS):  # whoever moved in between is found the second time
            where = locations.list_places(self._where(contact_id))
            if found := next(filter(None, (self._at(place) for place in where)), None):
                return found
            if not where:
                break
        return None

    def get_contacts(self, contact_ids: Collection[str]) -> list[Contact]:
        """Return those of the contacts that are here, in few requests, but those being written just now."""
        texts = self._ids.get_values(contact_ids)
        return list(self._known(map(locations.unpack_location, texts.values())).values())

    def find_by_address(self, number: str) -> list[Contact]:
        """Return the contacts with this bare address; of the places written there some may be old."""
        hints = dict.fromkeys(
            place for hint in self._addresses.list_hints(number) for place in locations.unpack_hints(hint)
        )
        found = {contact.id: contact for place in hints if (contact := self._at(place))}
        missed = dict.fromkeys(map(locations.id_at, hints)).keys() - found.keys()
        found |= {contact_id: contact for contact_id in missed if (contact := self.get_contact(contact_id))}
        return [contact for contact in found.values() if number in contact.addresses]

    def find_position(self, contact_id: str) -> str | None:
        """Return a contact's key, or that of one deleted within the last day."""
        return locations.find_key(self._where(contact_id))

    def list_owners(self) -> list[str]:
        """Return the owners as the last load found them."""
        return [name for name, _ in self._owners.read_all()]

    def put_contact(self, contact: Contact, read_at: float | None = None) -> None:
        """Take in one contact, in its lists, by its id and by its addresses."""
        at = time.time() if read_at is None else read_at
        self._take_in(contact, self._where(contact.id), self.get_contact(contact.id), at)

    def remove_contact(self, contact_id: str) -> None:
        """Take out one contact; its key is remembered for a day."""
        at = time.time()
        where = self._where(contact_id)
        for place in locations.list_places(where):
            self._put(place, None, at)
        self._ids.put_value(contact_id, locations.pack_gone(where), at)

    def confirm_webhook_read(self, moment: float, changed: Sequence[Contact] = ()) -> None:
        """Note until when the webhook has been read."""
        generation.count_changes(self._table, len(changed), self._count_hottest(changed))
        generation.confirm_webhook_read(self._table, moment)
        self._reader.generation = None

    def apply_changes(self, changed: Sequence[Contact], began_at: float, number: int, newest: str | None = None) -> int:
        """Take in what has changed; what was written since that was read stays, and what is the same is not written."""
        item = self._table.get(*generation.STATE, consistent=True)
        if item is None or not item["loaded"] or item["lease"] > number:
            return 0

        texts = self._ids.get_values([contact.id for contact in changed])
        wheres = {contact_id: locations.unpack_location(text) for contact_id, text in texts.items()}
        known = self._known(wheres.values())
        since = {contact_id for contact_id, _ in self._ids.list_written_since(began_at)}
        differing = [contact for contact in changed if contact.id not in since and known.get(contact.id) != contact]

        hottest = self._count_hottest(differing)
        if generation.are_many_changes(len(differing), hottest, item["count"]):
            self._merge(differing, began_at, number)
        else:
            for contact in differing:
                self._take_in(contact, wheres.get(contact.id, {}), known.get(contact.id), began_at)
            generation.count_changes(self._table, len(differing), hottest)
        if newest is not None:
            generation.record_update(self._table, number, began_at, newest)
        self._reader.generation = None
        return len(differing)

    def fold_changes(self, number: int) -> None:
        """Write the changes into the chunks."""
        self._merge([], time.time(), number)
        self._reader.generation = None

    def holds_value(self, field: str) -> bool:
        """Return whether any contact has a value in this field."""
        return any(getattr(contact, field) for contact in self._read_everybody())

    def replace_all(
        self, contacts: Sequence[Contact], began_at: float, number: int, newest: str = "", origin: Origin = NO_ORIGIN
    ) -> int:
        """Take in a whole load: every list and index is written first, then all of it counts at once."""
        load = generation.begin_load(self._table, number, began_at)
        if load is None:
            return 0
        if load.item["for_everybody"] != self._for_everybody:  # no list of the other visibility is to come back
            load = replace(load, raises_floor=True)

        began_ms = int(began_at * 1000)
        values = {"began_at": began_ms, "full_at": began_ms, "is_told": False, "newest": newest}
        values |= {"count": len(contacts), "for_everybody": self._for_everybody, "made_of": origin.made_of}
        values |= {"columns": origin.columns.packed if origin.columns else ""}
        return self._write_all(contacts, load, values)

    def _write_all(self, contacts: Sequence[Contact], load: generation.Load, values: Item) -> int:
        """Write every list and index, let them count, and return how many contacts stand elsewhere than before.

        One after the other, so that of 100,000 contacts only one list at a time is there a second time, as text.
        """
        known = dict(self._ids.read_all())
        misplaced = self._find_misplaced(contacts, load.began_at)
        kept = [contact for contact in contacts if contact.id not in misplaced]

        for name, listed in self._group_by_list(kept, known.values()).items():
            listed.sort(key=lambda contact: contact.order)
            self._map(name).replace_all(((contact.order, pack(contact)) for contact in listed), load)
        self._ids.replace_all(self._id_entries(kept, known), load)
        self._addresses.replace_all(self._address_entries(kept), load)
        owners = sorted({owner for contact in contacts for owner in contact.owners})
        self._owners.replace_all([(name, "") for name in owners], load)

        self._take_out_misplaced(kept, load.began_at)
        if generation.commit_load(self._table, load, values):
            self._take_out_misplaced(kept, load.began_at)  # and whoever moved in the last moment
        self._reader.generation = None
        return self._count_moved(contacts, known)

    def _merge(self, changed: Sequence[Contact], began_at: float, number: int) -> None:
        """Write changes into the chunks, along with those beside them.

        The chunks then hold what others wrote up to now, but a writer may still be on its way with what it read some
        time ago: changes of the last minutes stay beside the chunks, and whoever has one gets the next beside it, too.
        """
        load = generation.begin_load(self._table, number, began_at)
        if load is None:
            return

        since = max(began_at - SETTLED_S, load.replaces.full_at / 1000)
        unsettled = {contact_id for contact_id, _ in self._ids.list_written_since(since)}
        everybody = {contact.id: contact for contact in self._read_everybody()}
        for contact in changed:
            if contact.id in unsettled:
                self._take_in(contact, self._where(contact.id), everybody.get(contact.id), began_at)
            else:
                everybody[contact.id] = contact
        self._write_all(list(everybody.values()), replace(load, began_at=since), {})

    def _read_everybody(self) -> Iterator[Contact]:
        names = {place[0] for _, text in self._ids.read_all() for place in _places_in(text)}
        return (unpack(value) for name in sorted(names) for _, value in self._map(name).read_all())

    def _count_hottest(self, changed: Iterable[Contact]) -> int:
        """Return how many of the changes are in the list that has most of them."""
        lists = Counter(place[0] for contact in changed for place in self._places_of(contact))
        return max(lists.values(), default=0)

    def _count_moved(self, contacts: Sequence[Contact], known: Mapping[str, str]) -> int:
        """Return how many contacts are new, gone, or stand in other places than before."""
        there = {contact.id for contact in contacts}
        gone = sum(contact_id not in there and bool(_places_in(text)) for contact_id, text in known.items())
        return gone + sum({*_places_in(known.get(c.id))} != {*self._places_of(c)} for c in contacts)

    def _known(self, wheres: Iterable[Where]) -> dict[str, Contact]:
        """Return the contacts that stand in these places in few requests, but those on their way."""
        keys: dict[str, set[str]] = defaultdict(set)
        for name, key in (place for where in wheres if "was" not in where for place in locations.list_places(where)):
            keys[name].add(key)
        values = [value for name in keys for value in self._map(name).get_values(keys[name]).values()]
        return {contact.id: contact for contact in map(unpack, values)}

    def _take_in(self, contact: Contact, where: Where, before: Contact | None, at: float) -> None:
        """Write a contact so that it is found after every single write.

        Where more changes than its text, its id keeps its former places, too, until all is written: whoever comes after
        a crash does it again.
        """
        places, known = self._places_of(contact), locations.list_places(where)
        former = [other for other in known if other not in places]
        is_at_home = not former and "was" not in where and {*places} <= {*known}
        is_simple = is_at_home and before is not None and {*contact.addresses} <= {*before.addresses}
        if not self._ids.put_value(contact.id, locations.pack_location(places, None if is_simple else former), at):
            return

        for place in places:
            self._put(place, pack(contact), at, [key for name, key in former if name == place[0]])
        if is_simple:
            return
        for address in contact.addresses:
            self._addresses.change_value(address, lambda hints: locations.add_hint(hints, places[0]), at)
        for other in former:
            self._put(other, None, at)
        if not self._ids.put_value(contact.id, locations.pack_location(places), at):
            for place in places:  # whoever wrote it since does not know of these places
                self._put(place, None, at)

    def _find_misplaced(self, contacts: Sequence[Contact], began_at: float) -> dict[str, list[Place]]:
        """Return places of a load that are no longer right: others were written since it began, or none."""
        written = {contact_id: locations.unpack_location(t) for contact_id, t in self._ids.list_written_since(began_at)}
        misplaced = {}
        for contact in contacts:
            if contact.id in written:
                right = locations.list_places(written[contact.id])
                misplaced[contact.id] = [place for place in self._places_of(contact) if place not in right]
        return {contact_id: places for contact_id, places in misplaced.items() if places}

    def _take_out_misplaced(self, contacts: Sequence[Contact], began_at: float) -> None:
        for places in self._find_misplaced(contacts, began_at).values():
            for place in places:
                self._put(place, None, began_at)

    def _group_by_list(self, contacts: Sequence[Contact], known: Iterable[str]) -> dict[str, list[Contact]]:
        """Return whom each list holds; one whose last contact went is empty."""
        names = {name for text in known for name, _ in _places_in(text)}
        names |= {self._list_name(owner) for owner in ("", *self.list_owners())}
        lists: dict[str, list[Contact]] = {name: [] for name in names}
        for contact in contacts:
            for name, _ in self._places_of(contact):
                lists.setdefault(name, []).append(contact)
        return lists

    def _id_entries(self, contacts: Sequence[Contact], known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Return the index of ids, in order: where each contact stands, and where those stood that are gone."""
        now = {contact.id: contact for contact in contacts}
        for contact_id in sorted({*known, *now}):
            if contact := now.get(contact_id):
                yield contact_id, locations.pack_location(self._places_of(contact))
            elif locations.find_key(where := locations.unpack_location(known[contact_id])):
                yield contact_id, locations.pack_gone(where) or ""

    def _address_entries(self, contacts: Sequence[Contact]) -> Iterator[tuple[str, str]]:
        """Return the index of addresses, in order."""
        pairs = [(address, contact) for contact in contacts for address in contact.addresses]
        pairs.sort(key=itemgetter(0))
        for address, group in groupby(pairs, key=itemgetter(0)):
            yield address, locations.pack_hints(self._places_of(contact)[0] for _, contact in group)

    def _where(self, contact_id: str) -> Where:
        return locations.unpack_location(self._ids.get_value(contact_id))

    def _places_of(self, contact: Contact) -> list[Place]:
        """Return where a contact stands: under one key in the list of each owner, or in the one without owner."""
        names = dict.fromkeys(self._list_name(owner) for owner in contact.owners or ("",))
        return [(name, contact.order) for name in names]

    def _put(self, place: Place, value: str | None, at: float, instead_of: Sequence[str] = ()) -> None:
        self._map(place[0]).put_value(place[1], value, at, instead_of)

    def _at(self, place: Place) -> Contact | None:
        value = self._map(place[0]).get_value(place[1])
        return unpack(value) if value else None

    def _list(self, owner: str | None) -> SortedMap:
        return self._map(EVERYBODY if owner is None else self._list_name(owner))

    def _map(self, list_name: str) -> SortedMap:
        return SortedMap(self._table, f"list#{list_name}", self._reader)

    def _list_name(self, owner: str) -> str:
        if self._for_everybody:
            return EVERYBODY
        name = owner.strip().casefold()
        return name if len(name) <= MAX_OWNER_LENGTH else hashlib.sha256(name.encode()).hexdigest()
