"""A book as it lies open: the head that was found, which chunks it names, and the deltas beside it."""

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twilio_bridge.adapters.aws.dynamodb import Item
from twilio_bridge.adapters.contact_cache.generation import Generation

HEAD = "head"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk begins, what it is called, how many entries it has and when it expires (epoch seconds)."""

    first: str
    name: str
    count: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class MapView:
    """A head and the deltas beside it, those written from `since` on. A delta of None says that the entry is gone."""

    head: Item | None
    written: Sequence[Item]
    since: int
    chunks: Sequence[Place]
    deltas: dict[str, str | None]

    def counts(self, seen: Generation) -> bool:
        """Return whether this head is to be seen."""
        return self.head is None or seen.counts(self.head["lease"])

    def is_settled(self, seen: Generation) -> bool:
        """Return whether this is all that counts: a delta older than the last load may have its head elsewhere."""
        late = (item for item in self.written if self.since <= item["written_at"] < seen.full_at)
        return self.counts(seen) and not any(late)

    def at(self, key: str) -> Sequence[Place]:
        """Return the chunk in which this key would stand, if there is one."""
        place = self._before(key)
        return self.chunks[place : place + 1] if place >= 0 else []

    def behind(self, key: str) -> Sequence[Place]:
        """Return the chunks in which keys behind this one stand."""
        return self.chunks[max(self._before(key), 0) :]

    def holding(self, keys: Iterable[str]) -> list[Place]:
        """Return the chunks in which any of these keys would stand."""
        firsts = [chunk.first for chunk in self.chunks]
        return [self.chunks[place] for place in sorted({bisect_right(firsts, key) - 1 for key in keys}) if place >= 0]

    def _before(self, key: str) -> int:
        return bisect_right([chunk.first for chunk in self.chunks], key) - 1


def opened(items: Iterable[Item]) -> MapView:
    """Return what the newest head and the items beside it say."""
    found = list(items)
    head = next((item for item in found if item["sk"] == HEAD), None)
    return shelved(head, [item for item in found if item["sk"] != HEAD], 0)


def shelved(head: Item | None, written: Sequence[Item], since: int) -> MapView:
    """Return what this head says, and of what was written what is not older than it and than `since` (milliseconds)."""
    rows = json.loads(zlib.decompress(head["chunks"])) if head else []
    since = max(since, head["began_at"] if head else 0)
    return MapView(head, written, since, [Place(*row) for row in rows], deltas(written, since))


def deltas(items: Iterable[Item], since: int) -> dict[str, str | None]:
    """Return what was written since then (epoch milliseconds), the latest last."""
    found: dict[str, str | None] = {}
    for item in sorted(items, key=lambda item: int(item["written_at"])):
        if item["written_at"] >= since:
            found |= dict.fromkeys(item.get("instead_of", ()))
            found[item["key"]] = said(item)
    return found


def said(item: Item) -> str | None:
    """Return a delta's text; None where it says that the entry is gone."""
    return zlib.decompress(item["value"]).decode() if "value" in item else None


def enough(chunks: Sequence[Place], limit: int) -> Sequence[Place]:
    """Return as many of the chunks, from the first on, as hold `limit` entries behind a key in the first."""
    count = 0
    for place, chunk in enumerate(chunks):
        count += chunk.count if place else 0  # of the first, all may stand before the wanted key
        if count >= limit:
            return chunks[: place + 1]
    return chunks
