"""A webhook's payload of a transaction, in Airtable's shape; for the stand-in's webhooks.

https://airtable.com/developers/web/api/model/webhooks-payload
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from twilio_bridge_local.vendors.airtable.answers import USER_ID
from twilio_bridge_local.vendors.airtable.store import Change, Column, Record, Table, Transaction, iso, stable_id
from twilio_bridge_local.vendors.airtable.webhook_specification import ADD, REMOVE, UPDATE, Specification

Body = dict[str, object]


def milliseconds(moment: datetime) -> str:
    """A time the way Airtable writes it where it counts milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def payload(transaction: Transaction, wanted: Specification) -> Body | None:
    """The payload for a webhook; None if nothing in the transaction is of interest to it."""
    if not wanted.table_data or transaction.source not in wanted.sources:
        return None
    tables: dict[str, list[Change]] = {}
    for change in transaction.changes:
        tables.setdefault(change.table.id, []).append(change)
    found = {table_id: payload for table_id, changes in tables.items() if (payload := _table(changes, wanted))}
    if not found:
        return None
    return {
        "timestamp": milliseconds(transaction.at),
        "baseTransactionNumber": transaction.number,
        "actionMetadata": {"source": transaction.source, "sourceMetadata": {"user": _user()}},
        "payloadFormat": "v0",
        "changedTablesById": found,
    }


def _user() -> Body:
    return {"id": USER_ID, "email": "operator@example.org", "permissionLevel": "create"}


def _table(changes: list[Change], wanted: Specification) -> Body:
    """The changes of one table; those of a view stand one level deeper."""
    table = changes[0].table
    if wanted.scope not in (None, table.id, *table.views):
        return {}
    by_kind: Body = {
        "createdRecordsById": _created(changes, wanted) if ADD in wanted.change_types else {},
        "changedRecordsById": _changed(changes, wanted) if UPDATE in wanted.change_types else {},
        "destroyedRecordIds": _destroyed(changes) if REMOVE in wanted.change_types else [],
    }
    payload = {kind: records for kind, records in by_kind.items() if records}
    return {"changedViewsById": {wanted.scope: payload}} if payload and wanted.scope in table.views else payload


def _created(changes: Iterable[Change], wanted: Specification) -> Body:
    return {
        change.after.id: {"createdTime": iso(change.after.created), "cellValuesByFieldId": cells}
        for change in changes
        if change.before is None and change.after is not None
        if (cells := _told(_cells(change.table, change.after), wanted)) is not None
    }


def _told(cells: Mapping[str, object], wanted: Specification) -> Body | None:
    """The cells of a new record in the payload; None if it has none in a watched field."""
    if wanted.watched is None:
        return dict(cells)
    if not wanted.watched & cells.keys():
        return None
    return {field: value for field, value in cells.items() if field in wanted.watched | wanted.included}


def _changed(changes: Iterable[Change], wanted: Specification) -> Body:
    return {
        change.after.id: payload
        for change in changes
        if change.before is not None and change.after is not None
        if (payload := _difference(change.table, change.before, change.after, wanted))
    }


def _difference(table: Table, before: Record, after: Record, wanted: Specification) -> Body:
    """Previous and unchanged values only where the specification asks for them."""
    old, new = _cells(table, before), _cells(table, after)
    fields = [table.column_id(name) for name in table.columns]
    watched = wanted.watched or frozenset(fields)
    differing = [field for field in fields if old.get(field) != new.get(field) and field in watched | wanted.included]
    if not watched.intersection(differing):
        return {}
    payload = {"current": _values(new, differing)}
    if wanted.previous:
        payload["previous"] = _values(old, differing)
    if unchanged := [field for field in fields if field in wanted.included and field not in differing]:
        payload["unchanged"] = _values(new, unchanged)
    return {**payload}


def _values(cells: Mapping[str, object], fields: Iterable[str]) -> Body:
    """Cells by field; an empty one is null here, though records leave it out."""
    return {"cellValuesByFieldId": {field: cells.get(field) for field in fields}}


def _destroyed(changes: Iterable[Change]) -> list[str]:
    return [change.before.id for change in changes if change.before is not None and change.after is None]


def _cells(table: Table, record: Record) -> Body:
    return {
        table.column_id(column.name): _second_format(column, value)
        for column in table.columns.values()
        if (value := table.value(record, column)) is not None
    }


def _second_format(column: Column, value: object) -> object:
    """Payloads have choices as objects, unlike records: https://airtable.com/developers/web/api/field-model."""
    if column.type == "singleSelect":
        return _choice(column, str(value))
    if column.type == "multipleSelects" and isinstance(value, list):
        return [_choice(column, str(name)) for name in value]
    return value


def _choice(column: Column, name: str) -> Body:
    return {"id": stable_id("sel", column.name, name), "name": name, "color": "blueLight2"}
