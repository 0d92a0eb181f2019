"""What an unfinished load has read, in ContactCache: compressed, in items almost as large as DynamoDB takes.

The pieces are written first, each in a partition of its own for a partition takes 1,000 units a second, then the head
that names them: a crash in between leaves what was kept before. Going on adds pieces and rewrites none.
"""

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from twilio_bridge.adapters.aws.dynamodb import Key, Table
from twilio_bridge.adapters.contact_cache.cache import pack, unpack
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import Bookmark

# A part's name and how many pieces it has.
Part = tuple[str, int]

HEAD = ("stage", "head")
NOT_LATER = "attribute_not_exists(pk) OR lease <= :lease"
# Leaves room for the item's other attributes.
MAX_PIECE_BYTES = 400_000


class DynamoPartialLoads:
    """The port PartialLoads."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def append_part(self, read: Sequence[Contact], bookmark: Bookmark, number: int) -> None:
        """Write what was read, then the head."""
        known, earlier = self._head() or (None, [])
        parts = earlier if known and known.began_at == bookmark.began_at else []
        until = int(bookmark.until)
        parts = [*parts, self._write("\n".join(map(pack, read)), until)]
        head = {"bookmark": json.dumps(asdict(bookmark)), "parts": json.dumps(parts)}
        item = {"pk": HEAD[0], "sk": HEAD[1], **head, "lease": number, "expires_at": until}
        self._table.put(item, when=NOT_LATER, values={":lease": number})

    def _write(self, text: str, until: int) -> Part:
        """Write a part, an item a request: a batch of them would take longer than a client waits."""
        data = zlib.compress(text.encode())
        pieces = [data[start : start + MAX_PIECE_BYTES] for start in range(0, len(data), MAX_PIECE_BYTES)]
        part = (hashlib.sha256(data).hexdigest(), len(pieces))
        for (pk, sk), piece in zip(_keys(*part), pieces, strict=True):
            self._table.put({"pk": pk, "sk": sk, "data": piece, "expires_at": until})
        return part

    def find_load(self, after: float) -> tuple[Bookmark, list[Contact]] | None:
        """Read the head, and the pieces where they are wanted."""
        bookmark, parts = self._head() or (None, [])
        if bookmark is None or bookmark.began_at < after:
            return None
        keys = [key for part in parts for key in _keys(*part)]
        found = self._table.get_many(list(dict.fromkeys(keys)), consistent=True)
        if any(key not in found for key in keys):
            return None
        packed = (b"".join(found[key]["data"] for key in _keys(*part)) for part in parts)
        return bookmark, [contact for data in packed for contact in _contacts(data)]

    def _head(self) -> tuple[Bookmark, list[Part]] | None:
        item = self._table.get(*HEAD, consistent=True)
        return (Bookmark(**json.loads(item["bookmark"])), json.loads(item["parts"])) if item else None


def _keys(name: str, count: int) -> list[Key]:
    return [(f"stage#{name}#{number}", "piece") for number in range(count)]


def _contacts(data: bytes) -> Iterator[Contact]:
    return (unpack(line) for line in zlib.decompress(data).decode().split("\n") if line)
