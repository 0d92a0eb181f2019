"""Where moto's DynamoDB takes longer the more its tables hold, and what makes it answer at once.

- A transaction copies its whole tables first, to take them back where it fails. Here it keeps the items it names.
- A query sorts the whole table, and looks through all of it. Here it begins with its partition, or its index.
- An item measures all of its attributes for each that it takes in. Here it measures each once.
- A size asks for all types of a value. Here that of a text, the most frequent, comes first.
"""

import copy
from inspect import signature
from typing import Any, Final

from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DDBType, DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize

MAX_ITEM_BYTES: Final = 405_000  # as LimitedSizeDict has it

_moto_transacts: Final = DynamoDBBackend.transact_write_items
_moto_queries: Final = Table.query
_moto_measures: Final = DynamoType.size
_QUERY: Final = signature(Table.query)


def speed_up_dynamodb() -> None:
    """Let moto's DynamoDB answer in a time that does not depend on what its tables hold."""
    DynamoDBBackend.transact_write_items = _transact
    Table.query = _query
    Item.__init__ = _fill
    DynamoType.size = _measure


class _WithoutTables:
    """A backend that shows no tables to copy, and does everything else as the real one."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.tables: dict[str, object] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


def _transact(backend: Any, transact_items: list[dict[str, Any]]) -> None:
    """Make the writes of a transaction, or none of them."""
    before = [_remember(backend, write) for item in transact_items for write in item.values()]

    try:
        _moto_transacts(_WithoutTables(backend), transact_items)
    except Exception:
        for table, key, item in filter(None, reversed(before)):
            _put_back(table, key, item)
        raise


def _remember(backend: Any, write: dict[str, Any]) -> tuple[Any, tuple[Any, Any], Any] | None:
    """Return the table and the key of a write and a copy of what stands there; None where no table or key is named."""
    table = backend.tables.get(write.get("TableName"))
    named = write.get("Key") or write.get("Item") or {}
    if table is None or table.hash_key_attr not in named or (table.has_range_key and table.range_key_attr not in named):
        return None

    hash_key = DynamoType(named[table.hash_key_attr])
    range_key = DynamoType(named[table.range_key_attr]) if table.has_range_key else None
    there = table.items.get(hash_key)
    item = there.get(range_key) if there is not None and range_key else there

    return table, (hash_key, range_key), copy.deepcopy(item)


def _put_back(table: Any, key: tuple[Any, Any], item: Any) -> None:
    hash_key, range_key = key
    items, name = (table.items[hash_key], range_key) if range_key else (table.items, hash_key)
    if item is None:
        items.pop(name, None)
    else:
        items[name] = item


def _query(table: Any, *args: object, **named: object) -> Any:
    """Query a view of the table that holds no more than can be found; moto sorts what it finds."""
    asked = _QUERY.bind(table, *args, **named).arguments
    index_name = asked.get("index_name")
    found = _partition(table, asked["hash_key"]) if index_name is None else _indexed(table, index_name)

    view = copy.copy(table)
    view.all_items = lambda: found
    return _moto_queries(view, *args, **named)


def _partition(table: Any, hash_key: Any) -> list[Any]:
    there = table.items.get(hash_key, {})
    return list(there.values()) if table.has_range_key else [there] if there else []


def _indexed(table: Any, index_name: str) -> list[Any]:
    known = {index.name for index in table.all_indexes()}
    found: list[Any] = table.has_idx_items(index_name) if index_name in known else []
    return found


def _fill(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    size = 0
    for name, value in attrs.items():
        attribute = DynamoType(value)
        size += bytesize(name) + attribute.size()
        if size > MAX_ITEM_BYTES:
            raise ItemSizeTooLarge
        dict.__setitem__(item.attrs, name, attribute)


def _measure(value: Any) -> int:
    is_text = value.type == DDBType.STRING and type(value.value) is str
    return len(value.value.encode()) if is_text else _moto_measures(value)
