"""A base's tables, columns and views, where the token may read them (the scope `schema.bases:read`).

https://airtable.com/developers/web/api/get-base-schema
"""

from collections.abc import Mapping
from typing import Any

from twilio_bridge.adapters.airtable.client import READS, AirtableRequests
from twilio_bridge.adapters.state.limiter import AIRTABLE
from twilio_bridge.contacts.columns import TableSchema
from twilio_bridge.errors import RefusedError, UnavailableError


class BaseSchema:
    """The schema of one base."""

    def __init__(self, base_id: str, requests: AirtableRequests) -> None:
        self._requests = requests
        self._url = str(requests.api.build_url("meta", "bases", base_id, "tables"))

    def read_tables(self) -> list[TableSchema]:
        """Return the tables, or raise RefusedError where the token may not read them."""
        answer = self._requests.send_request(lambda: self._requests.api.get(self._url), READS)
        tables = answer.get("tables") if isinstance(answer, dict) else None
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise UnavailableError(AIRTABLE, "a base's schema has no tables")
        return [_to_table(table) for table in tables]

    def find_table(self, name_or_id: str) -> TableSchema | None:
        """Return a table by its name or id; None where it is not there or the token may not know."""
        try:
            tables = self.read_tables()
        except RefusedError:
            return None
        return next((table for table in tables if name_or_id in {table.id, table.name}), None)


def _to_table(table: Mapping[str, Any]) -> TableSchema:
    fields = [field for field in table.get("fields") or [] if isinstance(field, dict)]
    views = [view for view in table.get("views") or [] if isinstance(view, dict)]
    return TableSchema(
        id=str(table.get("id")),
        name=str(table.get("name")),
        types={str(field.get("name")): str(field.get("type")) for field in fields},
        views=frozenset(str(view.get("name")) for view in views),
    )
