"""A DynamoDB table with plain Python values: text, whole numbers, bytes, booleans and sets of text.

Keys are `pk` and `sk`; what has an `expires_at` (epoch seconds) in the past is never returned, though DynamoDB may
take days to remove it. The limits are AWS's own: moto accepts what AWS refuses.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.batches import send_batch, split_into
from twilio_bridge.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
Key = tuple[str, str]
# `Put` or `Update`, and the request's parameters; `a_put` and `an_update` make them.
Write = tuple[str, dict[str, Any]]

MAX_KEYS_PER_READ = 100
MAX_ITEMS_PER_WRITE = 25
MAX_WRITES_PER_TRANSACTION = 100
MAX_TRANSACTION_BYTES = 3_000_000  # AWS takes 4 MB
# Fewer puts are cheaper one by one: a transaction costs twice the units.
MIN_PUTS_PER_TRANSACTION = 20
MAX_PARTITION_KEY_LENGTH = 2048
MAX_SORT_KEY_LENGTH = 1024
MAX_ITEM_BYTES = 400 * 1024
MAX_EXPRESSION_LENGTH = 4096
FORMAT = 1
# Why a transaction was cancelled that may be tried again once its items have been read again.
HOLDS_NOT = "ConditionalCheckFailed"
CHANGED_MEANWHILE = {"ConditionalCheckFailed", "TransactionConflict"}

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def pack(value: object) -> str:
    """Return plain values as JSON as short as can be, for items are billed by their size.

    Half a character (a lone surrogate), which DynamoDB refuses, becomes a question mark.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def unpack(text: str) -> Any:  # noqa: ANN401  whatever was packed
    """Return what `pack` wrote."""
    return json.loads(text)


def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """Turn plain values into DynamoDB's."""
    return {name: _serialize(value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> Item:
    """Turn DynamoDB's values into plain ones."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: Any) -> Any:  # noqa: ANN401  whatever the item holds
    # Nearly all attributes are texts and whole numbers; with the SDK an item of them takes three times as long.
    kind, held = next(iter(value.items()))
    if kind == "S":
        return held
    if kind == "N" and held.isdecimal():
        return int(held)
    found = _deserialize(value)
    return int(found) if isinstance(found, Decimal) else getattr(found, "value", found)  # boto3's Binary has one


def item_size(item: Mapping[str, Any]) -> int:
    """Return an item's size as DynamoDB counts it, in bytes: names and values, numbers roughly."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, (set, frozenset, list)):
        return 3 + sum(1 + _value_size(entry) for entry in value)
    return 1 if isinstance(value, bool) or value is None else 12


def a_put(item: Item, *, when: str | None = None, values: Mapping[str, Any] | None = None) -> Write:
    """Make the write of an item; it counts only where the condition `when` holds."""
    _check_item(item)
    request: dict[str, Any] = {"Item": marshal(item | {"v": FORMAT})}
    if when:
        request["ConditionExpression"] = when
    if values:
        request["ExpressionAttributeValues"] = marshal(values)
    return "Put", request


def an_update(
    key: Key, change: str, values: Mapping[str, Any], *, when: str | None = None, names: Mapping[str, str] | None = None
) -> Write:
    """Make the change of an item; `names` has the attributes whose names cannot stand in an expression, by `#…`."""
    if len(change) > MAX_EXPRESSION_LENGTH:
        raise UnavailableError("dynamodb", "an expression is longer than AWS takes")
    request: dict[str, Any] = {"Key": _key(*key), "UpdateExpression": change}
    if values:
        request["ExpressionAttributeValues"] = marshal(values)
    if when:
        request["ConditionExpression"] = when
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    return "Update", request


class Table:
    """One table; every failure of the outside is an UnavailableError."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, pk: str, sk: str, *, consistent: bool = False) -> Item | None:
        """Return an item, or None."""
        found = self._call("get_item", Key=_key(pk, sk), ConsistentRead=consistent).get("Item")
        return _unexpired(found)

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """Return those of the items that are there, a hundred a request."""
        found: dict[Key, Item] = {}

        def read(wanted: Sequence[Any]) -> list[Any]:
            request = {self._name: {"Keys": wanted, "ConsistentRead": consistent}}
            answer = self._call("batch_get_item", RequestItems=request, table=False)

            items = (_unexpired(raw) for raw in answer["Responses"].get(self._name, []))
            found.update({(item["pk"], item["sk"]): item for item in items if item})
            unprocessed: list[Any] = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            return unprocessed

        for batch in split_into(iter(keys), MAX_KEYS_PER_READ):
            send_batch("dynamodb", [_key(*key) for key in batch], read)
        return found

    def query(self, pk: str, *, consistent: bool = False) -> Iterator[Item]:
        """Return a partition's items in the order of their sort keys."""
        _check(pk, "")
        return self._pages(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=marshal({":pk": pk}),
            ConsistentRead=consistent,
        )

    def query_range(self, pk: str, first: str, last: str, *, consistent: bool = False) -> Iterator[Item]:
        """Return a partition's items whose sort keys are from `first` to `last`, in their order."""
        _check(pk, last)
        return self._pages(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=marshal({":pk": pk, ":first": first, ":last": last}),
            ConsistentRead=consistent,
        )

    def query_index_range(self, index: str, pk: str, first: str, last: str, limit: int) -> list[Item]:
        """Return up to `limit` items of an index's partition from `first` to `last`, as `query_index` does."""
        pages = self._pages(
            IndexName=index,
            KeyConditionExpression=f"{index}pk = :pk AND {index}sk BETWEEN :first AND :last",
            ExpressionAttributeValues=marshal({":pk": pk, ":first": first, ":last": last}),
            Limit=limit,
        )
        return list(islice(pages, limit))

    def query_index(self, index: str, pk: str, below: str, since: str = "") -> Iterator[Item]:
        """Return the items of an index's partition whose sort key is below this one; what was just written may lack.

        Those whose sort key is below `since` are left out.
        """
        own, values = f"{index}sk < :below", {":pk": pk, ":below": below}
        if since:  # both ends are in it
            own, values = f"{index}sk BETWEEN :since AND :below", {**values, ":since": since}
        return self._pages(
            IndexName=index,
            KeyConditionExpression=f"{index}pk = :pk AND {own}",
            ExpressionAttributeValues=marshal(values),
        )

    def scan(self, segment: int, segments: int) -> Iterator[Item]:
        """Return every item of one segment; those of a partition come one after the other."""
        return self._pages("scan", Segment=segment, TotalSegments=segments)

    def _pages(self, operation: str = "query", **request: Any) -> Iterator[Item]:  # noqa: ANN401  DynamoDB's own arguments
        while True:
            answer = self._call(operation, **request)
            yield from (item for raw in answer["Items"] if (item := _unexpired(raw)))
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def put(self, item: Item, *, when: str | None = None, values: Mapping[str, Any] | None = None) -> bool:
        """Write an item; False where the condition `when` does not hold."""
        _, request = a_put(item, when=when, values=values)
        return self._conditional("put_item", request) is not None

    def update(
        self,
        pk: str,
        sk: str,
        change: str,
        values: Mapping[str, Any],
        *,
        when: str | None = None,
        names: Mapping[str, str] | None = None,
        before: bool = False,
    ) -> Item | None:
        """Change an item and return it as it is then, or was `before`; None where `when` does not hold."""
        _, request = an_update((pk, sk), change, values, when=when, names=names)
        answer = self._conditional("update_item", request | {"ReturnValues": "ALL_OLD" if before else "ALL_NEW"})
        return None if answer is None else unmarshal(answer.get("Attributes", {}))

    def delete(self, pk: str, sk: str, *, when: str, values: Mapping[str, Any]) -> bool:
        """Remove an item; False where the condition `when` does not hold."""
        request = {"Key": _key(pk, sk), "ConditionExpression": when, "ExpressionAttributeValues": marshal(values)}
        return self._conditional("delete_item", request) is not None

    def transact(self, writes: Sequence[Write]) -> bool:
        """Make all these writes or none; False where a condition does not hold or somebody else is writing just now."""
        if len(writes) > MAX_WRITES_PER_TRANSACTION:
            raise UnavailableError("dynamodb", "a transaction has more writes than AWS takes")
        items = [{kind: {"TableName": self._name, **request}} for kind, request in writes]
        try:
            self._client.transact_write_items(TransactItems=items)  # type: ignore[arg-type]  # made by a_put, an_update
        except clients.FAILURES as error:
            if CHANGED_MEANWHILE & {*clients.reasons_of(error)}:
                return False
            raise clients.unavailable("dynamodb", error) from error
        return True

    def put_each(self, puts: Sequence[Write]) -> list[bool]:
        """Make puts, each where its own condition holds, and return which of them were made.

        A single request for up to a hundred of them costs twice the units; a few are made one by one.
        """
        if len(puts) < MIN_PUTS_PER_TRANSACTION:
            return [self._conditional("put_item", request) is not None for _, request in puts]
        return [made for chunk in _chunk(puts) for made in self._put_chunk(chunk)]

    def _put_chunk(self, puts: Sequence[Write]) -> list[bool]:
        """Put all at once, then again without those whose condition does not hold.

        Where another writes the same items at this moment they are put one by one.
        """
        open_places = list(range(len(puts)))
        made = [False] * len(puts)
        while open_places:
            reasons = self._try_puts([puts[place] for place in open_places])
            if reasons and not {*reasons} <= {"None", HOLDS_NOT}:
                for place in open_places:
                    made[place] = self._conditional("put_item", puts[place][1]) is not None
                return made
            if not reasons:
                return [place in open_places for place in range(len(puts))]
            open_places = [place for place, reason in zip(open_places, reasons, strict=True) if reason != HOLDS_NOT]
        return made

    def _try_puts(self, puts: Sequence[Write]) -> list[str]:
        """Make all or none; return why none was made, a code for each, or nothing."""
        items = [{kind: {"TableName": self._name, **request}} for kind, request in puts]
        try:
            self._client.transact_write_items(TransactItems=items)  # type: ignore[arg-type]  # made by a_put
        except clients.FAILURES as error:
            if reasons := clients.reasons_of(error):
                return reasons
            raise clients.unavailable("dynamodb", error) from error
        return []

    def put_many(self, items: Iterable[Item]) -> int:
        """Write items, twenty-five a request, and return how many there were."""
        count = 0
        for batch in split_into(map(_put_request, items), MAX_ITEMS_PER_WRITE):
            send_batch("dynamodb", batch, self._write)
            count += len(batch)
        return count

    def delete_many(self, keys: Iterable[Key]) -> None:
        """Delete items, twenty-five a request; one that is not there is no failure."""
        requests = ({"DeleteRequest": {"Key": _key(*key)}} for key in dict.fromkeys(keys))
        for batch in split_into(requests, MAX_ITEMS_PER_WRITE):
            send_batch("dynamodb", batch, self._write)

    def _write(self, waiting: Sequence[Any]) -> list[Any]:
        answer = self._call("batch_write_item", RequestItems={self._name: waiting}, table=False)
        unprocessed: list[Any] = answer.get("UnprocessedItems", {}).get(self._name, [])
        return unprocessed

    def _conditional(self, operation: str, request: dict[str, Any]) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(TableName=self._name, **request)
        except clients.FAILURES as error:
            if clients.code_of(error) == "ConditionalCheckFailedException":
                return None
            raise clients.unavailable("dynamodb", error) from error
        return answer

    def _call(self, operation: str, *, table: bool = True, **request: Any) -> dict[str, Any]:  # noqa: ANN401
        if table:
            request["TableName"] = self._name
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**request)
        except clients.FAILURES as error:
            raise clients.unavailable("dynamodb", error) from error
        return answer


def _chunk(puts: Sequence[Write]) -> Iterator[list[Write]]:
    """Return puts in transactions' worth, in order: so many, so large, and no item twice."""
    chunk: list[Write] = []
    keys: set[str] = set()
    size = 0
    for put in puts:
        item = put[1]["Item"]
        key, own = f"{item['pk']['S']} {item['sk']['S']}", len(str(item))
        if len(chunk) == MAX_WRITES_PER_TRANSACTION or size + own > MAX_TRANSACTION_BYTES or key in keys:
            yield chunk
            chunk, keys, size = [], set(), 0
        chunk.append(put)
        keys.add(key)
        size += own
    if chunk:
        yield chunk


def _put_request(item: Item) -> dict[str, Any]:
    _check_item(item)
    return {"PutRequest": {"Item": marshal(item | {"v": FORMAT})}}


def _key(pk: str, sk: str) -> dict[str, Any]:
    _check(pk, sk)
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _check(pk: str, sk: str) -> None:
    if len(pk.encode()) > MAX_PARTITION_KEY_LENGTH or len(sk.encode()) > MAX_SORT_KEY_LENGTH:
        raise UnavailableError("dynamodb", "a key is longer than AWS takes")


def _check_item(item: Item) -> None:
    _check(item["pk"], item["sk"])
    if item_size(item | {"v": FORMAT}) > MAX_ITEM_BYTES:
        raise UnavailableError("dynamodb", "an item is larger than AWS takes")


def _unexpired(raw: Mapping[str, Any] | None) -> Item | None:
    item = unmarshal(raw) if raw else None
    return None if item is None or item.get("expires_at", time.time() + 1) <= time.time() else item
