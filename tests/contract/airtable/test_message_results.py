"""Outcomes in Airtable's records: ten a request, without what the table lacks."""

from collections.abc import Iterator

import pytest

from tests.contract.airtable.adapter import Unlimited
from tests.contract.tables import SYNC_STATE, Aws
from tests.unit.messages.world import row, settings
from twilio_bridge.adapters.airtable.client import AirtableRequests
from twilio_bridge.adapters.airtable.message_results import AirtableResults
from twilio_bridge.adapters.state.limiter import AIRTABLE
from twilio_bridge.errors import RefusedError
from twilio_bridge.messages.campaign import CampaignSettings, Source
from twilio_bridge.messages.row import Row
from twilio_bridge_local.vendors.airtable.server import BASE_ID, TOKEN, AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Column

COLUMNS = {"status": "message_status", "error": "message_error", "sid": "message_sid"}
GONE = "rec00000000000GONE"


@pytest.fixture
def airtable() -> Iterator[AirtableStandIn]:
    people = [{"name": f"P{number}"} for number in range(12)]
    with AirtableStandIn(
        {"People": people}, columns={"People": ["name", "message_status", "message_error"]}, requests_per_s=1_000
    ) as running:
        yield running


def results(aws: Aws, airtable: AirtableStandIn, **columns: str) -> AirtableResults:
    limiter = Unlimited(aws.table(SYNC_STATE), AIRTABLE, BASE_ID)
    return AirtableResults(BASE_ID, AirtableRequests(TOKEN, airtable.url, limiter), columns or COLUMNS)


def asked(table: str = "People") -> CampaignSettings:
    return settings(source=Source(kind="airtable", table=table), write_back="airtable")


def ids(airtable: AirtableStandIn) -> list[str]:
    table = airtable.base.table("People")
    assert table
    return [record.id for record in airtable.base.listed(table)]


def cells(airtable: AirtableStandIn, column: str) -> list[object]:
    table = airtable.base.table("People")
    assert table
    return [record.cells.get(column) for record in airtable.base.listed(table)]


def ended(number: int, origin: str) -> Row:
    return row(number, origin=origin, state="ended", status="delivered", sid=f"SM{number}")


def test_ten_records_a_request(aws: Aws, airtable: AirtableStandIn) -> None:
    """A column that the table lacks is found once, and left out from then on."""
    book = results(aws, airtable)
    rows = [ended(number, origin) for number, origin in enumerate(ids(airtable), 1)]
    book.write_results(asked(), rows[:10])
    book.write_results(asked(), rows[10:])
    assert ["delivered"] * 12 == cells(airtable, "message_status")
    assert ["PATCH"] * 3 == [seen.method for seen in airtable.requests]


def test_what_became_of_a_row_in_words(aws: Aws, airtable: AirtableStandIn) -> None:
    """Twilio's code and sentence stand in a column of their own."""
    first, second, third, *_ = ids(airtable)
    refused = row(1, origin=first, state="error", status="Error", error_code=21211, error_message="Not a number")
    skipped = row(2, origin=second, state="skipped", reason="opted_out")
    cancelled = row(3, origin=third, state="cancelled")
    results(aws, airtable).write_results(asked(), [refused, skipped, cancelled])
    assert ["Error", "skipped: opted_out", "cancelled"] == cells(airtable, "message_status")[:3]
    assert "21211 Not a number" == cells(airtable, "message_error")[0]


def test_a_record_that_was_deleted(aws: Aws, airtable: AirtableStandIn) -> None:
    """The others are written."""
    first, second, *_ = ids(airtable)
    rows = [ended(1, first), ended(2, GONE), ended(3, second)]
    results(aws, airtable).write_results(asked(), rows)
    assert ["delivered", "delivered", None] == cells(airtable, "message_status")[:3]


def test_a_table_without_any_of_the_columns(aws: Aws, airtable: AirtableStandIn) -> None:
    """It says which setting to look at; nothing was written."""
    with pytest.raises(RefusedError, match=r"messages\.result_columns"):
        results(aws, airtable, status="a", error="b").write_results(asked(), [ended(1, ids(airtable)[0])])


def test_a_table_that_is_gone(aws: Aws, airtable: AirtableStandIn) -> None:
    """It is no deleted record: the refusal is raised."""
    rows = [ended(number, origin) for number, origin in enumerate(ids(airtable)[:3], 1)]
    with pytest.raises(RefusedError):
        results(aws, airtable).write_results(asked("Nobody"), rows)


def test_a_select_column_takes_new_choices(aws: Aws) -> None:
    """Airtable makes them, as `typecast` asks."""
    columns: dict[str, list[str | Column]] = {"People": ["name", Column("message_status", "singleSelect")]}
    with AirtableStandIn({"People": [{"name": "P"}]}, columns=columns, requests_per_s=1_000) as airtable:
        results(aws, airtable, status="message_status").write_results(asked(), [ended(1, ids(airtable)[0])])
        assert ["delivered"] == cells(airtable, "message_status")
