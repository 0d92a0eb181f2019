"""A view's records are a campaign's rows, page by page, with the opt-outs that stand there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from tests.contract.airtable.adapter import Unlimited, answering, stand_in
from tests.contract.tables import SYNC_STATE, Aws
from twilio_bridge.adapters.airtable.campaign_source import AirtableCampaignSource
from twilio_bridge.adapters.airtable.client import AirtableRequests
from twilio_bridge.adapters.state.limiter import AIRTABLE
from twilio_bridge.errors import BadRequestError, RefusedError, UnavailableError
from twilio_bridge.messages.campaign import Source
from twilio_bridge_local.vendors.airtable.server import BASE_ID, TOKEN, AirtableStandIn

SOURCE = Source(kind="airtable", table="Customers", view="Grid view")
COLUMNS = ["sms", "name"]


@contextmanager
def base(
    aws: Aws, customers: Sequence[Mapping[str, object]]
) -> Iterator[tuple[AirtableCampaignSource, AirtableStandIn]]:
    with stand_in(customers) as airtable:
        yield source_at(aws, airtable.url), airtable


def source_at(aws: Aws, url: str, opt_out: str = "opt_out") -> AirtableCampaignSource:
    limiter = Unlimited(aws.table(SYNC_STATE), AIRTABLE, BASE_ID)
    return AirtableCampaignSource(BASE_ID, AirtableRequests(TOKEN, url, limiter, 1.5), opt_out)


def test_records_are_rows_of_pages(aws: Aws) -> None:
    """Each with its record's id; reading goes on from any place, and cells are texts."""
    customers = [{"sms": f"+4479460{n:05}", "name": f"P{n}", "opt_out": n == 3} for n in range(230)]
    with base(aws, customers) as (source, airtable):
        rows = list(source.read_rows(SOURCE, COLUMNS, ""))
        assert [row.values for row in rows] == [{"sms": each["sms"], "name": each["name"]} for each in customers]
        assert [place for place, row in enumerate(rows) if row.is_opted_out] == [3]
        assert {row.origin[:3] for row in rows} == {"rec"}
        assert len(airtable.requests) == 4  # one for the opt-out's column

        for done in (1, 99, 100, 101, 230):
            rest = list(source.read_rows(SOURCE, COLUMNS, rows[done - 1].place_after))
            assert [row.origin for row in rest] == [row.origin for row in rows[done:]]


@pytest.mark.parametrize("place", ["x", "[]", '["a", "b"]', "[1, 2]", '["", 101]', "7"])
def test_a_place_that_is_none_of_ours_is_refused(aws: Aws, place: str) -> None:
    """It came with a request."""
    with pytest.raises(BadRequestError, match="does not belong to this view"):
        next(source_at(aws, "http://127.0.0.1:1").read_rows(SOURCE, COLUMNS, place))


def test_columns_are_known_before_anything_is_read(aws: Aws) -> None:
    """All of them, so that the error can name them; without the scope for it, those that are there of the wanted."""
    with base(aws, [{"sms": "+447946000001"}]) as (source, _):
        described = source.describe(SOURCE, ["sms", "nom"])
        assert described.faults == ()
        assert {"sms", "name", "opt_out"} <= set(described.columns)
        assert "nom" not in described.columns


@pytest.mark.parametrize(
    ("table", "view", "fault"),
    [("Customers", "Nowhere", "source.airtable.view"), ("Nobody", "", "source.airtable.table")],
)
def test_a_view_that_is_not_there_is_a_fault(aws: Aws, table: str, view: str, fault: str) -> None:
    """Which names it."""
    with base(aws, []) as (source, _):
        described = source.describe(Source(kind="airtable", table=table, view=view), COLUMNS)

    assert [each for each in described.faults if each.startswith(fault)]


def test_a_listing_that_expired_is_refused(aws: Aws) -> None:
    """A row's number is its place in the listing, and another listing has other places."""
    with base(aws, [{"sms": f"+4479460{n:05}"} for n in range(150)]) as (source, airtable):
        rows = source.read_rows(SOURCE, COLUMNS, "")
        for _ in range(100):
            next(rows)
        airtable.listings.expire()
        with pytest.raises(RefusedError, match="expired"):
            next(rows)


def test_a_table_without_an_opt_out_is_read_without(aws: Aws) -> None:
    """The column is asked for and not there, or none is configured."""
    with stand_in([{"sms": "+447946000001"}]) as airtable:
        for opt_out in ("gone", ""):
            (row,) = source_at(aws, airtable.url, opt_out).read_rows(SOURCE, COLUMNS, "")
            assert not row.is_opted_out


@pytest.mark.parametrize("body", ["[]", {"records": {}}, {"records": [{"id": 1}]}, "no JSON"])
def test_rubbish_is_unavailable(aws: Aws, body: object) -> None:
    """An answer that no listing is."""
    with answering(body) as url:
        source = source_at(aws, url, "")
        with pytest.raises(UnavailableError):
            list(source.read_rows(SOURCE, COLUMNS, ""))
        source._requests.api.session.close()  # else the server waits for what may still come on it
