"""Opt-out and opt-in requests in DynamoDB, by address."""

from collections.abc import Iterable, Iterator

from twilio_bridge.adapters.aws.dynamodb import Item, Key, Table
from twilio_bridge.adapters.state.leases_notes import short_key
from twilio_bridge.ports import OptOut

POSTPONED = "postponed"
# Of an opt-out and an opt-in at one moment.
OUT_IS_SAFER = " OR (said_at = :at AND opted_out <> :out)"

# DynamoDB keeps no empty set; with this in it, the set `ours` is never missing, as it is in older items.
NOBODY = "-"


class DynamoOptOuts:
    """The port OptOuts: one item an address, kept for good."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record_request(self, address: str, out: bool, at: float) -> OptOut | None:
        """Write a request unless a later one is stored; the same one again changes nothing."""
        at_ms = int(at * 1000)
        before = self._table.get(_opt_out(address), "word", consistent=True)
        ours = {NOBODY, *(_request(before).records_set if before else ())}

        item = self._table.update(
            _opt_out(address),
            "word",
            "SET opted_out = :out, said_at = :at, address = :address, ticked = if_not_exists(told, :nobody),"
            " ours = if_not_exists(ours, :ours) REMOVE told",
            {":out": out, ":at": at_ms, ":address": address, ":nobody": None, ":ours": ours},
            when="attribute_not_exists(said_at) OR said_at < :at" + (OUT_IS_SAFER if out else ""),
        )
        item = item or self._table.get(_opt_out(address), "word", consistent=True)
        return _request(item) if item and (item["said_at"], item["opted_out"]) <= (at_ms, out) else None

    def find_requests(self, addresses: Iterable[str]) -> list[OptOut]:
        """Return the requests at these addresses."""
        keys = [(_opt_out(address), "word") for address in dict.fromkeys(addresses)]
        found = (self._table.get(*key, consistent=True) for key in keys)
        return [_request(item) for item in found if item]

    def mark_delivered(self, request: OptOut, contact_ids: Iterable[str]) -> bool:
        """Add the contacts to the request's item, unless a later request has replaced it."""
        ids = set(contact_ids)
        if not ids:
            return True
        item = self._table.update(
            _opt_out(request.address),
            "word",
            "ADD told :ids",
            {":ids": ids, ":at": int(request.at * 1000)},
            when="said_at = :at",
        )
        return item is not None

    def mark_set(self, request: OptOut, contact_id: str, is_set: bool) -> bool:
        """Add a contact to the item's set `ours`, or take it out; what an older item holds instead is copied first."""
        ids: frozenset[str] = frozenset({contact_id})
        change = "ADD ours :ids" if is_set else "DELETE ours :ids"
        if request.set_in is None:
            others = request.records_set - ids
            ids, change = others | {NOBODY} | (ids if is_set else frozenset()), "ADD ours :ids"

        values = {":ids": set(ids), ":at": int(request.at * 1000)}
        return self._table.update(_opt_out(request.address), "word", change, values, when="said_at = :at") is not None

    def postpone(self, address: str, system: str, due_at: float) -> None:
        """Write an item beside the request's, in the index of what is due."""
        change = "SET gsi1pk = :index, gsi1sk = :due, address = :address, waits_for = :system"
        values = {":index": POSTPONED, ":due": _sortable(due_at), ":address": address, ":system": system}
        self._table.update(_opt_out(address), f"{POSTPONED}#{system}", change, values)

    def settle(self, address: str, system: str) -> None:
        """Take the item out of the index."""
        self._table.update(_opt_out(address), f"{POSTPONED}#{system}", "REMOVE gsi1pk, gsi1sk", {})

    def find_postponed(self, before: float) -> Iterator[tuple[str, str]]:
        """Read the index."""
        found = self._table.query_index("gsi1", POSTPONED, _sortable(before))
        return ((item["address"], item["waits_for"]) for item in found)


def _sortable(at: float) -> str:
    return f"{int(at * 1000):015}"


def _request(item: Item) -> OptOut:
    ours = item.get("ours")
    return OptOut(
        address=item["address"],
        out=item["opted_out"],
        at=item["said_at"] / 1000,
        delivered_to=frozenset(item.get("told") or ()),
        opt_out_delivered_to=frozenset(item.get("ticked") or ()),
        set_in=None if ours is None else frozenset(ours) - {NOBODY},
    )


def opt_out_key(address: str) -> Key:
    """Return the key of the item that holds an address's latest request."""
    return _opt_out(address), "word"


def _opt_out(address: str) -> str:
    return f"optout#{short_key(address)}"
