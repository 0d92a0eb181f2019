"""Where a contact stands, as the cache's indexes have it: lists by name, and the key in each of them.

The index of ids has one text a contact: its places, one a list; until a write is ended also the places where it `was`;
and for a day after its deletion its last place, as `gone`. The index of addresses has hints: places where a contact
with this address may stand.
"""

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

Place = tuple[str, str]
Where = dict[str, Any]

REMEMBER_GONE_S = 86_400


def pack_location(places: Sequence[Place], was: Sequence[Place] | None = None) -> str:
    """Return a contact's places as text and, while it is being written, all places where it may still be."""
    (name, key), *others = places
    where: Where = {"list": name, "key": key}
    if others:
        where["also"] = [other for other, _ in others]
    return json.dumps(where if was is None else where | {"was": was})


def pack_gone(where: Where) -> str | None:
    """Return as text where a deleted contact stood; None where that was never known."""
    if not where:
        return None
    gone = {"list": where["list"], "key": where["key"], "gone": int(time.time()) + REMEMBER_GONE_S}
    return json.dumps(where if "gone" in where else gone)


def unpack_location(text: str | None) -> Where:
    """Return the location of a text that the other two made; an unknown contact has an empty one."""
    where: Where = json.loads(text) if text else {}
    return where


def find_key(where: Where) -> str | None:
    """Return the contact's key in the order, for a day also that of a deleted one."""
    return where["key"] if where.get("gone", time.time() + 1) > time.time() and where else None


def list_places(where: Where) -> list[Place]:
    """Return the places where the contact may stand, the likeliest first."""
    if not where or "gone" in where:
        return []
    now = [(name, where["key"]) for name in (where["list"], *where.get("also", ()))]
    return [*now, *((name, key) for name, key in where.get("was", ()))]


def pack_hints(places: Iterable[Place]) -> str:
    """Return as text where contacts with an address stand."""
    return json.dumps(sorted(places))


def unpack_hints(text: str | None) -> list[Place]:
    """Return the places of a text that `pack_hints` made."""
    return [(name, key) for name, key in json.loads(text or "[]")]


def add_hint(text: str | None, place: Place) -> str:
    """Add a place, instead of another one of the same contact."""
    others = [other for other in unpack_hints(text) if id_at(other) != id_at(place)]
    return pack_hints([*others, place])


def id_at(place: Place) -> str:
    """Return the id of the contact that stands there."""
    return place[1].rpartition("\x00")[2]
