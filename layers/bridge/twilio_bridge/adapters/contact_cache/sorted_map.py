"""A sorted map in DynamoDB that is written as a whole and read in slices.

A map's entries stand in order in chunks: compressed, immutable, named by their content. Its head lists them. What
changed since stands beside the head as deltas, one item an entry, so that a single write never rewrites a chunk. One
query gives head and deltas, one batch the chunks, so a slice takes two requests whatever the map's size.

Chunks are cut by a key's checksum, not by counting: an entry more or less changes one chunk, not all that
follow. A new load writes the chunks that are not there yet, puts the head aside and writes another one, which is not
seen until the `generation` counts it; deltas older than the load's begin are ignored from then on, and removed by the
load after it. A chunk that no head names any more is left to its time to live.
"""

import base64
import hashlib
import json
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from twilio_bridge.adapters.aws.dynamodb import Item, Table
from twilio_bridge.adapters.contact_cache import generation
from twilio_bridge.adapters.contact_cache.chunk_cache import Chunk, ChunkMemory, ChunkReader, Entry
from twilio_bridge.errors import UnavailableError

T = TypeVar("T")

HEAD = "head"
KEEP_S = 8 * 86_400
MAX_ENTRIES_PER_CHUNK = 192
MAX_CHARACTERS_PER_CHUNK = 120_000
MAX_KEY_LENGTH = 900
MAX_LOOKUPS = 3
NOT_LATER = "attribute_not_exists(pk) OR lease <= :lease"
NOT_NEWER = "attribute_not_exists(pk) OR written_at <= :at"
AS_WRITTEN = "written_at = :at"
AS_READ = f"{generation.ABSENT} OR revision = :revision"
DELTA = "delta#"


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """Where a chunk begins, what it is called, how many entries it has and when it expires (epoch seconds)."""

    first: str
    name: str
    count: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class MapView:
    """A head and the deltas beside it, those written from `since` on. A delta of None means that the entry is gone."""

    head: Item | None
    written: Sequence[Item]
    since: int
    chunks: Sequence[ChunkRef]
    deltas: dict[str, str | None]

    def counts(self, seen: generation.Generation) -> bool:
        """Return whether this head is to be seen."""
        return self.head is None or seen.counts(self.head["lease"])

    def is_settled(self, seen: generation.Generation) -> bool:
        """Return whether this is all that counts: a delta older than the last load may have its head elsewhere."""
        late = (item for item in self.written if self.since <= item["written_at"] < seen.full_at)
        return self.counts(seen) and not any(late)

    def find_chunk(self, key: str) -> Sequence[ChunkRef]:
        """Return the chunk in which this key would stand, if there is one."""
        place = self._before(key)
        return self.chunks[place : place + 1] if place >= 0 else []

    def list_chunks_behind(self, key: str) -> Sequence[ChunkRef]:
        """Return the chunks in which keys behind this one stand."""
        return self.chunks[max(self._before(key), 0) :]

    def list_chunks_holding(self, keys: Iterable[str]) -> list[ChunkRef]:
        """Return the chunks in which any of these keys would stand."""
        firsts = [chunk.first for chunk in self.chunks]
        return [self.chunks[place] for place in sorted({bisect_right(firsts, key) - 1 for key in keys}) if place >= 0]

    def _before(self, key: str) -> int:
        return bisect_right([chunk.first for chunk in self.chunks], key) - 1


class SortedMap:
    """One sorted map of texts."""

    def __init__(self, table: Table, name: str, reader: ChunkReader | None = None) -> None:
        self._table = table
        self._reader = reader or ChunkReader(table, ChunkMemory())
        self._pk = f"book#{name}"
        self._chunk_pk = f"chunk#{name}"
        self._before = (f"before#{name}", HEAD)

    def get_value(self, key: str) -> str | None:
        """Return an entry's value, or None."""

        def value(view: MapView) -> str | None:
            return view.deltas[key] if key in view.deltas else self._in_chunk(view, key)

        return self._answer(lambda consistent: self._open_at(key, consistent), value)

    def list_hints(self, key: str) -> list[str]:
        """Return all that is written of an entry, the delta whatever its age, then the last load's."""

        def values(view: MapView) -> list[str | None]:
            return [*_collect_deltas(view.written, 0).values(), self._in_chunk(view, key)]

        found = self._answer(lambda consistent: self._open_at(key, consistent), values)
        return [value for value in found if value is not None]

    def read_slice(self, after: str, limit: int) -> list[Entry]:
        """Return up to `limit` entries behind the key `after`."""
        return self._answer(self._open, lambda view: self._slice(view, after, limit))

    def read_all(self) -> list[Entry]:
        """Return all entries in order."""
        return self._answer(self._open, lambda view: _merge(self._entries(view.chunks), view.deltas, ""))

    def search_slice(
        self, look: Callable[[str], str], hits: Callable[[str], bool], after: str, limit: int
    ) -> list[Entry]:
        """Return up to `limit` entries behind the key `after` of whose value `look` shows something that `hits`."""

        def found(view: MapView) -> list[Entry]:
            changed = view.deltas.items()
            found = [(key, value) for key, value in changed if value is not None and key > after and hits(look(value))]
            enough = limit + len(found)
            for chunk in self._read(view.list_chunks_behind(after)):
                pairs = zip(chunk.entries, chunk.seen(look), strict=True)
                found += [e for e, seen in pairs if hits(seen) and e[0] > after and e[0] not in view.deltas]
                if len(found) >= enough:
                    break
            return sorted(found)[:limit]

        return self._answer(self._open, found)

    def get_values(self, keys: Collection[str]) -> dict[str, str]:
        """Return those entries that are there."""

        def values(view: MapView) -> dict[str, str]:
            stored = dict(self._entries(view.list_chunks_holding(keys))) | view.deltas
            return {key: value for key in keys if (value := stored.get(key)) is not None}

        return self._answer(self._open, values)

    def put_value(self, key: str, value: str | None, at: float, instead_of: Sequence[str] = ()) -> bool:
        """Write one entry, or take it out (None), as of the moment `at`; False where it was written since.

        The keys it stands `instead_of` are gone from the list in the same moment; they are still to be taken out, as
        the next write of this entry forgets them.
        """
        item = self._delta(key, value, int(at * 1000)) | ({"instead_of": list(instead_of)} if instead_of else {})
        return self._table.put(item, when=NOT_NEWER, values={":at": item["written_at"]})

    def change_value(self, key: str, change: Callable[[str | None], str], at: float) -> None:
        """Rewrite an entry's delta from its text (None: nothing), whoever else does so at the same time."""
        place = (self._pk, DELTA + _short(key))
        while True:
            seen = self._table.get_many([place], consistent=True).get(place)
            moment = max(int(at * 1000), seen["written_at"] if seen else 0)
            revision = seen["revision"] if seen else 0
            item = self._delta(key, change(_unpack_delta(seen) if seen else None), moment) | {"revision": revision + 1}
            if self._table.put(item, when=AS_READ, values={":revision": revision, ":now": int(time.time())}):
                return

    def list_written_since(self, moment: float) -> list[tuple[str, str | None]]:
        """Return what was put since then (epoch seconds): each key and its value, None for one taken out."""
        items = [item for item in self._table.query(self._pk, consistent=True) if item["sk"] != HEAD]
        return list(_collect_deltas(items, int(moment * 1000)).items())

    def replace_all(self, entries: Iterable[Entry], load: generation.Load) -> int:
        """Write all entries, sorted, to be seen once the load counts; give how many items were written.

        A head that a later load has written is left as it is.
        """
        newest = self._open(consistent=True)
        view = self._counting(newest, load.replaces)
        if load.is_settled and newest.counts(load.replaces):
            self._drop_folded(newest)
        is_settled = newest.is_settled(load.replaces) and not newest.deltas
        known = {chunk.name: chunk for chunk in view.chunks if chunk.expires_at > time.time() + generation.LASTS_S}
        packed = [(_pack(cut), cut[0][0], len(cut)) for cut in _cut(entries)]
        chunks = [known.get(_name(data)) or _chunk(data, first, count) for data, first, count in packed]
        stands = newest.head is not None or bool(newest.written)
        if chunks == view.chunks and is_settled and not (load.raises_floor and stands):
            return 0
        new = [
            {"pk": self._chunk_pk, "sk": chunk.name, "data": data, "expires_at": chunk.expires_at}
            for chunk, (data, _, _) in zip(chunks, packed, strict=True)
            if chunk.name not in known
        ]
        aside = [newest.head | {"pk": self._before[0]}] if newest.head and newest.counts(load.replaces) else []
        return self._table.put_many(new) + sum(map(self._write_head, [*aside, self._head(chunks, load)]))

    def _drop_folded(self, newest: MapView) -> None:
        """Remove the changes that a head holds which everybody reads by now; one that was written since stays."""
        began_at = newest.head["began_at"] if newest.head else 0
        for item in [item for item in newest.written if item["written_at"] < began_at]:
            self._table.delete(item["pk"], item["sk"], when=AS_WRITTEN, values={":at": item["written_at"]})

    def _head(self, chunks: list[ChunkRef], load: generation.Load) -> Item:
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
            self._reader.renew_generation()
            view = open_(False)
            answer = what(view)  # has read the generation, too
            seen = generation.parse_generation(self._reader.generation)
            if view.is_settled(seen):
                return answer
            if (counting := self._counting(open_(True), seen)).counts(seen):
                return what(counting)
        raise UnavailableError("contact cache", "it is being loaded")

    def _counting(self, newest: MapView, seen: generation.Generation) -> MapView:
        """Return the view with the head that counts; where that has just been put aside in turn, it does not."""
        head = newest.head
        if not newest.counts(seen):
            head = self._table.get_many([self._before], consistent=True).get(self._before)
            is_over = head is not None and (head["lease"] < seen.floor or not seen.loaded)
            head = None if is_over else head
        return _build_view(head, newest.written, seen.full_at)

    def _open(self, consistent: bool = False) -> MapView:
        return _open_map(self._table.query(self._pk, consistent=consistent))

    def _open_at(self, key: str, consistent: bool) -> MapView:
        keys = [(self._pk, HEAD), (self._pk, DELTA + _short(key))]
        return _open_map(self._reader.get_items(keys, consistent=consistent).values())

    def _read(self, places: Sequence[ChunkRef]) -> list[Chunk]:
        return self._reader.read_chunks([(self._chunk_pk, place.name) for place in places])

    def _entries(self, places: Sequence[ChunkRef]) -> Iterator[Entry]:
        return (entry for chunk in self._read(places) for entry in chunk.entries)

    def _in_chunk(self, view: MapView, key: str) -> str | None:
        return dict(self._entries(view.find_chunk(key))).get(key)

    def _slice(self, view: MapView, after: str, limit: int) -> list[Entry]:
        behind = view.list_chunks_behind(after)
        gone = sum(value is None for value in view.deltas.values())
        wanted = _take_enough(behind, limit + gone)
        entries = _merge(self._entries(wanted), view.deltas, after)
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


def _chunk(data: bytes, first: str, count: int) -> ChunkRef:
    return ChunkRef(first, _name(data), count, int(time.time()) + KEEP_S)


def _name(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()[:15]).decode()


def _short(key: str) -> str:
    return key if len(key.encode()) <= MAX_KEY_LENGTH else hashlib.sha256(key.encode()).hexdigest()


def _open_map(items: Iterable[Item]) -> MapView:
    """Return what the newest head and the items beside it hold."""
    found = list(items)
    head = next((item for item in found if item["sk"] == HEAD), None)
    return _build_view(head, [item for item in found if item["sk"] != HEAD], 0)


def _build_view(head: Item | None, written: Sequence[Item], since: int) -> MapView:
    """Return this head's rows, and of what was written what is not older than it and than `since` (milliseconds)."""
    rows = json.loads(zlib.decompress(head["chunks"])) if head else []
    since = max(since, head["began_at"] if head else 0)
    return MapView(head, written, since, [ChunkRef(*row) for row in rows], _collect_deltas(written, since))


def _collect_deltas(items: Iterable[Item], since: int) -> dict[str, str | None]:
    """Return what was written since then (epoch milliseconds), the latest last."""
    found: dict[str, str | None] = {}
    for item in sorted(items, key=lambda item: int(item["written_at"])):
        if item["written_at"] >= since:
            found |= dict.fromkeys(item.get("instead_of", ()))
            found[item["key"]] = _unpack_delta(item)
    return found


def _unpack_delta(item: Item) -> str | None:
    """Return a delta's text; None where the entry is gone."""
    return zlib.decompress(item["value"]).decode() if "value" in item else None


def _take_enough(chunks: Sequence[ChunkRef], limit: int) -> Sequence[ChunkRef]:
    """Return as many of the chunks, from the first on, as hold `limit` entries behind a key in the first."""
    count = 0
    for place, chunk in enumerate(chunks):
        count += chunk.count if place else 0  # of the first, all may stand before the wanted key
        if count >= limit:
            return chunks[: place + 1]
    return chunks
