"""DynamoDB as dictionaries in this process, for tests that copy it a thousand times, and for benchmarks.

Conditions hold and changes are made as at AWS; moto does the same, but takes its time. One client is one table.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.dynamodb_expressions import changed, holds
from twilio_bridge.adapters.aws.dynamodb import Table, marshal, unmarshal

REFUSED = "ConditionalCheckFailed"


def _partitions() -> defaultdict[str, dict[str, Any]]:
    return defaultdict(dict)


@dataclass
class Dictionary:
    """What `Table` uses of a DynamoDB client, over items by their keys."""

    partitions: defaultdict[str, dict[str, Any]] = field(default_factory=_partitions)

    @property
    def table(self) -> Table:
        """Return a table that is written and read through this client."""
        return Table(self, "table")  # type: ignore[arg-type]  # it has what a client has that is used

    def put_item(self, **request: Any) -> Any:
        """Write one item where its condition holds."""
        self._check("PutItem", request)
        self._keep(request["Item"])
        return {}

    def update_item(self, **request: Any) -> Any:
        """Change one item where its condition holds, and give it as it was or as it is."""
        self._check("UpdateItem", request)
        before = self._found(request["Key"]) or {}
        after = self._updated(request)
        self._keep(after)
        return {"Attributes": before if request.get("ReturnValues") == "ALL_OLD" else after}

    def delete_item(self, **request: Any) -> Any:
        """Remove one item where its condition holds."""
        self._check("DeleteItem", request)
        self.partitions[request["Key"]["pk"]["S"]].pop(request["Key"]["sk"]["S"], None)
        return {}

    def transact_write_items(self, **request: Any) -> Any:
        """Make all these writes or none."""
        writes = [write for item in request["TransactItems"] for write in item.values()]
        reasons = [{"Code": "None" if self._holds(write) else REFUSED} for write in writes]
        if {"Code": REFUSED} in reasons:
            code = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(code, "TransactWriteItems")  # type: ignore[arg-type]  # the stubs lack the reasons
        for write in writes:
            self._keep(write.get("Item") or self._updated(write))
        return {}

    def batch_write_item(self, **request: Any) -> Any:
        """Write up to twenty-five, one after the other."""
        for writes in request["RequestItems"].values():
            for write in writes:
                if "PutRequest" in write:
                    self.put_item(Item=write["PutRequest"]["Item"])
                else:
                    key = write["DeleteRequest"]["Key"]
                    self.partitions[key["pk"]["S"]].pop(key["sk"]["S"], None)
        return {}

    def get_item(self, **request: Any) -> Any:
        """Read one item."""
        item = self._found(request["Key"])
        return {"Item": item} if item else {}

    def batch_get_item(self, **request: Any) -> Any:
        """Read up to a hundred."""
        found = {
            name: [item for key in wanted["Keys"] if (item := self._found(key))]
            for name, wanted in request["RequestItems"].items()
        }
        return {"Responses": found}

    def query(self, **request: Any) -> Any:
        """Read a partition in order."""
        partition = self.partitions.get(request["ExpressionAttributeValues"][":pk"]["S"], {})
        return {"Items": [partition[sk] for sk in sorted(partition)[: request.get("Limit")]]}

    def scan(self, **request: Any) -> Any:
        """Read every partition of a segment, one after the other."""
        own = [pk for pk in self.partitions if hash(pk) % request["TotalSegments"] == request["Segment"]]
        return {"Items": [item for pk in own for item in self.partitions[pk].values()]}

    def _found(self, key: Any) -> Any:
        return self.partitions.get(key["pk"]["S"], {}).get(key["sk"]["S"])

    def _keep(self, item: Any) -> None:
        self.partitions[item["pk"]["S"]][item["sk"]["S"]] = item

    def _updated(self, request: Any) -> Any:
        before = unmarshal(self._found(request["Key"]) or request["Key"])
        values = unmarshal(request["ExpressionAttributeValues"])
        names = request.get("ExpressionAttributeNames", {})
        return marshal(changed(request["UpdateExpression"], before, values, names))

    def _holds(self, request: Any) -> bool:
        there = self._found(request.get("Key") or request["Item"])
        values = unmarshal(request.get("ExpressionAttributeValues", {}))
        return holds(request.get("ConditionExpression", ""), unmarshal(there or {}), values)

    def _check(self, operation: str, request: Any) -> None:
        if not self._holds(request):
            raise ClientError({"Error": {"Code": f"{REFUSED}Exception"}}, operation)


class LockedDictionary(Dictionary):
    """The same, atomic for the threads of a test, too."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def update_item(self, **request: Any) -> Any:
        """Change one item at a time."""
        with self._lock:
            return super().update_item(**request)

    def get_item(self, **request: Any) -> Any:
        """Read while nobody writes."""
        with self._lock:
            return super().get_item(**request)
