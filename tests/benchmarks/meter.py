"""DynamoDB's units as AWS would bill them, counted from the requests a client makes; moto's own answers are not AWS's.

Write: steps of 1 KB of the larger of before and after, deletes too. Read: steps of 4 KB, half if eventually consistent;
a query adds its items up first, a batch counts each item.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from twilio_bridge.adapters.table import item_size, unmarshal

ABSENT = 0


def write_units(before: int, after: int) -> int:
    """Give the units of one write, from the item's sizes in bytes before and after it."""
    return max(ceil(max(before, after) / 1024), 1)


def read_units(size: int, *, consistent: bool) -> float:
    """Give the units of one read of so many bytes."""
    return max(ceil(size / 4096), 1) * (1 if consistent else 0.5)


@dataclass
class Meter:
    """A DynamoDB client that counts what passes through it; sizes are known from what was written through it."""

    client: Any
    requests: Counter[str] = field(default_factory=Counter)
    written: int = 0
    read: float = 0
    sizes: dict[tuple[str, str], int] = field(default_factory=dict)

    def reset(self) -> None:
        """Begin to count anew; what is stored stays known."""
        self.requests.clear()
        self.written, self.read = 0, 0

    def put_item(self, **request: Any) -> Any:
        """Count one write, also one whose condition does not hold."""
        self.requests["put_item"] += 1
        self._write(request["Item"])
        return self.client.put_item(**request)

    def batch_write_item(self, **request: Any) -> Any:
        """Count each item of a batch."""
        self.requests["batch_write_item"] += 1
        for writes in request["RequestItems"].values():
            for write in writes:
                self._write(write["PutRequest"]["Item"])
        return self.client.batch_write_item(**request)

    def update_item(self, **request: Any) -> Any:
        """Count one write; the items updated here are far below 1 KB."""
        self.requests["update_item"] += 1
        self.written += 1
        return self.client.update_item(**request)

    def get_item(self, **request: Any) -> Any:
        """Count one read."""
        self.requests["get_item"] += 1
        answer = self.client.get_item(**request)
        self.read += read_units(_size(answer.get("Item")), consistent=request.get("ConsistentRead", False))
        return answer

    def batch_get_item(self, **request: Any) -> Any:
        """Count each item of a batch."""
        self.requests["batch_get_item"] += 1
        answer = self.client.batch_get_item(**request)
        for table, items in answer["Responses"].items():
            consistent = request["RequestItems"][table].get("ConsistentRead", False)
            self.read += sum(read_units(_size(item), consistent=consistent) for item in items)
        return answer

    def query(self, **request: Any) -> Any:
        """Count a query's items together."""
        self.requests["query"] += 1
        answer = self.client.query(**request)
        size = sum(_size(item) for item in answer["Items"])
        self.read += read_units(size, consistent=request.get("ConsistentRead", False))
        return answer

    def _write(self, item: Any) -> None:
        key = (item["pk"]["S"], item["sk"]["S"])
        after = _size(item)
        self.written += write_units(self.sizes.get(key, ABSENT), after)
        self.sizes[key] = after


def _size(item: Any) -> int:
    return item_size(unmarshal(item)) if item else 0
