"""A change that the set-up makes: shown before it is made, made once, and remembered so that it can be taken back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from twilio_bridge.adapters.aws.dynamodb import Table, pack, unpack

PK: Final = "setup"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: what it does, and what stands there now where that is somebody else's.

    `apply` makes it and returns what was done, or raises. It looks again at what it depends on, for an earlier run may
    have ended between any two of its requests.
    """

    system: str
    name: str
    text: str
    apply: Callable[[], str] = field(repr=False)
    foreign: str = ""


class Before:
    """What stood there before the set-up changed it, in SyncState: written before the change, kept as it was first."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep what stands there, unless an earlier run has."""
        item = {"pk": PK, "sk": name, "before": pack(value)}
        self._table.put(item, when="attribute_not_exists(pk)")

    def add(self, name: str, made: list[str]) -> None:
        """Keep the names of what is made, beside those that earlier runs made."""
        known = self.read(name) or {}
        merged = sorted({*known.get("made", ()), *made})
        self._table.put({"pk": PK, "sk": name, "before": pack({"made": merged})})

    def read(self, name: str) -> dict[str, Any] | None:
        """Return what was kept under a name."""
        item = self._table.get(PK, name, consistent=True)
        return unpack(item["before"]) if item else None

    def list_names(self) -> list[str]:
        """Return the names under which something is kept."""
        return [str(item["sk"]) for item in self._table.query(PK, consistent=True)]

    def forget(self, name: str) -> None:
        """Forget what was kept: it stands there again."""
        self._table.delete_many([(PK, name)])
