"""ContactCache in DynamoDB: a book of contacts for each owner, one of ids, one of addresses and one of owners.

The ids say in whose book and under which key a contact stands; the addresses name such places, too. A deleted
contact's id keeps its key for a day, so that a worker who scrolls on from it goes on at the right place.

A load is seen at once and as a whole, see `mark`. A single contact is written item by item, in an order that keeps it
to be found after each: it stands once in its list, and in a new owner's list before it leaves the old one's.
"""

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.contact_cache import generation, locations
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory, ChunkReader
from twilio_bridge.adapters.contact_cache.locations import Place, Where
from twilio_bridge.adapters.contact_cache.sorted_map import SortedMap
from twilio_bridge.contacts.contact import Contact, build_search_test, build_search_text
from twilio_bridge.contacts.ports import CacheState

EVERYBODY = "*"
MAX_OWNER_LENGTH = 200
LOOKS = 2


def pack(contact: Contact) -> str:
    """Write a contact as JSON without what is empty."""
    return json.dumps({name: value for name, value in asdict(contact).items() if value}, ensure_ascii=False)


def _look(text: str) -> str:
    return build_search_text(unpack(text))


def unpack(text: str) -> Contact:
    """Read what `pack` wrote."""
    return Contact(**json.loads(text))


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
        """Tell when the last whole load began; one made for the other visibility has not the lists wanted now."""
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
        for _ in range(LOOKS):  # whoever moved in between is found the second time
            where = locations.list_places(self._where(contact_id))
            if found := next(filter(None, (self._at(place) for place in where)), None):
                return found
            if not where:
                break
        return None

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
        """Take in one contact, in its list, by its id and by its addresses."""
        at = time.time() if read_at is None else read_at
        self._take_in(contact, self._where(contact.id), self.get_contact(contact.id), at)

    def remove_contact(self, contact_id: str) -> None:
        """Take out one contact; its key is remembered for a day."""
        at = time.time()
        where = self._where(contact_id)
        for place in locations.list_places(where):
            self._put(place, None, at)
        self._ids.put_value(contact_id, locations.pack_gone(where), at)

    def confirm_webhook_read(self, moment: float) -> None:
        """Note until when the webhook has been heard."""
        generation.confirm_webhook_read(self._table, moment)

    def apply_changes(self, changed: Sequence[Contact], began_at: float, number: int, newest: str = "") -> int:
        """Take in what has changed; what was written since that was read stays, and what is the same is not written."""
        item = self._table.get(*generation.STATE, consistent=True)
        if item is None or not item["loaded"] or item["lease"] > number:
            return 0
        texts = self._ids.get_values([contact.id for contact in changed])
        wheres = {contact_id: locations.unpack_location(text) for contact_id, text in texts.items()}
        known = self._known(wheres.values())
        ours = {contact_id for contact_id, _ in self._ids.list_written_since(began_at)}
        differing = [contact for contact in changed if contact.id not in ours and known.get(contact.id) != contact]
        for contact in differing:
            self._take_in(contact, wheres.get(contact.id, {}), known.get(contact.id), began_at)
        generation.record_update(self._table, number, began_at, newest)
        self._reader.generation = None
        return len(differing)

    def replace_all(self, contacts: Sequence[Contact], began_at: float, number: int, newest: str = "") -> None:
        """Take in a whole load: every list and index is written first, then all of it counts at once."""
        load = generation.begin_load(self._table, number, began_at)
        if load is None:
            return
        if load.item["for_everybody"] != self._for_everybody:  # no list of the other visibility is to come back
            load = replace(load, raises_floor=True)
        known = {contact_id: locations.unpack_location(text) for contact_id, text in self._ids.read_all()}
        moved = self._moved(contacts, began_at)
        kept = [contact for contact in contacts if contact.id not in moved]
        for name, entries in self._lists(kept, known.values()).items():
            self._book(name).replace_all(sorted(entries.items()), load)
        self._ids.replace_all(sorted(self._id_entries(kept, known).items()), load)
        self._addresses.replace_all(sorted(self._address_entries(kept).items()), load)
        self._owners.replace_all([(name, "") for name in sorted({c.owner for c in contacts if c.owner})], load)
        self._take_out_moved(kept, began_at)
        values = {"newest": newest, "count": len(contacts), "for_everybody": self._for_everybody}
        if generation.commit_load(self._table, load, values):
            self._take_out_moved(kept, began_at)  # and whoever moved in the last moment
        self._reader.generation = None

    def _known(self, wheres: Iterable[Where]) -> dict[str, Contact]:
        """Return the contacts that stand in these places in few requests, but those on their way."""
        keys: dict[str, set[str]] = defaultdict(set)
        for name, key in (place for where in wheres if "was" not in where for place in locations.list_places(where)):
            keys[name].add(key)
        values = [value for name in keys for value in self._book(name).get_values(keys[name]).values()]
        return {contact.id: contact for contact in map(unpack, values)}

    def _take_in(self, contact: Contact, where: Where, before: Contact | None, at: float) -> None:
        """Write a contact so that it is found after every single write.

        Where more changes than its text, its id keeps its former places, too, until all is written: whoever comes after
        a crash does it again.
        """
        place = self._place_of(contact)
        former = [other for other in locations.list_places(where) if other != place]
        is_simple = before and not former and "was" not in where and {*contact.addresses} <= {*before.addresses}
        if not self._ids.put_value(contact.id, locations.pack_location(place, None if is_simple else former), at):
            return
        self._put(place, pack(contact), at, [key for name, key in former if name == place[0]])
        if is_simple:
            return
        for address in contact.addresses:
            self._addresses.change_value(address, lambda hints: locations.add_hint(hints, place), at)
        for other in former:
            self._put(other, None, at)
        if not self._ids.put_value(
            contact.id, locations.pack_location(place), at
        ):  # whoever wrote it since does not know of this place
            self._put(place, None, at)

    def _moved(self, contacts: Sequence[Contact], began_at: float) -> dict[str, Contact]:
        """Return whom another place was written for, or none, since the load began: they would stand in both."""
        written = {
            contact_id: locations.unpack_location(text) for contact_id, text in self._ids.list_written_since(began_at)
        }
        since = (contact for contact in contacts if contact.id in written)
        return {c.id: c for c in since if self._place_of(c) not in locations.list_places(written[c.id])}

    def _take_out_moved(self, contacts: Sequence[Contact], began_at: float) -> None:
        for contact in self._moved(contacts, began_at).values():
            self._put(self._place_of(contact), None, began_at)

    def _lists(self, contacts: Sequence[Contact], known: Iterable[Where]) -> dict[str, dict[str, str]]:
        """Return what each list holds; one whose last contact went is empty."""
        names = {name for where in known for name, _ in locations.list_places(where)}
        names |= {self._list_name(owner) for owner in ("", *self.list_owners())}
        lists: dict[str, dict[str, str]] = {name: {} for name in names}
        for contact in contacts:
            name, key = self._place_of(contact)
            lists.setdefault(name, {})[key] = pack(contact)
        return lists

    def _id_entries(self, contacts: Sequence[Contact], known: Mapping[str, Where]) -> dict[str, str]:
        entries = {key: locations.pack_gone(where) or "" for key, where in known.items() if locations.find_key(where)}
        return entries | {contact.id: locations.pack_location(self._place_of(contact)) for contact in contacts}

    def _address_entries(self, contacts: Sequence[Contact]) -> dict[str, str]:
        found: dict[str, list[Place]] = defaultdict(list)
        for contact in contacts:
            for address in contact.addresses:
                found[address].append(self._place_of(contact))
        return {address: locations.pack_hints(hints) for address, hints in found.items()}

    def _where(self, contact_id: str) -> Where:
        return locations.unpack_location(self._ids.get_value(contact_id))

    def _place_of(self, contact: Contact) -> Place:
        return self._list_name(contact.owner), contact.order

    def _put(self, place: Place, value: str | None, at: float, instead_of: Sequence[str] = ()) -> None:
        self._book(place[0]).put_value(place[1], value, at, instead_of)

    def _at(self, place: Place) -> Contact | None:
        value = self._book(place[0]).get_value(place[1])
        return unpack(value) if value else None

    def _list(self, owner: str | None) -> SortedMap:
        return self._book(EVERYBODY if owner is None else self._list_name(owner))

    def _book(self, list_name: str) -> SortedMap:
        return SortedMap(self._table, f"list#{list_name}", self._reader)

    def _list_name(self, owner: str) -> str:
        if self._for_everybody:
            return EVERYBODY
        name = owner.strip().casefold()
        return name if len(name) <= MAX_OWNER_LENGTH else hashlib.sha256(name.encode()).hexdigest()
