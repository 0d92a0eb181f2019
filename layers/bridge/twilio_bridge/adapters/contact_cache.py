"""ContactCache in DynamoDB: a book of contacts for each owner, one of ids and one of addresses.

The ids say in whose book and under which key a contact stands; the addresses name ids the same way. A deleted
contact's id keeps its key for a day, so that a worker who scrolls on from it goes on at the right place.
"""

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from twilio_bridge.adapters.book import KEEP_S, NOT_LATER, Book
from twilio_bridge.adapters.chunks import ChunkMemory, ChunkReader
from twilio_bridge.adapters.table import Item, Table
from twilio_bridge.contacts.contact import Contact, haystack, searching
from twilio_bridge.ports import CacheState

EVERYBODY = "*"
REMEMBER_GONE_S = 86_400
LONGEST_OWNER = 200
STATE = ("cache", "state")
OWNERS = ("cache", "owners")


def pack(contact: Contact) -> str:
    """Write a contact as JSON without what is empty."""
    return json.dumps({name: value for name, value in asdict(contact).items() if value}, ensure_ascii=False)


def _look(text: str) -> str:
    return haystack(unpack(text))


def unpack(text: str) -> Contact:
    """Read what `pack` wrote."""
    return Contact(**json.loads(text))


class DynamoContactCache:
    """The port ContactCache; with `for_everybody` there is one list that all workers share."""

    def __init__(self, table: Table, *, for_everybody: bool, memory: ChunkMemory | None = None) -> None:
        self._table = table
        self._for_everybody = for_everybody
        self._memory = memory or ChunkMemory()
        self._reader = ChunkReader(table, self._memory, along=STATE)
        self._ids = Book(table, "ids", self._reader)
        self._addresses = Book(table, "addresses", self._reader)

    def state(self) -> CacheState:
        """Tell when the last whole load began; one made for the other visibility has not the lists wanted now."""
        item = self._reader.beside or self._table.get(*STATE)
        self._reader.beside = None
        is_ours = item is not None and item.get("for_everybody") == self._for_everybody
        return _state(item) if item and is_ours else CacheState(None)

    def page(self, owner: str | None, after: str, limit: int) -> list[Contact]:
        """Give a part of a list, in order."""
        return [unpack(value) for _, value in self._list(owner).slice(after, limit)]

    def search(self, owner: str | None, query: str, after: str, limit: int) -> list[Contact]:
        """Give a part of what the query finds in a list, in order."""
        hits = searching(query)
        return [unpack(value) for _, value in self._list(owner).search(_look, hits, after, limit)]

    def get(self, contact_id: str) -> Contact | None:
        """Give a contact by id."""
        place = self._place(contact_id)
        return None if place is None or "gone" in place else self._at(place["list"], place["key"])

    def find(self, number: str) -> list[Contact]:
        """Give the contacts with this bare address."""
        found = (self._at(*place) for place in self._places_of(number))
        return [contact for contact in found if contact and number in contact.addresses]

    def position(self, contact_id: str) -> str | None:
        """Give a contact's key, or that of one deleted within the last day."""
        place = self._place(contact_id)
        is_known = place is not None and place.get("gone", time.time() + 1) > time.time()
        return place["key"] if place and is_known else None

    def owners(self) -> list[str]:
        """Give the owners as the last load found them."""
        item = self._table.get(*OWNERS)
        return json.loads(item["names"]) if item else []

    def put(self, contact: Contact, read_at: float | None = None) -> None:
        """Take in one contact, in its list, by its id and by its addresses."""
        self._take_in(contact, self.get(contact.id), read_at)

    def update(self, changed: Sequence[Contact], began_at: float, number: int, newest: str = "") -> int:
        """Take in what has changed; what was written since that was read stays, and what is the same is not written."""
        state = self._table.get(*STATE, consistent=True)
        if state is None or state["lease"] > number:
            return 0
        known = self._known([contact.id for contact in changed])
        ours = {contact_id for contact_id, _ in self._ids.written_since(began_at)}
        differing = [contact for contact in changed if contact.id not in ours and known.get(contact.id) != contact]
        for contact in differing:
            self._take_in(contact, known.get(contact.id), began_at)
        self._write(STATE, state | {"began_at": int(began_at * 1000), "newest": newest}, number)
        return len(differing)

    def _known(self, ids: Collection[str]) -> dict[str, Contact]:
        """Give the contacts of many ids in few requests."""
        places = {contact_id: json.loads(place) for contact_id, place in self._ids.get_many(ids).items()}
        lists: dict[str, set[str]] = defaultdict(set)
        for place in places.values():
            if "gone" not in place:
                lists[place["list"]].add(place["key"])
        values = [value for name, keys in lists.items() for value in self._book(name).get_many(keys).values()]
        return {contact.id: contact for contact in map(unpack, values)}

    def _take_in(self, contact: Contact, before: Contact | None, at: float | None) -> None:
        place = self._place_of(contact)
        moved = before is None or self._place_of(before) != place
        if not self._ids.put(contact.id, json.dumps(place), at):
            return
        if before and moved:
            self._drop(before, at)
        elif before:
            self._forget_addresses(before, set(before.addresses) - set(contact.addresses), at)
        self._book(place["list"]).put(contact.order, pack(contact), at)
        known = set() if moved or before is None else set(before.addresses)
        for address in set(contact.addresses) - known:
            places = {*map(tuple, self._places_of(address)), (place["list"], contact.order)}
            self._addresses.put(address, json.dumps(sorted(places)), at)

    def remove(self, contact_id: str) -> None:
        """Take out one contact; its key is remembered for a day."""
        if contact := self.get(contact_id):
            self._drop(contact)
            self._ids.put(contact_id, _gone(self._list_name(contact.owner), contact.order))

    def load(self, contacts: Sequence[Contact], began_at: float, number: int, newest: str = "") -> None:
        """Take in a whole load: lists first, then the indexes that point into them, the freshness last."""
        state = self._table.get(*STATE, consistent=True)
        if state and state["lease"] > number:  # a later load may have left a list alone, so heads alone do not say it
            return
        known = {contact_id: json.loads(place) for contact_id, place in self._ids.entries()}
        owners = sorted({contact.owner for contact in contacts if contact.owner})
        contacts = self._without_moved(contacts, began_at)
        lists = self._lists(contacts, {place["list"] for place in known.values()})
        for name, entries in lists.items():
            self._book(name).replace(sorted(entries.items()), began_at, number)
        self._ids.replace(sorted(self._id_entries(contacts, known).items()), began_at, number)
        self._load_addresses(contacts, began_at, number)
        self._write(OWNERS, {"names": json.dumps(owners)}, number)
        began_ms = int(began_at * 1000)
        age = {"began_at": began_ms, "full_at": began_ms, "newest": newest, "count": len(contacts)}
        self._write(STATE, {**age, "for_everybody": self._for_everybody}, number)

    def _write(self, key: tuple[str, str], values: dict[str, object], number: int) -> None:
        item = {**values, "pk": key[0], "sk": key[1], "lease": number, "expires_at": int(time.time()) + KEEP_S}
        self._table.put(item, when=NOT_LATER, values={":lease": number})

    def _without_moved(self, contacts: Sequence[Contact], began_at: float) -> list[Contact]:
        """Leave out what has another place, or none, since the load began: it would stand in both."""
        moved = {contact_id: json.loads(place or "{}") for contact_id, place in self._ids.written_since(began_at)}
        places = [(contact, self._place_of(contact)) for contact in contacts]
        return [contact for contact, place in places if moved.get(contact.id, place) == place]

    def _lists(self, contacts: Sequence[Contact], known: Iterable[str]) -> dict[str, dict[str, str]]:
        lists: dict[str, dict[str, str]] = defaultdict(dict)
        for name in {*known, *map(self._list_name, self.owners())}:  # whose last contact went keeps no old list
            lists[name] = {}
        for contact in contacts:
            lists[self._list_name(contact.owner)][contact.order] = pack(contact)
        return lists

    def _id_entries(self, contacts: Sequence[Contact], known: Mapping[str, dict[str, Any]]) -> dict[str, str]:
        entries = {}
        for contact_id, place in known.items():
            if place.get("gone", time.time() + 1) > time.time():
                entries[contact_id] = json.dumps(place) if "gone" in place else _gone(place["list"], place["key"])
        for contact in contacts:
            entries[contact.id] = json.dumps(self._place_of(contact))
        return entries

    def _load_addresses(self, contacts: Sequence[Contact], began_at: float, number: int) -> None:
        entries = self._address_entries(contacts)
        self._addresses.replace(sorted(entries.items()), began_at, number)
        for address, written in self._addresses.written_since(began_at):  # whom the load found there, too
            both = {*map(tuple, json.loads(written or "[]")), *map(tuple, json.loads(entries.get(address, "[]")))}
            self._addresses.put(address, json.dumps(sorted(both)))

    def _address_entries(self, contacts: Sequence[Contact]) -> dict[str, str]:
        places: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for contact in contacts:
            for address in contact.addresses:
                places[address].append((self._list_name(contact.owner), contact.order))
        return {address: json.dumps(sorted(found)) for address, found in places.items()}

    def _drop(self, contact: Contact, at: float | None = None) -> None:
        self._book(self._list_name(contact.owner)).put(contact.order, None, at)
        self._forget_addresses(contact, contact.addresses, at)

    def _forget_addresses(self, contact: Contact, addresses: Iterable[str], at: float | None = None) -> None:
        for address in addresses:
            others = [place for place in self._places_of(address) if place[1] != contact.order]
            self._addresses.put(address, json.dumps(others) if others else None, at)

    def _place_of(self, contact: Contact) -> dict[str, Any]:
        return {"list": self._list_name(contact.owner), "key": contact.order}

    def _place(self, contact_id: str) -> dict[str, Any] | None:
        value = self._ids.get(contact_id)
        return json.loads(value) if value else None

    def _places_of(self, address: str) -> list[tuple[str, str]]:
        return [(name, key) for name, key in json.loads(self._addresses.get(address) or "[]")]

    def _at(self, name: str, key: str) -> Contact | None:
        value = self._book(name).get(key)
        return unpack(value) if value else None

    def _list(self, owner: str | None) -> Book:
        return self._book(EVERYBODY if owner is None else self._list_name(owner))

    def _book(self, list_name: str) -> Book:
        return Book(self._table, f"list#{list_name}", self._reader)

    def _list_name(self, owner: str) -> str:
        if self._for_everybody:
            return EVERYBODY
        name = owner.strip().casefold()
        return name if len(name) <= LONGEST_OWNER else hashlib.sha256(name.encode()).hexdigest()


def _state(item: Item) -> CacheState:
    return CacheState(item["began_at"] / 1000, item["full_at"] / 1000, item["newest"], item["count"])


def _gone(list_name: str, key: str) -> str:
    return json.dumps({"list": list_name, "key": key, "gone": int(time.time()) + REMEMBER_GONE_S})
