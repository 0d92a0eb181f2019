"""Where moto's DynamoDB and SQS take longer the more they hold, and what makes them answer at once.

- A transaction copies its whole tables first, to take them back where it fails. Here it keeps the items it names.
- A query sorts the whole table, and looks through all of it. Here it begins with its partition, or its index.
- An answer looks up each of the ten types of each attribute, under several names. Here it looks at the one there is.
- A request lists all that DynamoDB can do anew, and looks through moto's folders for its service. Here both are kept.
- An update's clauses are counted anew below each part of its expression. Here they are counted once.
- SQS counts a queue's messages for each message that it takes or hands out, and reads the clock for each of them.
  Here it counts by one look at the clock, and does not count where a message's age is asked for.
"""

import copy
import time
from functools import cache
from inspect import signature
from typing import Any, Final

import moto.core.responses
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class, unix_time_millis
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.validators import ActionCountValidator
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.sqs.models import Queue, SQSBackend

_moto_transacts: Final = DynamoDBBackend.transact_write_items
_moto_queries: Final = Table.query
_moto_finds_service: Final = DomainDispatcherApplication.get_backend_for_host
_QUERY: Final = signature(Table.query)
_moto_serializes: Final = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001  moto has no other


def speed_up_moto() -> None:
    """Let moto answer in a time that does not depend on what its tables hold."""
    DynamoDBBackend.transact_write_items = _transact
    Table.query = _query
    ActionCountValidator.traverse = ActionCountValidator.verify_action_counts
    BaseJSONSerializer._serialize_type_structure = _serialize  # noqa: SLF001  moto has no other
    moto.core.responses.method_names_from_class = cache(method_names_from_class)
    DomainDispatcherApplication.get_backend_for_host = _find_service
    SQSBackend.is_message_valid_based_on_retention_period = _is_kept
    Queue.messages = property(_visible)
    Queue.approximate_number_of_messages_delayed = property(_count_delayed)
    Queue.approximate_number_of_messages_not_visible = property(_count_hidden)


def _find_service(dispatcher: Any, host: str | None) -> str | None:  # noqa: ANN401  moto has no types
    found: dict[str | None, str | None] = dispatcher.__dict__.setdefault("_found", {})
    if host not in found:
        found[host] = _moto_finds_service(dispatcher, host)
    return found[host]


def _is_kept(backend: Any, queue_name: str, message: Any) -> bool:  # noqa: ANN401  moto has no types
    """Whether a message is not older than its queue keeps one."""
    kept_s: int = backend.get_queue(queue_name).message_retention_period
    sent_at: float = message.sent_timestamp / 1000
    return sent_at + kept_s > time.time()


def _visible(queue: Any) -> list[Any]:  # noqa: ANN401  same
    """Return the messages that may be received."""
    now = unix_time_millis()
    return [each for each in queue._messages if each.visible_at < now >= each.delayed_until]  # noqa: SLF001  same


def _count_delayed(queue: Any) -> int:  # noqa: ANN401  same
    now = unix_time_millis()
    return sum(now < each.delayed_until for each in queue._messages)  # noqa: SLF001  same


def _count_hidden(queue: Any) -> int:  # noqa: ANN401  same
    now = unix_time_millis()
    return sum(now <= each.visible_at for each in queue._messages)  # noqa: SLF001  same


class _WithoutTables:
    """A backend that shows no tables to copy, and does everything else as the real one."""

    def __init__(self, backend: Any) -> None:  # noqa: ANN401  moto has no types
        self._backend = backend
        self.tables: dict[str, object] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  same
        return getattr(self._backend, name)


def _transact(backend: Any, transact_items: list[dict[str, Any]]) -> None:  # noqa: ANN401  same
    """Make the writes of a transaction, or none of them."""
    before = [_remember(backend, write) for item in transact_items for write in item.values()]

    try:
        _moto_transacts(_WithoutTables(backend), transact_items)
    except Exception:
        for table, key, item in filter(None, reversed(before)):
            _put_back(table, key, item)
        raise


def _remember(backend: Any, write: dict[str, Any]) -> tuple[Any, tuple[Any, Any], Any] | None:  # noqa: ANN401  same
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


def _put_back(table: Any, key: tuple[Any, Any], item: Any) -> None:  # noqa: ANN401  same
    hash_key, range_key = key
    items, name = (table.items[hash_key], range_key) if range_key else (table.items, hash_key)
    if item is None:
        items.pop(name, None)
    else:
        items[name] = item


def _query(table: Any, *args: object, **named: object) -> Any:  # noqa: ANN401  same
    """Query a view of the table that holds no more than can be found; moto sorts what it finds."""
    asked = _QUERY.bind(table, *args, **named).arguments
    index_name = asked.get("index_name")
    found = _partition(table, asked["hash_key"]) if index_name is None else _indexed(table, index_name)

    view = copy.copy(table)
    view.all_items = lambda: found
    return _moto_queries(view, *args, **named)


def _partition(table: Any, hash_key: Any) -> list[Any]:  # noqa: ANN401  same
    there = table.items.get(hash_key, {})
    return list(there.values()) if table.has_range_key else [there] if there else []


def _indexed(table: Any, index_name: str) -> list[Any]:  # noqa: ANN401  same
    known = {index.name for index in table.all_indexes()}
    found: list[Any] = table.has_idx_items(index_name) if index_name in known else []
    return found


def _serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:  # noqa: ANN401  same
    """Serialize what an attribute's value has; anything else as moto does."""
    if shape.name != "AttributeValue" or type(value) is not dict or not value.keys() <= shape.members.keys():
        _moto_serializes(serializer, serialized, value, shape, key)
        return

    wrapper: dict[str, object] = serializer.MAP_TYPE()
    for name, member in value.items():
        if member is not None:
            serializer._serialize(wrapper, member, shape.members[name], name)  # noqa: SLF001  moto has no other
    serializer._default_serialize(serialized, wrapper, shape, key)  # noqa: SLF001  same
