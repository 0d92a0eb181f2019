"""All rows of any table in the base, as texts; a hundred records a request, behind everybody who waits.

https://airtable.com/developers/web/api/list-records
"""

from collections.abc import Iterator, Mapping
from typing import Any

from twilio_bridge.adapters.airtable.cells import format_long_cell
from twilio_bridge.adapters.airtable.client import READS, AirtableRequests
from twilio_bridge.adapters.state.limiter import AIRTABLE
from twilio_bridge.errors import UnavailableError

RECORDS_PER_PAGE = 100


class AirtableTableRows:
    """The rows of one base's tables; a cell that is empty is left out, for Airtable leaves it out, too."""

    def __init__(self, base_id: str, requests: AirtableRequests) -> None:
        self._base_id = base_id
        self._requests = requests

    def list_rows(self, table_name: str) -> Iterator[Mapping[str, str]]:
        """Yield each record's cells by column; StaleOffsetError where the listing expired on the way."""
        url = str(self._requests.api.table(self._base_id, table_name).urls.records)
        offset: str | None = ""
        while offset is not None:
            records, offset = self._list_page(url, offset)
            for record in records:
                yield {name: format_long_cell(cell) for name, cell in record["fields"].items()}

    def _list_page(self, url: str, offset: str) -> tuple[list[Any], str | None]:
        options: dict[str, Any] = {"page_size": RECORDS_PER_PAGE} | ({"offset": offset} if offset else {})
        page = self._requests.send_request(lambda: self._requests.api.get(url, options=options), READS)
        records = page.get("records") if isinstance(page, dict) else None
        if not isinstance(page, dict) or not isinstance(records, list):
            raise UnavailableError(AIRTABLE, "a listing holds no records")
        return records, page.get("offset")
