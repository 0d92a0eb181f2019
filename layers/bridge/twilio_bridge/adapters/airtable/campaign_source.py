"""Campaigns' rows out of a view in Airtable, a page of a hundred records a request, behind everybody who waits.

https://airtable.com/developers/web/api/list-records
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twilio_bridge.adapters.airtable.base_schema import BaseSchema
from twilio_bridge.adapters.airtable.cells import format_long_cell, is_opted_out
from twilio_bridge.adapters.airtable.client import READS, AirtableRequests
from twilio_bridge.adapters.state.limiter import AIRTABLE
from twilio_bridge.errors import (
    BadRequestError,
    ColumnsGoneError,
    RefusedError,
    StaleOffsetError,
    UnavailableError,
    ViewGoneError,
)
from twilio_bridge.messages.campaign import Source
from twilio_bridge.messages.ports import Described, SourceRow

RECORDS_PER_PAGE = 100
NOT_FOUND = {403, 404}


class AirtableCampaignSource:
    """The port RowSources for views; `opt_out` is the column of opt-outs where the table has one."""

    def __init__(self, base_id: str, requests: AirtableRequests, opt_out: str) -> None:
        self._base_id = base_id
        self._requests = requests
        self._opt_out = opt_out

    def describe(self, source: Source, columns: Sequence[str]) -> Described:
        """Ask for the first record with the columns wanted; one that is not there is left out of those returned."""
        present = list(dict.fromkeys(columns))
        try:
            while present:
                try:
                    self._list(source, present, "", 1)
                except ColumnsGoneError as error:
                    gone = {name.casefold() for name in error.columns}
                    left = [name for name in present if name.casefold() not in gone]
                    if left == present:
                        raise
                    present = left
                else:
                    break
        except ViewGoneError:
            return Described(source, faults=(f"source.airtable.view: the table has no view {source.view}",))
        except RefusedError as error:
            if error.code not in NOT_FOUND:
                raise
            return Described(source, faults=(f"source.airtable.table: {source.table} cannot be read; {error}",))
        return Described(source, tuple(self._list_columns(source) or present))

    def _list_columns(self, source: Source) -> list[str]:
        """Return all columns where the token may know them, for the error that names them."""
        table = BaseSchema(self._base_id, self._requests).find_table(source.table)
        return list(table.types) if table else []

    def read_rows(self, source: Source, columns: Sequence[str], place: str) -> Iterator[SourceRow]:
        """Read page after page; a place is a page's offset and how many of its records are done."""
        offset, done = _read_place(place)
        fields = list(dict.fromkeys([*columns, *self._find_opt_out(source)]))

        while True:
            try:
                records, following = self._list(source, fields, offset, RECORDS_PER_PAGE)
            except StaleOffsetError as error:
                cause = "the view's listing expired before all was planned; nothing was sent, begin another campaign"
                raise RefusedError(AIRTABLE, cause) from error

            for number, record in enumerate(records[done:], done + 1):
                is_last = number == len(records) and following
                after = json.dumps([following, 0] if is_last else [offset, number])
                yield self._row(record, columns, after)
            if not following:
                return
            offset, done = following, 0

    def _find_opt_out(self, source: Source) -> list[str]:
        if not self._opt_out:
            return []
        try:
            self._list(source, [self._opt_out], "", 1)
        except ColumnsGoneError:
            return []
        return [self._opt_out]

    def _row(self, record: Mapping[str, Any], columns: Sequence[str], place_after: str) -> SourceRow:
        cells = record["fields"]
        values = {name: format_long_cell(cells.get(name)) for name in columns}
        is_out = bool(self._opt_out) and is_opted_out(cells.get(self._opt_out))
        return SourceRow(record["id"], values, place_after, is_opted_out=is_out)

    def _list(self, source: Source, fields: Sequence[str], offset: str, size: int) -> tuple[list[Any], str]:
        table = self._requests.api.table(self._base_id, source.table)
        options: dict[str, Any] = {"page_size": size, "fields": list(fields)}
        options |= {"view": source.view} if source.view else {}
        options |= {"offset": offset} if offset else {}
        urls = (str(table.urls.records), ("POST", str(table.urls.records_post)))

        answer = self._requests.send_request(
            lambda: self._requests.api.get(urls[0], fallback=urls[1], options=options), READS
        )
        records = answer.get("records") if isinstance(answer, dict) else None
        if not isinstance(records, list) or not all(map(_is_record, records)):
            raise UnavailableError(AIRTABLE, "a listing holds no records")
        return records, str(answer.get("offset") or "")  # type: ignore[union-attr]  # it is a dict


def _read_place(place: str) -> tuple[str, int]:
    """Return a page's offset and how many of its records are done; BadRequestError where the place is none of ours."""
    try:
        offset, done = json.loads(place) if place else ("", 0)
    except (ValueError, TypeError) as error:
        raise BadRequestError("the page does not belong to this view") from error
    if not isinstance(offset, str) or not isinstance(done, int) or not 0 <= done <= RECORDS_PER_PAGE:
        raise BadRequestError("the page does not belong to this view")
    return offset, done


def _is_record(record: object) -> bool:
    return isinstance(record, dict) and isinstance(record.get("id"), str) and isinstance(record.get("fields"), dict)
