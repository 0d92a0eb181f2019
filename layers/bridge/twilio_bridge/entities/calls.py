"""What a caller asks of an entity, checked: the names are those of Google's connectors task, where it has them.

https://cloud.google.com/application-integration/docs/configure-connectors-task
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from twilio_bridge.entities.errors import UnknownParameterError, suggestion
from twilio_bridge.entities.registry import nearest_names
from twilio_bridge.errors import BadRequestError

OPERATIONS: Final = ("list", "get", "create", "update", "delete", "describe", "query")
PAGE_SIZE: Final = 25
MAX_PAGE_SIZE: Final = 1_000
MAX_REQUEST_COUNT: Final = 1_000
LIST_REQUEST_COUNT: Final = 100
MAX_AFFECTED: Final = 1
MAX_AFFECTED_LIMIT: Final = 1_000
QUERY_SECONDS: Final = 180
QUERY_ROWS: Final = 25
MAX_QUERY_ROWS: Final = 10_000
_ALIASES: Final = {
    "pageSize": "listEntitiesPageSize",
    "pageToken": "listEntitiesPageToken",
    "listEntitiesNextPageToken": "listEntitiesPageToken",
    "sortBy": "listEntitiesSortByColumns",
    "query": "statement",
    "queryParameters": "parameters",
}


@dataclass(frozen=True, slots=True)
class EntityCall:
    """One call; what its operation does not use is empty."""

    entity: str
    operation: str
    entity_id: str = ""
    filter_clause: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    page_size: int = PAGE_SIZE
    page_token: str = ""
    sort_by: str = ""
    descending: bool = False
    fields: tuple[str, ...] = ()
    account: str = ""
    dry_run: bool = False
    max_affected: int = MAX_AFFECTED
    max_requests: int = LIST_REQUEST_COUNT
    flags: frozenset[str] = frozenset()
    statement: str = ""
    parameters: tuple[Any, ...] | Mapping[str, Any] = ()
    timeout_s: int = QUERY_SECONDS
    max_rows: int = QUERY_ROWS


def parse_call(entity: str, operation: str, body: Mapping[str, Any]) -> EntityCall:
    """Return a call; raise BadRequestError that names what is wrong with it."""
    verb = operation.lower()
    if verb not in OPERATIONS:
        nearest = nearest_names(operation, OPERATIONS)
        remedy = suggestion(nearest) if nearest else f"there are {', '.join(OPERATIONS)}"
        raise BadRequestError(f"there is no operation {operation!r}; {remedy}")
    given = _known(body, verb)
    return EntityCall(
        entity=entity,
        operation=verb,
        entity_id=_text(given, "entityId"),
        filter_clause=_text(given, "filterClause"),
        payload=_payload(given.get("connectorInputPayload")),
        page_size=_number(given, "listEntitiesPageSize", PAGE_SIZE, MAX_PAGE_SIZE),
        page_token=_text(given, "listEntitiesPageToken"),
        sort_by=_sort_column(given.get("listEntitiesSortByColumns")),
        descending=_is_descending(given),
        fields=_names(given.get("fields"), "fields"),
        account=_text(given, "account"),
        dry_run=_flag(given, "dryRun"),
        max_affected=_number(given, "maxAffected", MAX_AFFECTED, MAX_AFFECTED_LIMIT),
        max_requests=_number(given, "maxRequests", _requests_of(verb), MAX_REQUEST_COUNT),
        flags=frozenset({"allowPurchase"} if _flag(given, "allowPurchase") else ()),
        statement=_text(given, "statement"),
        parameters=_parameters(given.get("parameters")),
        timeout_s=_number(given, "timeout", QUERY_SECONDS, QUERY_SECONDS),
        max_rows=_number(given, "maxRows", QUERY_ROWS, MAX_QUERY_ROWS),
    )


_KNOWN: Final = (
    "entityId",
    "filterClause",
    "connectorInputPayload",
    "listEntitiesPageSize",
    "listEntitiesPageToken",
    "listEntitiesSortByColumns",
    "sortOrder",
    "fields",
    "account",
    "dryRun",
    "maxAffected",
    "maxRequests",
    "allowPurchase",
    "statement",
    "parameters",
    "timeout",
    "maxRows",
)


def _known(body: Mapping[str, Any], verb: str) -> dict[str, Any]:
    given = {_ALIASES.get(name, name): value for name, value in body.items() if value is not None}
    if unknown := next((name for name in given if name not in _KNOWN), None):
        raise UnknownParameterError(unknown, verb, nearest_names(unknown, _KNOWN))
    return given


def _requests_of(verb: str) -> int:
    return MAX_REQUEST_COUNT if verb == "query" else LIST_REQUEST_COUNT


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise BadRequestError(f"{name} is a text")
    return value.strip() if name != "filterClause" else value


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise BadRequestError(f"{name} is true or false")
    return value


def _number(given: Mapping[str, Any], name: str, default: int, largest: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= largest:
        raise BadRequestError(f"{name} is a number from 1 to {largest:,}")
    return value


def _payload(given: object) -> Mapping[str, Any]:
    """Return connectorInputPayload: an object, or its JSON text as connectors hand it on."""
    if given is None or given == "":
        return {}
    try:
        payload = json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        payload = None
    if not isinstance(payload, dict):
        raise BadRequestError('connectorInputPayload is an object, such as {"Body": "…"}')
    return payload


def _names(given: object, name: str) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given or []
    if not isinstance(names, list) or not all(isinstance(each, str) and each.strip() for each in names):
        raise BadRequestError(f"{name} is a list of column names")
    return tuple(each.strip() for each in names)


def _sort_column(given: object) -> str:
    names = _names(given, "listEntitiesSortByColumns")
    if len(names) > 1:
        raise BadRequestError("listEntitiesSortByColumns takes one column")
    return names[0] if names else ""


def _is_descending(given: Mapping[str, Any]) -> bool:
    order = given.get("sortOrder", "asc")
    if str(order).lower() not in {"asc", "desc"}:
        raise BadRequestError("sortOrder is asc or desc")
    return str(order).lower() == "desc"


def _parameters(given: object) -> tuple[Any, ...] | Mapping[str, Any]:
    if given is None:
        return ()
    values = list(given.values()) if isinstance(given, dict) else given
    if not isinstance(values, list) or not all(each is None or isinstance(each, str | int | float) for each in values):
        raise BadRequestError("parameters is a list of texts, numbers, true, false or null")
    return given if isinstance(given, dict) else tuple(values)
