"""Notes and leases in DynamoDB."""

import hashlib
import time

from twilio_bridge.adapters.aws.dynamodb import Item, Table

MAX_NAME_LENGTH = 500


class DynamoNotes:
    """The port Notes."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def write_note(self, name: str, text: str, seconds: float) -> None:
        """Write the item of a note."""
        self._table.put(_note(name, seconds) | {"text": text})

    def read_note(self, name: str) -> str | None:
        """Return a note's text; one that has expired counts as none."""
        item = self._table.get(_note(name, 0)["pk"], "note")
        return item["text"] if item else None

    def claim_name(self, name: str, seconds: float) -> bool:
        """Write the note unless one that has not expired is there."""
        when = "attribute_not_exists(pk) OR expires_at <= :now"
        return self._table.put(_note(name, seconds), when=when, values={":now": int(time.time())})


def _note(name: str, seconds: float) -> Item:
    return {
        "pk": f"note#{short_key(name)}",
        "sk": "note",
        "text": "",
        "expires_at": int(time.time() + seconds) + 1,
    }


class DynamoLeases:
    """The port Leases: an item with the moment until when the name is held, and a counter of holders."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(self, name: str, seconds: float, above: int = 0) -> int | None:
        """Take the lease where nobody holds it or it has expired; a restored counter goes on above `above`."""
        now = int(time.time() * 1000)
        item = self._table.update(
            f"lease#{short_key(name)}",
            "lease",
            "SET held_until = :until ADD holders :one",
            {":until": now + int(seconds * 1000), ":now": now, ":one": 1},
            when="attribute_not_exists(held_until) OR held_until <= :now",
        )
        if item is None or item["holders"] > above:
            return item["holders"] if item else None

        values = {":next": above + 1, ":number": item["holders"]}
        later = self._table.update(
            f"lease#{short_key(name)}", "lease", "SET holders = :next", values, when="holders = :number"
        )
        return later["holders"] if later else None

    def release(self, name: str, number: int) -> None:
        """End the lease unless another holds it by now."""
        self._table.update(
            f"lease#{short_key(name)}",
            "lease",
            "SET held_until = :free",
            {":free": 0, ":number": number},
            when="holders = :number",
        )


def short_key(name: str) -> str:
    """Return the name, or its SHA-256 where it is longer than a key should be."""
    return name if len(name.encode()) <= MAX_NAME_LENGTH else hashlib.sha256(name.encode()).hexdigest()
