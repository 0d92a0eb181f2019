"""The contact cache's layout beside simpler ones: why it is a set of books. `make bench` prints it.

Each holds what callbacks need: a list in order, and contacts by their ids and addresses. All 100,000 stand in one list,
which is the hardest. DynamoDB is a dictionary: requests and units are AWS's, times are our own share, and where a page
is read from an item each, the dictionary's sorting.
"""

import json
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from math import ceil
from typing import Any, Protocol

from tests.benchmarks.contacts import PAGE, measured, people
from tests.benchmarks.report import Report
from tests.contract.units import Metered
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.aws.dynamodb import Table, marshal
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache, pack, unpack
from twilio_bridge.contacts.contact import Contact, build_search_test, build_search_text

CONTACTS, EVERY = 100_000, 100
QUERY = "silva 77"
LIST = "list"
A_BLOCK = 2_500  # contacts, or entries of an index: about 250 KB, of 400 that an item may have
MAX_ANSWER_BYTES = 1_000_000  # of one request


class Layout(Protocol):
    """A way to keep contacts in a table."""

    def load(self, contacts: Sequence[Contact]) -> None:
        """Take in everything; what is there already is not written again."""

    def update(self, changed: Sequence[Contact], everybody: Sequence[Contact]) -> None:
        """Take in what has changed, or is new."""

    def page(self) -> list[Contact]:
        """Return a first page."""

    def search(self) -> list[Contact]:
        """Return what the query finds."""


@dataclass
class Books:
    """The one in use; each call meets a cold instance."""

    table: Table
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def _cache(self) -> DynamoContactCache:
        return DynamoContactCache(self.table, for_everybody=True)

    def load(self, contacts: Sequence[Contact]) -> None:
        """Write the chunks that are not there."""
        self._cache.replace_all(contacts, time.time(), next(self.numbers), "2026")

    def update(self, changed: Sequence[Contact], _everybody: Sequence[Contact]) -> None:
        """Write an item beside the chunks for each, and where it is new, for its id and its addresses."""
        self._cache.apply_changes(changed, time.time(), next(self.numbers), "2026")

    def page(self) -> list[Contact]:
        """Read head and chunks."""
        cache = self._cache
        found = cache.list_page(None, "", PAGE)
        cache.read_state()
        return found

    def search(self) -> list[Contact]:
        """Read all chunks."""
        return self._cache.search_page(None, QUERY, "", PAGE)


@dataclass
class Items:
    """An item a contact, one for its id, and one for each address."""

    table: Table

    def load(self, contacts: Sequence[Contact]) -> None:
        """Read all, and write what differs."""
        stored = {item["id"]: item["data"] for item in self.table.query(LIST)}
        self._put([contact for contact in contacts if stored.get(contact.id) != pack(contact)], stored.keys())

    def update(self, changed: Sequence[Contact], _everybody: Sequence[Contact]) -> None:
        """Look each up, and write it."""
        known = self.table.get_many([(f"id#{contact.id}", "place") for contact in changed])
        self._put(changed, {pk.removeprefix("id#") for pk, _ in known})

    def _put(self, contacts: Sequence[Contact], known: Iterable[str]) -> None:
        ids = set(known)
        self.table.put_many(
            {"pk": LIST, "sk": contact.order, "id": contact.id, "data": pack(contact)} for contact in contacts
        )
        new = [contact for contact in contacts if contact.id not in ids]
        self.table.put_many({"pk": f"id#{each.id}", "sk": "place", "key": each.order} for each in new)
        self.table.put_many({"pk": f"address#{at}", "sk": each.id} for each in new for at in each.addresses)

    def page(self) -> list[Contact]:
        """Read as many items."""
        values = marshal({":pk": LIST})
        found = self.table._call(
            "query", KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values, Limit=PAGE
        )
        return [unpack(item["data"]["S"]) for item in found["Items"]]

    def search(self) -> list[Contact]:
        """Read all of them."""
        return list(_hits(item["data"] for item in self.table.query(LIST)))


@dataclass
class Blocks:
    """As few items as hold the list and the two indexes, each with as many entries as the next."""

    table: Table
    names: dict[str, list[bytes]] = field(default_factory=dict)

    def load(self, contacts: Sequence[Contact]) -> None:
        """Write the blocks that differ."""
        ordered = sorted(contacts, key=lambda each: each.order)
        self._write(LIST, [pack(each) for each in ordered])
        self._write("ids", sorted(f"{each.id} {each.order}" for each in contacts))
        self._write("addresses", sorted(f"{at} {each.id}" for each in contacts for at in each.addresses))

    def update(self, changed: Sequence[Contact], everybody: Sequence[Contact]) -> None:
        """Do as a load does: a contact more moves all that follow."""
        known = {contact.id: contact for contact in (*everybody, *changed)}
        self.load(list(known.values()))

    def _write(self, name: str, entries: Sequence[str]) -> None:
        cuts = [entries[start : start + A_BLOCK] for start in range(0, len(entries), A_BLOCK)]
        blocks = [zlib.compress(json.dumps(cut, ensure_ascii=False).encode()) for cut in cuts]
        before = dict(enumerate(self.names.get(name, [])))
        for number, block in enumerate(blocks):
            if before.get(number) != block:  # that it would have to read, too, or know by a hash
                self.table.put({"pk": f"{name}#{number:04}", "sk": "block", "data": block})
        self.names[name] = blocks

    def page(self) -> list[Contact]:
        """Read the first block."""
        return [unpack(text) for text in self._read([0])[:PAGE]]

    def search(self) -> list[Contact]:
        """Read all of them, for an answer holds forty of this size."""
        return list(_hits(self._read(range(len(self.names[LIST])))))

    def _read(self, numbers: Iterable[int]) -> list[str]:
        keys = [(f"{LIST}#{number:04}", "block") for number in numbers]
        found = self.table.get_many(keys)
        return [text for key in keys for text in json.loads(zlib.decompress(found[key]["data"]))]


def _hits(texts: Iterable[str]) -> Iterator[Contact]:
    hits = build_search_test(QUERY)
    return (contact for contact in map(unpack, texts) if hits(build_search_text(contact)))


def compare(report: Report, everybody: Sequence[Contact], name: str, make: Callable[[Table], Layout]) -> None:
    """Report what a layout costs."""
    meter = Metered(Dictionary())
    layout = make(meter.table)
    changed = [replace(contact, notes="changed today") for contact in everybody[::EVERY]]
    now = {contact.id: contact for contact in (*everybody, *changed)}
    more = replace(everybody[0], id="recNew00000000000", name="Mia Middle", sms="+447900000099")
    writes: Mapping[str, Callable[[], Any]] = {
        "full load": partial(layout.load, everybody),
        "full load, nothing changed": partial(layout.load, everybody),
        f"{len(changed):,} changed": partial(layout.update, changed, everybody),
        "one changed": partial(layout.update, [replace(changed[0], notes="changed again")], list(now.values())),
        "one contact more": partial(layout.update, [more], list(now.values())),
    }
    for what, action in writes.items():
        meter.reset()
        action()
        report.note(name, what, f"{meter.written:,} write units, {meter.read:,g} read units")
    for what, look in (("first page, cold", layout.page), (f"search of {CONTACTS:,}, cold", layout.search)):
        took_ms = measured(look, tries=1)
        meter.reset()
        look()
        requests = max(meter.requests.total(), ceil(meter.read * 2 * 4096 / MAX_ANSWER_BYTES))
        report.note(name, what, f"{requests} requests, {meter.read:,g} read units, {took_ms:,.0f} ms")


def main() -> int:
    """Print the sheet; give the exit code."""
    report = Report(f"Layouts of a cache of {CONTACTS:,} contacts")
    everybody = people(CONTACTS, 100)
    layouts: Mapping[str, Callable[[Table], Layout]] = {
        "books (in use)": Books,
        "an item a contact": Items,
        f"blocks of {A_BLOCK:,}": Blocks,
    }
    for name, make in layouts.items():
        compare(report, everybody, name, make)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
