"""What a warm instance remembers of the chunks it has read.

A chunk is named by its content and never changes, so what is remembered is right for as long as a head names it; which
chunks a list has is read anew each time. Everything is kept under the list's own key: nothing of one list is ever found
by a reader of another.
"""

import json
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from twilio_bridge.adapters.aws.dynamodb import Item, Key, Table
from twilio_bridge.adapters.contact_cache.generation import STATE
from twilio_bridge.errors import UnavailableError

Entry = tuple[str, str]

# About 150 MB of an instance's 1,024: 100,000 contacts of 300 bytes and what search remembers of them.
MAX_CHARACTERS_COUNT = 60_000_000
# A load reads each chunk once: what it remembers only takes its memory.
MAX_LOAD_CHARACTERS_COUNT = 1_000_000


@dataclass(slots=True)
class Chunk:
    """A chunk's entries, and what a search looks at, once it did."""

    entries: list[Entry]
    size: int
    _seen: list[str] | None = field(default=None, repr=False)

    def seen(self, look: Callable[[str], str]) -> list[str]:
        """Return what `look` makes of each entry's value; made once."""
        if self._seen is None:
            self._seen = [look(value) for _, value in self.entries]
        return self._seen


class ChunkMemory:
    """The chunks an instance has read, the least used forgotten first."""

    def __init__(self, most_characters: int = MAX_CHARACTERS_COUNT) -> None:
        self._most = most_characters
        self._chunks: OrderedDict[Key, Chunk] = OrderedDict()
        self._size = 0

    def get_chunk(self, key: Key) -> Chunk | None:
        """Return a chunk, if it is remembered."""
        if key in self._chunks:
            self._chunks.move_to_end(key)
        return self._chunks.get(key)

    def keep_chunk(self, key: Key, data: bytes) -> Chunk:
        """Unpack a chunk and remember it, unless it alone is too large."""
        text = zlib.decompress(data).decode()
        chunk = Chunk([(name, value) for name, value in json.loads(text)], len(text))
        self._chunks[key] = chunk
        self._size += chunk.size
        while self._size > self._most:
            self._size -= self._chunks.popitem(last=False)[1].size
        return chunk

    def clear_chunks(self) -> None:
        """Forget everything."""
        self._chunks.clear()
        self._size = 0


class ChunkReader:
    """Reads chunks, from memory where it can; with the first ones of an answer it reads the generation and keeps it."""

    def __init__(self, table: Table, memory: ChunkMemory) -> None:
        self._table = table
        self._memory = memory
        self._is_due = True
        self.generation: Item | None = None

    def renew_generation(self) -> None:
        """Read the generation anew with what is read next."""
        self._is_due = True

    def get_items(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """Return those of the items that are there; the generation is read with them where it is due."""
        wanted = [STATE, *keys] if self._is_due else list(keys)
        found = self._table.get_many(wanted, consistent=consistent)
        if self._is_due:
            self.generation, self._is_due = found.pop(STATE, None), False
        return found

    def read_chunks(self, keys: Sequence[Key]) -> list[Chunk]:
        """Return the chunks; a missing one is an UnavailableError."""
        remembered = {key: chunk for key in keys if (chunk := self._memory.get_chunk(key))}
        remembered |= self._fetch([key for key in keys if key not in remembered])
        return [remembered[key] for key in keys]

    def _fetch(self, keys: list[Key]) -> dict[Key, Chunk]:
        found = self.get_items(keys)
        if missing := [key for key in keys if key not in found]:  # written just now: the other replicas follow
            found |= self._table.get_many(missing, consistent=True)
        if any(key not in found for key in keys):
            raise UnavailableError("contact cache", "a chunk is missing")
        return {key: self._memory.keep_chunk(key, found[key]["data"]) for key in keys}
