"""A sorted map in DynamoDB that is written as a whole and read in slices.

A book's entries stand in order in chunks: compressed, immutable, named by their content. Its head lists them. What
changed since stands beside the head as deltas, one item an entry, so that a single write never rewrites a chunk. One
query gives head and deltas, one batch the chunks, so a slice takes two requests whatever the book's size.

Chunks are cut where a key's checksum says so, not by counting: an entry more or less changes one chunk, not all that
follow. A new load writes the chunks that are not there yet, then swaps the head; deltas older than the load's begin
are ignored from then on. A chunk that no head names any more is left to its time to live.
"""

import base64
import hashlib
import json
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from twilio_bridge.adapters.chunks import Chunk, ChunkMemory, ChunkReader, Entry
from twilio_bridge.adapters.table import Item, Table

KEEP_S = 2 * 86_400
MOST_ENTRIES_A_CHUNK = 96
MOST_CHARACTERS_A_CHUNK = 120_000
LONGEST_KEY = 900
NOT_LATER = "attribute_not_exists(pk) OR lease <= :lease"
HEAD = "head"
DELTA = "delta#"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk begins, what it is called, how many entries it has and when it expires (epoch seconds)."""

    first: str
    name: str
    count: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """A book's head and its deltas, as one query gave them. A delta of None says that the entry is gone."""

    chunks: Sequence[Place]
    deltas: dict[str, str | None]
    began_at: int
    expires_at: int


class Book:
    """One sorted map of texts."""

    def __init__(self, table: Table, name: str, reader: ChunkReader | None = None) -> None:
        self._table = table
        self._reader = reader or ChunkReader(table, ChunkMemory())
        self._pk = f"book#{name}"
        self._chunk_pk = f"chunk#{name}"

    def get(self, key: str) -> str | None:
        """Give an entry's value, or None."""
        head_key, delta_key = (self._pk, HEAD), (self._pk, DELTA + _short(key))
        found = self._table.get_many([head_key, delta_key])
        shelf = _shelf([item for item in (found.get(head_key), found.get(delta_key)) if item])
        if key in shelf.deltas:
            return shelf.deltas[key]
        place = bisect_right([chunk.first for chunk in shelf.chunks], key) - 1
        return None if place < 0 else dict(self._entries([shelf.chunks[place]])).get(key)

    def slice(self, after: str, limit: int) -> list[Entry]:
        """Give up to `limit` entries behind the key `after`."""
        shelf = self._open()
        begin = max(bisect_right([chunk.first for chunk in shelf.chunks], after) - 1, 0)
        gone = sum(value is None for value in shelf.deltas.values())
        wanted = _enough(shelf.chunks[begin:], limit + gone)
        entries = _merge(self._entries(wanted), shelf.deltas, after)
        if begin + len(wanted) < len(shelf.chunks):  # deltas behind what was read wait for their chunk
            end = shelf.chunks[begin + len(wanted)].first
            entries = [entry for entry in entries if entry[0] < end]
        return entries[:limit]

    def entries(self) -> list[Entry]:
        """Give all entries in order."""
        shelf = self._open()
        return _merge(self._entries(shelf.chunks), shelf.deltas, "")

    def search(self, look: Callable[[str], str], hits: Callable[[str], bool], after: str, limit: int) -> list[Entry]:
        """Give up to `limit` entries behind the key `after` of whose value `look` shows something that `hits`."""
        shelf = self._open()
        begin = max(bisect_right([chunk.first for chunk in shelf.chunks], after) - 1, 0)
        changed = shelf.deltas.items()
        found = [(key, value) for key, value in changed if value is not None and key > after and hits(look(value))]
        enough = limit + len(found)
        for chunk in self._read(shelf.chunks[begin:]):
            pairs = zip(chunk.entries, chunk.seen(look), strict=True)
            found += [e for e, seen in pairs if hits(seen) and e[0] > after and e[0] not in shelf.deltas]
            if len(found) >= enough:
                break
        return sorted(found)[:limit]

    def get_many(self, keys: Collection[str]) -> dict[str, str]:
        """Give those entries that are there."""
        shelf = self._open()
        firsts = [chunk.first for chunk in shelf.chunks]
        wanted = sorted({place for key in keys if (place := bisect_right(firsts, key) - 1) >= 0})
        stored = dict(self._entries([shelf.chunks[place] for place in wanted])) | shelf.deltas
        return {key: value for key in keys if (value := stored.get(key)) is not None}

    def put(self, key: str, value: str | None, at: float | None = None) -> bool:
        """Write one entry, or take it out (None); False where something was written after the moment `at`."""
        moment = int((time.time() if at is None else at) * 1000)
        item: Item = {"pk": self._pk, "sk": DELTA + _short(key), "key": key, "written_at": moment}
        item |= {"expires_at": int(time.time()) + KEEP_S}
        item |= {} if value is None else {"value": zlib.compress(value.encode())}
        when = None if at is None else "attribute_not_exists(pk) OR written_at <= :at"
        return self._table.put(item, when=when, values=None if at is None else {":at": moment})

    def written_since(self, moment: float) -> list[tuple[str, str | None]]:
        """Give what was put since then (epoch seconds): each key and its value, None for one taken out."""
        items = [item for item in self._table.query(self._pk) if item["sk"] != HEAD]
        return list(_deltas(items, int(moment * 1000)).items())

    def replace(self, entries: Iterable[Entry], began_at: float, number: int) -> int:
        """Take in all entries, sorted, of a load that began at `began_at`; give how many items were written.

        A head that a later load (a higher `number`) has written is left as it is.
        """
        shelf = self._open()
        known = {chunk.name: chunk for chunk in shelf.chunks if chunk.expires_at > time.time() + KEEP_S / 2}
        packed = [(_pack(cut), cut) for cut in _cut(entries)]
        chunks = [known.get(_name(data)) or _chunk(data, cut) for data, cut in packed]
        lasting = shelf.expires_at > time.time() + KEEP_S / 2
        if chunks == shelf.chunks and not shelf.deltas and lasting:
            return 0
        new = [
            {"pk": self._chunk_pk, "sk": chunk.name, "data": data, "expires_at": chunk.expires_at}
            for chunk, (data, _) in zip(chunks, packed, strict=True)
            if chunk.name not in known
        ]
        return self._table.put_many(new) + self._swap(chunks, began_at, number)

    def _swap(self, chunks: list[Place], began_at: float, number: int) -> int:
        rows = [[chunk.first, chunk.name, chunk.count, chunk.expires_at] for chunk in chunks]
        head: Item = {"pk": self._pk, "sk": HEAD, "chunks": zlib.compress(json.dumps(rows).encode())}
        head |= {"began_at": int(began_at * 1000), "lease": number, "expires_at": int(time.time()) + KEEP_S}
        return self._table.put(head, when=NOT_LATER, values={":lease": number})

    def _open(self) -> Shelf:
        return _shelf(list(self._table.query(self._pk)))

    def _read(self, places: Sequence[Place]) -> list[Chunk]:
        return self._reader.read([(self._chunk_pk, place.name) for place in places])

    def _entries(self, places: Sequence[Place]) -> Iterator[Entry]:
        return (entry for chunk in self._read(places) for entry in chunk.entries)


def _shelf(items: list[Item]) -> Shelf:
    head = next((item for item in items if item["sk"] == HEAD), None)
    rows = json.loads(zlib.decompress(head["chunks"])) if head else []
    began_at = head["began_at"] if head else 0
    deltas = _deltas((item for item in items if item["sk"] != HEAD), began_at)
    return Shelf([Place(*row) for row in rows], deltas, began_at, head["expires_at"] if head else 0)


def _deltas(items: Iterable[Item], since: int) -> dict[str, str | None]:
    return {
        item["key"]: zlib.decompress(item["value"]).decode() if "value" in item else None
        for item in items
        if item["written_at"] >= since
    }


def _merge(entries: Iterable[Entry], deltas: dict[str, str | None], after: str) -> list[Entry]:
    merged = {**dict(entries), **deltas}
    return sorted((key, value) for key, value in merged.items() if value is not None and key > after)


def _enough(chunks: Sequence[Place], limit: int) -> Sequence[Place]:
    count = 0
    for place, chunk in enumerate(chunks):
        count += chunk.count if place else 0  # of the first, all may stand before the wanted key
        if count >= limit:
            return chunks[: place + 1]
    return chunks


def _cut(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    cut: list[Entry] = []
    size = 0
    for key, value in entries:
        full = len(cut) == MOST_ENTRIES_A_CHUNK or size + len(value) > MOST_CHARACTERS_A_CHUNK
        if cut and (full or zlib.crc32(key.encode()) % (MOST_ENTRIES_A_CHUNK // 3) == 0):
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
    return key if len(key.encode()) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()
