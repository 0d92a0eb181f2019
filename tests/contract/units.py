"""What requests to DynamoDB cost at AWS, counted while moto or a dictionary answers them; moto's figures are not AWS's.

Write: steps of 1 KB of the larger of before and after, deletes too, double in transactions; an index is written, too.
Read: steps of 4 KB, half if eventually consistent; a query adds its items up first, a batch counts each item.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from twilio_bridge.adapters.aws.dynamodb import Table, item_size, unmarshal

Request = Mapping[str, Any]


def write_units(before: int, after: int) -> int:
    """Return the units of one write, from the item's sizes in bytes before and after it."""
    return max(ceil(max(before, after) / 1024), 1)


def read_units(size: int, *, consistent: bool) -> float:
    """Return the units of one read of so many bytes."""
    return max(ceil(size / 4096), 1) * (1 if consistent else 0.5)


class Metered:
    """A DynamoDB client that counts requests and units on their way to another one, those of the index included."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.requests: Counter[str] = Counter()
        self.written = 0
        self.read = 0.0

    @property
    def table(self) -> Table:
        """Return a table that is written and read through this client."""
        client: Any = self
        return Table(client, "table")

    def reset(self) -> None:
        """Begin to count anew; what is stored stays."""
        self.requests.clear()
        self.written, self.read = 0, 0.0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.requests[name] += 1
            return getattr(self, f"_{name}", getattr(self._client, name))(**request)

        return call

    def _put_item(self, **request: Any) -> Any:
        return self._write([request["TableName"]], [_key(request["Item"])], 1, "put_item", request)

    def _update_item(self, **request: Any) -> Any:
        return self._write([request["TableName"]], [request["Key"]], 1, "update_item", request)

    def _batch_write_item(self, **request: Any) -> Any:
        places = [
            (table, _key(write["PutRequest"]["Item"]))
            for table, writes in request["RequestItems"].items()
            for write in writes
        ]
        tables, keys = zip(*places, strict=True)
        return self._write(tables, keys, 1, "batch_write_item", request)

    def _transact_write_items(self, **request: Any) -> Any:
        writes = [write for item in request["TransactItems"] for write in item.values()]
        keys = [write.get("Key") or _key(write["Item"]) for write in writes]
        return self._write([write["TableName"] for write in writes], keys, 2, "transact_write_items", request)

    def _write(self, tables: Iterable[str], keys: Iterable[Request], factor: int, name: str, request: Request) -> Any:
        places = list(zip(tables, keys, strict=True))
        before = self._items(places)
        try:
            return getattr(self._client, name)(**request)
        finally:
            after = self._items(places)
            for old, new in zip(before, after, strict=True):
                self.written += factor * write_units(_size(old), _size(new)) + _index_units(old, new)

    def _get_item(self, **request: Any) -> Any:
        answer = self._client.get_item(**request)
        self.read += read_units(_size(answer.get("Item")), consistent=request.get("ConsistentRead", False))
        return answer

    def _batch_get_item(self, **request: Any) -> Any:
        answer = self._client.batch_get_item(**request)
        for table, wanted in request["RequestItems"].items():
            consistent = wanted.get("ConsistentRead", False)
            found = answer["Responses"][table]
            self.read += sum(read_units(_size(item), consistent=consistent) for item in found)
            self.read += (len(wanted["Keys"]) - len(found)) * read_units(0, consistent=consistent)
        return answer

    def _query(self, **request: Any) -> Any:
        answer = self._client.query(**request)
        size = sum(map(_size, answer["Items"]))
        self.read += read_units(size, consistent=request.get("ConsistentRead", False))
        return answer

    def _items(self, places: Sequence[tuple[str, Request]]) -> list[Any]:
        """Return the items at these places, up to a hundred, by one request."""
        wanted: dict[str, dict[str, Any]] = {}
        for table, key in places:
            wanted.setdefault(table, {"Keys": [], "ConsistentRead": True})["Keys"].append(_key(key))
        answers = self._client.batch_get_item(RequestItems=wanted)["Responses"]
        found = {(table, _place(item)): item for table, items in answers.items() for item in items}
        return [found.get((table, _place(key))) for table, key in places]


def _key(item: Request) -> dict[str, Any]:
    return {name: item[name] for name in ("pk", "sk")}


def _place(item: Request) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _size(item: Any) -> int:
    return item_size(unmarshal(item)) if item else 0


def _index_units(old: Any, new: Any) -> int:
    """Return what the index costs: a write for an item that comes, goes or changes, two where its place changes."""
    places = [(item["gsi1pk"], item["gsi1sk"]) if item and "gsi1pk" in item else None for item in (old, new)]
    if places[0] == places[1]:
        return write_units(_size(old), _size(new)) if places[0] and old != new else 0
    return sum(write_units(_size(item), 0) for item, place in zip((old, new), places, strict=True) if place)
