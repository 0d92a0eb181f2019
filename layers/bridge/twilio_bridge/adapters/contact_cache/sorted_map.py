"""A sorted map in DynamoDB that is written as a whole and read in slices.

A book's entries stand in order in chunks: compressed, immutable, named by their content. Its head lists them. What
changed since stands beside the head as deltas, one item an entry, so that a single write never rewrites a chunk. One
query gives head and deltas, one batch the chunks, so a slice takes two requests whatever the book's size.

Chunks are cut where a key's checksum says so, not by counting: an entry more or less changes one chunk, not all that
follow. A new load writes the chunks that are not there yet, puts the head aside and writes another one, which is not
seen until the `mark` counts it; deltas older than the load's begin are ignored from then on. A chunk that no head names
any more is left to its time to live.
"""

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TypeVar

from twilio_bridge.adapters.aws.dynamodb import Item, Table
from twilio_bridge.adapters.contact_cache import generation
from twilio_bridge.adapters.contact_cache.chunk_cache import Chunk, ChunkMemory, ChunkReader, Entry
from twilio_bridge.adapters.contact_cache.shelf import HEAD, MapView, Place, deltas, enough, opened, said, shelved
from twilio_bridge.errors import UnavailableError

T = TypeVar("T")

KEEP_S = 3 * 86_400
MAX_ENTRIES_PER_CHUNK = 192
MAX_CHARACTERS_PER_CHUNK = 120_000
MAX_KEY_LENGTH = 900
MAX_LOOKUPS = 3
NOT_LATER = "attribute_not_exists(pk) OR lease <= :lease"
NOT_NEWER = "attribute_not_exists(pk) OR written_at <= :at"
AS_READ = f"{generation.ABSENT} OR revision = :revision"
DELTA = "delta#"


class SortedMap:
    """One sorted map of texts."""

    def __init__(self, table: Table, name: str, reader: ChunkReader | None = None) -> None:
        self._table = table
        self._reader = reader or ChunkReader(table, ChunkMemory())
        self._pk = f"book#{name}"
        self._chunk_pk = f"chunk#{name}"
        self._before = (f"before#{name}", HEAD)

    def get(self, key: str) -> str | None:
        """Return an entry's value, or None."""

        def value(shelf: MapView) -> str | None:
            return shelf.deltas[key] if key in shelf.deltas else self._in_chunk(shelf, key)

        return self._answer(lambda consistent: self._open_at(key, consistent), value)

    def hints(self, key: str) -> list[str]:
        """Return all that is written of an entry, the delta whatever its age, then what the last load said."""

        def values(shelf: MapView) -> list[str | None]:
            return [*deltas(shelf.written, 0).values(), self._in_chunk(shelf, key)]

        found = self._answer(lambda consistent: self._open_at(key, consistent), values)
        return [value for value in found if value is not None]

    def slice(self, after: str, limit: int) -> list[Entry]:
        """Return up to `limit` entries behind the key `after`."""
        return self._answer(self._open, lambda shelf: self._slice(shelf, after, limit))

    def entries(self) -> list[Entry]:
        """Return all entries in order."""
        return self._answer(self._open, lambda shelf: _merge(self._entries(shelf.chunks), shelf.deltas, ""))

    def search(self, look: Callable[[str], str], hits: Callable[[str], bool], after: str, limit: int) -> list[Entry]:
        """Return up to `limit` entries behind the key `after` of whose value `look` shows something that `hits`."""

        def found(shelf: MapView) -> list[Entry]:
            changed = shelf.deltas.items()
            found = [(key, value) for key, value in changed if value is not None and key > after and hits(look(value))]
            enough = limit + len(found)
            for chunk in self._read(shelf.behind(after)):
                pairs = zip(chunk.entries, chunk.seen(look), strict=True)
                found += [e for e, seen in pairs if hits(seen) and e[0] > after and e[0] not in shelf.deltas]
                if len(found) >= enough:
                    break
            return sorted(found)[:limit]

        return self._answer(self._open, found)

    def get_many(self, keys: Collection[str]) -> dict[str, str]:
        """Return those entries that are there."""

        def values(shelf: MapView) -> dict[str, str]:
            stored = dict(self._entries(shelf.holding(keys))) | shelf.deltas
            return {key: value for key in keys if (value := stored.get(key)) is not None}

        return self._answer(self._open, values)

    def put(self, key: str, value: str | None, at: float, instead_of: Sequence[str] = ()) -> bool:
        """Write one entry, or take it out (None), as of the moment `at`; False where it was written since.

        The keys it stands `instead_of` are gone from the list in the same moment; they are still to be taken out, as
        the next write of this entry forgets them.
        """
        item = self._delta(key, value, int(at * 1000)) | ({"instead_of": list(instead_of)} if instead_of else {})
        return self._table.put(item, when=NOT_NEWER, values={":at": item["written_at"]})

    def change(self, key: str, change: Callable[[str | None], str], at: float) -> None:
        """Rewrite an entry's delta from what it says (None: nothing), whoever else does so at the same time."""
        place = (self._pk, DELTA + _short(key))
        while True:
            seen = self._table.get_many([place], consistent=True).get(place)
            moment = max(int(at * 1000), seen["written_at"] if seen else 0)
            revision = seen["revision"] if seen else 0
            item = self._delta(key, change(said(seen) if seen else None), moment) | {"revision": revision + 1}
            if self._table.put(item, when=AS_READ, values={":revision": revision, ":now": int(time.time())}):
                return

    def written_since(self, moment: float) -> list[tuple[str, str | None]]:
        """Return what was put since then (epoch seconds): each key and its value, None for one taken out."""
        items = [item for item in self._table.query(self._pk, consistent=True) if item["sk"] != HEAD]
        return list(deltas(items, int(moment * 1000)).items())

    def replace(self, entries: Iterable[Entry], load: generation.Load) -> int:
        """Write all entries, sorted, to be seen once the load counts; give how many items were written.

        A head that a later load has written is left as it is.
        """
        newest = self._open(consistent=True)
        shelf = self._counting(newest, load.replaces)
        is_settled = newest.is_settled(load.replaces) and not newest.deltas
        known = {chunk.name: chunk for chunk in shelf.chunks if chunk.expires_at > time.time() + generation.LASTS_S}
        packed = [(_pack(cut), cut) for cut in _cut(entries)]
        chunks = [known.get(_name(data)) or _chunk(data, cut) for data, cut in packed]
        stands = newest.head is not None or bool(newest.written)
        if chunks == shelf.chunks and is_settled and not (load.raises_floor and stands):
            return 0
        new = [
            {"pk": self._chunk_pk, "sk": chunk.name, "data": data, "expires_at": chunk.expires_at}
            for chunk, (data, _) in zip(chunks, packed, strict=True)
            if chunk.name not in known
        ]
        aside = [newest.head | {"pk": self._before[0]}] if newest.head and newest.counts(load.replaces) else []
        return self._table.put_many(new) + sum(map(self._write_head, [*aside, self._head(chunks, load)]))

    def _head(self, chunks: list[Place], load: generation.Load) -> Item:
        rows = [[chunk.first, chunk.name, chunk.count, chunk.expires_at] for chunk in chunks]
        head: Item = {"pk": self._pk, "sk": HEAD, "chunks": zlib.compress(json.dumps(rows).encode())}
        ends = min((chunk.expires_at for chunk in chunks), default=int(time.time()) + KEEP_S)
        return head | {"began_at": int(load.began_at * 1000), "lease": load.number, "expires_at": ends}

    def _write_head(self, head: Item) -> bool:
        return self._table.put(head, when=NOT_LATER, values={":lease": head["lease"]})

    def _delta(self, key: str, value: str | None, written_at: int) -> Item:
        item: Item = {"pk": self._pk, "sk": DELTA + _short(key), "key": key, "written_at": written_at}
        item |= {"expires_at": int(time.time()) + KEEP_S}
        return item if value is None else item | {"value": zlib.compress(value.encode())}

    def _answer(self, open_: Callable[[bool], MapView], what: Callable[[MapView], T]) -> T:
        """Answer from the newest head; where that does not count, or was swapped meanwhile, from the one that does."""
        for _ in range(MAX_LOOKUPS):
            self._reader.begin()
            shelf = open_(False)
            answer = what(shelf)  # has read the mark, too
            seen = generation.read(self._reader.mark)
            if shelf.is_settled(seen):
                return answer
            if (counting := self._counting(open_(True), seen)).counts(seen):
                return what(counting)
        raise UnavailableError("contact cache", "it is being loaded")

    def _counting(self, newest: MapView, seen: generation.Generation) -> MapView:
        """Return the shelf with the head that counts; where that has just been put aside in turn, it does not."""
        head = newest.head
        if not newest.counts(seen):
            head = self._table.get_many([self._before], consistent=True).get(self._before)
            is_over = head is not None and (head["lease"] < seen.floor or not seen.loaded)
            head = None if is_over else head
        return shelved(head, newest.written, seen.full_at)

    def _open(self, consistent: bool = False) -> MapView:
        return opened(self._table.query(self._pk, consistent=consistent))

    def _open_at(self, key: str, consistent: bool) -> MapView:
        keys = [(self._pk, HEAD), (self._pk, DELTA + _short(key))]
        return opened(self._reader.along(keys, consistent=consistent).values())

    def _read(self, places: Sequence[Place]) -> list[Chunk]:
        return self._reader.read([(self._chunk_pk, place.name) for place in places])

    def _entries(self, places: Sequence[Place]) -> Iterator[Entry]:
        return (entry for chunk in self._read(places) for entry in chunk.entries)

    def _in_chunk(self, shelf: MapView, key: str) -> str | None:
        return dict(self._entries(shelf.at(key))).get(key)

    def _slice(self, shelf: MapView, after: str, limit: int) -> list[Entry]:
        behind = shelf.behind(after)
        gone = sum(value is None for value in shelf.deltas.values())
        wanted = enough(behind, limit + gone)
        entries = _merge(self._entries(wanted), shelf.deltas, after)
        if len(wanted) < len(behind):  # deltas behind what was read wait for their chunk
            entries = [entry for entry in entries if entry[0] < behind[len(wanted)].first]
        return entries[:limit]


def _merge(entries: Iterable[Entry], deltas: dict[str, str | None], after: str) -> list[Entry]:
    merged = {**dict(entries), **deltas}
    return sorted((key, value) for key, value in merged.items() if value is not None and key > after)


def _cut(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    cut: list[Entry] = []
    size = 0
    for key, value in entries:
        full = len(cut) == MAX_ENTRIES_PER_CHUNK or size + len(value) > MAX_CHARACTERS_PER_CHUNK
        if cut and (full or zlib.crc32(key.encode()) % (MAX_ENTRIES_PER_CHUNK // 3) == 0):
            yield cut
            cut, size = [], 0
        cut.append((key, value))
        size += len(key) + len(value)
    if cut:
        yield cut


def _pack(cut: list[Entry]) -> bytes:
    return zlib.compress(json.dumps(cut, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def _chunk(data: bytes, cut: list[Entry]) -> Place:
    return Place(cut[0][0], _name(data), len(cut), int(time.time()) + KEEP_S)


def _name(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()[:15]).decode()


def _short(key: str) -> str:
    return key if len(key.encode()) <= MAX_KEY_LENGTH else hashlib.sha256(key.encode()).hexdigest()
