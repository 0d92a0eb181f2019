"""Which changes a webhook asks for; read from a request, for the stand-in's webhooks.

Tables, views and fields are named by id. https://airtable.com/developers/web/api/model/webhooks-specification
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from twilio_bridge_local.vendors.airtable.errors import invalid_request
from twilio_bridge_local.vendors.airtable.store import CLIENT, PUBLIC_API, Base

TABLE_DATA = "tableData"
ADD, REMOVE, UPDATE = "add", "remove", "update"
DATA_TYPES = (TABLE_DATA, "tableFields", "tableMetadata")
CHANGE_TYPES = (ADD, REMOVE, UPDATE)
SOURCES = (
    *(CLIENT, PUBLIC_API, "formSubmission", "formPageSubmission"),
    *("automation", "system", "sync", "anonymousUser", "unknown"),
)


@dataclass(frozen=True, slots=True)
class Specification:
    """The filters and includes of one webhook.

    Attributes:
        given: The specification as it was sent, for the list of webhooks.
        table_data: Whether changes of records are watched at all; nothing else changes here.
        scope: The only table or view that is watched; None for all.
        watched: The fields whose changes count; None for all.
        included: The fields whose values are sent though they did not change.
        previous: Whether the old values are sent too.
    """

    given: Mapping[str, object]
    table_data: bool
    scope: str | None
    change_types: frozenset[str]
    sources: frozenset[str]
    watched: frozenset[str] | None
    included: frozenset[str]
    previous: bool


def specification(given: object, base: Base) -> Specification:
    """The specification in a request's body, checked against the base."""
    options = _object(_object(given, "specification").get("options"), "specification.options")
    filters = _object(options.get("filters"), "filters")
    includes = _object(options.get("includes") or {}, "includes")
    fields = _field_ids(base)
    data_types = _some(filters, "dataTypes", DATA_TYPES, ())
    if not data_types:
        raise invalid_request("dataTypes must name at least one of " + ", ".join(DATA_TYPES))
    return Specification(
        given={"options": options},
        table_data=TABLE_DATA in data_types,
        scope=_scope(filters.get("recordChangeScope"), base),
        change_types=_some(filters, "changeTypes", CHANGE_TYPES, CHANGE_TYPES),
        sources=_some(filters, "fromSources", SOURCES, SOURCES),
        watched=_some(filters, "watchDataInFieldIds", fields, ()) or None,
        included=_included(includes, fields),
        previous=includes.get("includePreviousCellValues") is True,
    )


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise invalid_request(f"{name} must be an object")
    return value


def _some(holder: Mapping[str, object], name: str, known: Collection[str], default: Collection[str]) -> frozenset[str]:
    """The names in a list, each of them known; an empty or missing list is the default."""
    value = holder.get(name) or []
    if not isinstance(value, list) or not all(item in known for item in value):
        raise invalid_request(f"{name} has a value that is not known")
    return frozenset(value or default)


def _scope(value: object, base: Base) -> str | None:
    known = {known_id for table in base.tables.values() for known_id in (table.id, *table.views)}
    if value is None:
        return None
    if not isinstance(value, str) or value not in known:
        raise invalid_request("recordChangeScope must be the id of a table or a view")
    return value


def _included(includes: Mapping[str, object], fields: Collection[str]) -> frozenset[str]:
    if includes.get("includeCellValuesInFieldIds") == "all":
        return frozenset(fields)
    return _some(includes, "includeCellValuesInFieldIds", fields, ())


def _field_ids(base: Base) -> frozenset[str]:
    return frozenset(table.column_id(name) for table in base.tables.values() for name in table.columns)
