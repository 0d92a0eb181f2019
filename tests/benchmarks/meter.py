"""DynamoDB's units as AWS would bill them, counted from the requests a client makes; moto's own answers are not AWS's.

Write: steps of 1 KB of the larger of before and after, deletes too. Read: steps of 4 KB, half if eventually consistent;
a query adds its items up first, a batch counts each item.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from twilio_bridge.adapters.table import item_size, unmarshal


def write_units(before: int, after: int) -> int:
    """Give the units of one write, from the item's sizes in bytes before and after it."""
    return max(ceil(max(before, after) / 1024), 1)


def read_units(size: int, *, consistent: bool) -> float:
    """Give the units of one read of so many bytes."""
    return max(ceil(size / 4096), 1) * (1 if consistent else 0.5)


@dataclass
class Meter:
    """A DynamoDB client over dictionaries that counts what passes through it, so that times are ours alone.

    Conditions hold always: in a benchmark nobody else writes.
    """

    requests: Counter[str] = field(default_factory=Counter)
    written: int = 0
    read: float = 0
    partitions: defaultdict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))

    def reset(self) -> None:
        """Begin to count anew; what is stored stays."""
        self.requests.clear()
        self.written, self.read = 0, 0

    def put_item(self, **request: Any) -> Any:
        """Write one item."""
        self.requests["put_item"] += 1
        self._write(request["Item"])
        return {}

    def batch_write_item(self, **request: Any) -> Any:
        """Write up to twenty-five."""
        self.requests["batch_write_item"] += 1
        for writes in request["RequestItems"].values():
            for write in writes:
                self._write(write["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    def get_item(self, **request: Any) -> Any:
        """Read one item."""
        self.requests["get_item"] += 1
        item = self._found(request["Key"])
        self.read += read_units(_size(item), consistent=request.get("ConsistentRead", False))
        return {"Item": item} if item else {}

    def batch_get_item(self, **request: Any) -> Any:
        """Read up to a hundred, each counted alone."""
        self.requests["batch_get_item"] += 1
        responses = {}
        for table, wanted in request["RequestItems"].items():
            responses[table] = [item for key in wanted["Keys"] if (item := self._found(key))]
            consistent = wanted.get("ConsistentRead", False)
            self.read += sum(read_units(_size(item), consistent=consistent) for item in responses[table])
        return {"Responses": responses, "UnprocessedKeys": {}}

    def query(self, **request: Any) -> Any:
        """Read a partition in order; its items are counted together."""
        self.requests["query"] += 1
        partition = self.partitions[request["ExpressionAttributeValues"][":pk"]["S"]]
        items = [partition[sk] for sk in sorted(partition)]
        self.read += read_units(sum(map(_size, items)), consistent=request.get("ConsistentRead", False))
        return {"Items": items}

    def _found(self, key: Any) -> Any:
        return self.partitions.get(key["pk"]["S"], {}).get(key["sk"]["S"])

    def _write(self, item: Any) -> None:
        partition = self.partitions[item["pk"]["S"]]
        self.written += write_units(_size(partition.get(item["sk"]["S"])), _size(item))
        partition[item["sk"]["S"]] = item


def _size(item: Any) -> int:
    return item_size(unmarshal(item)) if item else 0
