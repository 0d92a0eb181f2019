"""Creating, changing and deleting records, one or up to ten at once; for the server.

All of a request is checked before any of it is written: Airtable writes all records or none.
https://airtable.com/developers/web/api/update-multiple-records
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twilio_bridge_local.vendors.airtable.errors import (
    invalid_records,
    invalid_request,
    invalid_value,
    not_found,
    row_does_not_exist,
    unknown_field,
)
from twilio_bridge_local.vendors.airtable.store import PUBLIC_API, Base, Column, Record, Table, is_empty

BATCH = 10
MERGE_ON = 3
TEN_TO_CREATE = 'record objects, each with a "fields" object for cell values'
TEN_TO_UPDATE = 'record objects, each with an "id" ID field and a "fields" object for cell values'

TEXT_TYPES = frozenset(
    {"singleLineText", "multilineText", "email", "url", "phoneNumber", "singleSelect", "date", "dateTime"},
)


@dataclass(frozen=True, slots=True)
class Change:
    """The new cells of a record; without an id, of a new record."""

    id: str | None
    cells: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did: all records, in the order of the request, and the ids of each kind."""

    records: tuple[Record, ...]
    created: tuple[str, ...]
    updated: tuple[str, ...]


def create(base: Base, table: Table, body: Mapping[str, object]) -> list[Record]:
    """New records from `records`, or the one from `fields`."""
    items = _items(body, TEN_TO_CREATE) if "records" in body else [body]
    rows = [cells(item, table, typecast=body.get("typecast") is True) for item in items]
    with base.transaction(PUBLIC_API):
        return [base.create(table, row) for row in rows]


def update_one(
    base: Base,
    table: Table,
    record_id: str,
    body: Mapping[str, object],
    *,
    clear: bool,
) -> Record:
    """Change one record; with `clear` (PUT), what is not given becomes empty."""
    row = cells(body, table, typecast=body.get("typecast") is True)
    with base.transaction(PUBLIC_API):
        if record_id not in table.records:
            raise not_found()
        return base.update(table, record_id, row, clear=clear)


def update_many(base: Base, table: Table, body: Mapping[str, object], *, clear: bool) -> list[Record]:
    """Change up to ten records by their ids."""
    changes = _changes(body, table)
    with base.transaction(PUBLIC_API):
        for change in changes:
            _check_exists(table, change.id)
        return [base.update(table, str(change.id), change.cells, clear=clear) for change in changes]


def upsert(base: Base, table: Table, body: Mapping[str, object], *, clear: bool) -> Upserted:
    """Change the records that agree on the merge columns, and create those that none agrees with."""
    merge_on = _merge_on(body["performUpsert"], table)
    with base.transaction(PUBLIC_API):
        planned = [_resolved(table, change, merge_on) for change in _changes(body, table)]
        records = tuple(
            base.update(table, change.id, change.cells, clear=clear) if change.id else base.create(table, change.cells)
            for change in planned
        )
    pairs = list(zip(planned, records, strict=True))
    return Upserted(
        records,
        created=tuple(record.id for change, record in pairs if not change.id),
        updated=tuple(record.id for change, record in pairs if change.id),
    )


def delete_one(base: Base, table: Table, record_id: str) -> None:
    """Delete one record."""
    with base.transaction(PUBLIC_API):
        if not base.delete(table, record_id):
            raise not_found()


def delete_many(base: Base, table: Table, ids: Sequence[str]) -> None:
    """Delete up to ten records; if one is not there, none is deleted."""
    if not 1 <= len(ids) <= BATCH:
        raise invalid_records("record IDs")
    with base.transaction(PUBLIC_API):
        for record_id in ids:
            _check_exists(table, record_id)
        for record_id in ids:
            base.delete(table, record_id)


def cells(item: Mapping[str, object], table: Table, *, typecast: bool) -> dict[str, object]:
    """The cells of one record in a request, each fit for its column."""
    fields = item.get("fields")
    if not isinstance(fields, dict):
        raise invalid_request()
    found: dict[str, object] = {}
    for name, value in fields.items():
        column = table.column(name)
        if column is None:
            raise unknown_field(name)
        found[column.name] = _fitting(column, value, typecast=typecast)
    return found


def _fitting(column: Column, value: object, *, typecast: bool) -> object:
    if column.computed:
        raise invalid_value(column.name, "a value because the field is computed")
    if is_empty(value) or _fits(column, value):
        return value
    if typecast and isinstance(value, str | int | float):
        return _cast(column, value)
    raise invalid_value(column.name)


def _fits(column: Column, value: object) -> bool:
    if column.type in TEXT_TYPES:
        return isinstance(value, str)
    if column.type == "checkbox":
        return isinstance(value, bool)
    if column.type == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return True


def _cast(column: Column, value: str | float) -> object:
    """Airtable's best effort: https://airtable.com/developers/web/api/create-records (typecast)."""
    if column.type == "checkbox":
        return str(value).strip().lower() in ("true", "1", "yes", "checked")
    if column.type == "number":
        try:
            return float(value)
        except ValueError:
            return None
    return str(value)


def _items(body: Mapping[str, object], wanted: str) -> list[dict[str, object]]:
    items = body.get("records")
    if not isinstance(items, list) or not 1 <= len(items) <= BATCH:
        raise invalid_records(wanted)
    if not all(isinstance(item, dict) for item in items):
        raise invalid_records(wanted)
    return items


def _changes(body: Mapping[str, object], table: Table) -> list[Change]:
    typecast = body.get("typecast") is True
    found: list[Change] = []
    for item in _items(body, TEN_TO_UPDATE):
        record_id = item.get("id")
        if not isinstance(record_id, str) and "performUpsert" not in body:
            raise invalid_records(TEN_TO_UPDATE)
        row = cells(item, table, typecast=typecast)
        found.append(Change(record_id if isinstance(record_id, str) else None, row))
    return found


def _check_exists(table: Table, record_id: str | None) -> None:
    if record_id not in table.records:
        raise row_does_not_exist(str(record_id))


def _merge_on(asked: object, table: Table) -> list[str]:
    names = asked.get("fieldsToMergeOn") if isinstance(asked, dict) else None
    if not isinstance(names, list) or not 1 <= len(names) <= MERGE_ON:
        raise invalid_request("fieldsToMergeOn must name one to three fields")
    columns = [table.column(name) for name in names]
    for name, column in zip(names, columns, strict=True):
        if column is None:
            raise unknown_field(name)
    return [column.name for column in columns if column]


def _resolved(table: Table, change: Change, merge_on: list[str]) -> Change:
    """The change with the id of the record it is for; without an id if it is for a new one."""
    if change.id:
        _check_exists(table, change.id)
        return change
    if not all(name in change.cells for name in merge_on):
        raise invalid_request("every record needs a value for each of fieldsToMergeOn")
    wanted = [change.cells[name] for name in merge_on]
    found = [r.id for r in table.records.values() if [r.cells.get(name) for name in merge_on] == wanted]
    if len(found) > 1:
        raise invalid_request("more than one record matches fieldsToMergeOn")
    return Change(found[0] if found else None, change.cells)
