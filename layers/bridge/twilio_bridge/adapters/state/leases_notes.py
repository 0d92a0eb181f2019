"""Small state in DynamoDB: notes, leases and what people said about being written to."""

import hashlib
import time
from collections.abc import Iterable

from twilio_bridge.adapters.aws.dynamodb import Item, Table
from twilio_bridge.ports import OptOut

LONGEST_NAME = 500
# Of two words said at one moment.
OUT_IS_SAFER = " OR (said_at = :at AND opted_out <> :out)"


class DynamoNotes:
    """The port Notes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, name: str, text: str, seconds: float) -> None:
        """Remember a text."""
        self._table.put(_note(name, seconds) | {"text": text})

    def recall(self, name: str) -> str | None:
        """Give it back."""
        item = self._table.get(_note(name, 0)["pk"], "note")
        return item["text"] if item else None

    def claim(self, name: str, seconds: float) -> bool:
        """Be the first, or not."""
        when = "attribute_not_exists(pk) OR expires_at <= :now"
        return self._table.put(_note(name, seconds), when=when, values={":now": int(time.time())})


def _note(name: str, seconds: float) -> Item:
    return {
        "pk": f"note#{_short(name)}",
        "sk": "note",
        "text": "",
        "expires_at": int(time.time() + seconds) + 1,
    }


class DynamoLeases:
    """The port Leases: an item that says who holds the name until when, and counts its holders."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(self, name: str, seconds: float) -> int | None:
        """Take the lease where it is free or has run out."""
        now = int(time.time() * 1000)
        item = self._table.update(
            f"lease#{_short(name)}",
            "lease",
            "SET held_until = :until ADD holders :one",
            {":until": now + int(seconds * 1000), ":now": now, ":one": 1},
            when="attribute_not_exists(held_until) OR held_until <= :now",
        )
        return item["holders"] if item else None

    def release(self, name: str, number: int) -> None:
        """Give it back unless another holds it by now."""
        self._table.update(
            f"lease#{_short(name)}",
            "lease",
            "SET held_until = :free",
            {":free": 0, ":number": number},
            when="holders = :number",
        )


class DynamoOptOuts:
    """The port OptOuts: one item an address, kept for good."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, address: str, out: bool, at: float) -> OptOut | None:
        """Write a word down unless a later one stands there; the same one again changes nothing."""
        at_ms = int(at * 1000)
        item = self._table.update(
            _opt_out(address),
            "word",
            "SET opted_out = :out, said_at = :at, address = :address, ticked = if_not_exists(told, :nobody)"
            " REMOVE told",
            {":out": out, ":at": at_ms, ":address": address, ":nobody": None},
            when="attribute_not_exists(said_at) OR said_at < :at" + (OUT_IS_SAFER if out else ""),
        )
        item = item or self._table.get(_opt_out(address), "word", consistent=True)
        return _word(item) if item and (item["said_at"], item["opted_out"]) <= (at_ms, out) else None

    def of(self, addresses: Iterable[str]) -> list[OptOut]:
        """Give what was said at these addresses."""
        keys = [(_opt_out(address), "word") for address in dict.fromkeys(addresses)]
        found = (self._table.get(*key, consistent=True) for key in keys)
        return [_word(item) for item in found if item]

    def mark_told(self, word: OptOut, contact_ids: Iterable[str]) -> bool:
        """Write down whose records say so now."""
        ids = set(contact_ids)
        if not ids:
            return True
        item = self._table.update(
            _opt_out(word.address),
            "word",
            "ADD told :ids",
            {":ids": ids, ":at": int(word.at * 1000)},
            when="said_at = :at",
        )
        return item is not None


def _word(item: Item) -> OptOut:
    told, ticked = frozenset(item.get("told") or ()), frozenset(item.get("ticked") or ())
    at = item["said_at"] / 1000
    return OptOut(address=item["address"], out=item["opted_out"], at=at, told=told, ticked=ticked)


def _opt_out(address: str) -> str:
    return f"optout#{_short(address)}"


def _short(name: str) -> str:
    return name if len(name.encode()) <= LONGEST_NAME else hashlib.sha256(name.encode()).hexdigest()
