"""A row's own number: equal for the same row, whenever it is read."""

import hashlib
import json
from typing import Final

from twilio_bridge.entities.ports import Row
from twilio_bridge.entities.registry import Entity

_BITS: Final = 63  # of SQLite's rowid


def number_row(entity: Entity, row: Row) -> int:
    """Return the number of a row's key, or of all it holds where it has no key."""
    return number_values(_key_of(entity, row) or sorted(row.items()))


def has_key(entity: Entity, row: Row) -> bool:
    """Return whether something identifies the row, so that no other is like it."""
    return bool(_key_of(entity, row))


def number_values(values: object) -> int:
    """Return a number for values, the same for equal ones."""
    digest = hashlib.blake2b(json.dumps(values, default=str).encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> (64 - _BITS)


def _key_of(entity: Entity, row: Row) -> list[object]:
    if not entity.key:
        return []
    values = [row.get(column.json_key) for column in entity.columns if column.name in entity.key_columns]
    return [] if None in values else values
