"""How records and a base's schema look in Airtable's answers; for the server."""

from collections.abc import Iterable

from twilio_bridge_local.vendors.airtable.store import Base, Column, Record, Table, iso, stable_id

SCOPES = ("data.records:read", "data.records:write", "schema.bases:read")
WEBHOOK_SCOPE = "webhook:manage"
USER_ID = stable_id("usr", "stand-in")


def record_answer(table: Table, record: Record, fields: Iterable[Column] | None = None) -> dict[str, object]:
    """A record; empty cells are left out, as Airtable leaves them out."""
    columns = table.columns.values() if fields is None else fields
    cells = {c.name: value for c in columns if (value := table.value(record, c)) is not None}
    return {"id": record.id, "createdTime": iso(record.created), "fields": cells}


def whoami_answer(*, webhooks_allowed: bool) -> dict[str, object]:
    """The token's owner: https://airtable.com/developers/web/api/get-user-id-scopes."""
    scopes = [*SCOPES, WEBHOOK_SCOPE] if webhooks_allowed else [*SCOPES]
    return {"id": USER_ID, "scopes": scopes}


def bases_answer(base_id: str) -> dict[str, object]:
    """The only base there is: https://airtable.com/developers/web/api/list-bases."""
    return {"bases": [{"id": base_id, "name": "Contacts", "permissionLevel": "create"}]}


def schema_answer(base: Base) -> dict[str, object]:
    """All tables: https://airtable.com/developers/web/api/get-base-schema."""
    return {"tables": [_table_answer(table) for table in base.tables.values()]}


def _table_answer(table: Table) -> dict[str, object]:
    fields = [{"id": table.column_id(c.name), "name": c.name, "type": c.type} for c in table.columns.values()]
    return {
        "id": table.id,
        "name": table.name,
        "primaryFieldId": fields[0]["id"] if fields else "",
        "fields": fields,
        "views": [{"id": view_id, "name": view, "type": "grid"} for view_id, view in table.views.items()],
    }
