"""Messages' outcomes in the records of the view that a campaign was read from.

https://airtable.com/developers/web/api/update-multiple-records: ten records a request.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from twilio_bridge.adapters.airtable.client import READS, AirtableRequests
from twilio_bridge.adapters.state.limiter import AIRTABLE
from twilio_bridge.errors import ColumnsGoneError, RefusedError
from twilio_bridge.messages.campaign import CampaignSettings
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending.write_back import describe_outcome

# A record that was deleted meanwhile: the request is refused as a whole.
NOT_THERE = {403, 404, 422}


class AirtableResults:
    """The port ResultBook; `columns` names the columns of `status`, `error` and `sid`, empty for none.

    A column that the table lacks is left out; where it lacks all of them, nothing can be written.
    """

    rows_per_write = 10

    def __init__(self, base_id: str, requests: AirtableRequests, columns: Mapping[str, str]) -> None:
        self._base_id = base_id
        self._requests = requests
        self._columns = {name: column for name, column in columns.items() if column}

    def write_results(self, settings: CampaignSettings, rows: Sequence[Row]) -> None:
        """Write all at once; where one record is refused, each by itself."""
        try:
            self._write(settings, rows)
        except ColumnsGoneError:
            raise
        except RefusedError as error:
            if error.code not in NOT_THERE or len(rows) == 1:
                raise
            self._write_each(settings, rows, error)

    def _write_each(self, settings: CampaignSettings, rows: Sequence[Row], refusal: RefusedError) -> None:
        """Leave out the records that are refused; where every one is, it is not the records."""
        refused = 0
        for row in rows:
            try:
                self._write(settings, [row])
            except RefusedError as error:
                if error.code not in NOT_THERE:
                    raise
                refused += 1
        if refused == len(rows):
            raise refusal

    def _write(self, settings: CampaignSettings, rows: Sequence[Row]) -> None:
        while self._columns:
            try:
                self._send(settings, rows)
            except ColumnsGoneError as error:
                gone = {name.casefold() for name in error.columns}
                left = {name: column for name, column in self._columns.items() if column.casefold() not in gone}
                if len(left) == len(self._columns):
                    raise
                self._columns = left
            else:
                return
        raise RefusedError(AIRTABLE, "the table has none of the columns of messages.result_columns")

    def _send(self, settings: CampaignSettings, rows: Sequence[Row]) -> None:
        url = str(self._requests.api.table(self._base_id, settings.source.table).urls.records)
        records = [{"id": row.origin, "fields": self._cells(row)} for row in rows]
        body: dict[str, Any] = {"records": records, "typecast": True}
        self._requests.send_request(lambda: self._requests.api.patch(url, json=body), READS)

    def _cells(self, row: Row) -> dict[str, str]:
        error = f"{row.error_code} {row.error_message}".strip() if row.error_code or row.error_message else ""
        known = {"status": describe_outcome(row), "error": error, "sid": row.sid}
        return {column: known[name] for name, column in self._columns.items()}
