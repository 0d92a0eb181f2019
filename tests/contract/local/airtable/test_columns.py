"""The stand-in's columns, views and errors, as Airtable's documentation has them."""

from collections.abc import Iterator

import pytest
import requests

from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Column

LOOKUP = Column("owner email", "multipleLookupValues")
ERROR = {"error": "#ERROR!"}


@pytest.fixture
def airtable() -> Iterator[AirtableStandIn]:
    rows: list[dict[str, object]] = [
        {"name": "Ada", "broken": ERROR},
        {"name": "Bo", "owner email": ["jo@example.com"]},
    ]
    columns = {"T": ("name", "broken", LOOKUP, Column("opt_out", "checkbox"))}
    with AirtableStandIn({"T": rows}, columns=columns, requests_per_s=1_000) as running:
        yield running


def get(airtable: AirtableStandIn, **parameters: object) -> requests.Response:
    url = f"{airtable.url}/v0/{airtable.base_id}/T"
    headers = {"Authorization": f"Bearer {airtable.token}"}
    return requests.get(url, params=parameters, headers=headers, timeout=5)  # type: ignore[arg-type]  # lists, too


def test_a_field_that_is_not_there_is_refused(airtable: AirtableStandIn) -> None:
    """`fields[]` names columns that exist: https://airtable.com/developers/web/api/list-records#query-fields."""
    refused = get(airtable, **{"fields[]": ["name", "Opted out"]})
    assert (422, "UNKNOWN_FIELD_NAME") == (refused.status_code, refused.json()["error"]["type"])
    assert '"Opted out"' in refused.json()["error"]["message"]


def test_only_the_fields_asked_for_are_answered(airtable: AirtableStandIn) -> None:
    """Empty cells are left out of any answer, so nothing shows that a column exists."""
    cells = [record["fields"] for record in get(airtable, **{"fields[]": ["name", "opt_out"]}).json()["records"]]
    assert [{"name": "Ada"}, {"name": "Bo"}] == cells


def test_errors_and_lookups_are_answered_as_they_are(airtable: AirtableStandIn) -> None:
    """https://airtable.com/developers/web/api/field-model#formula has the error, #lookup the list."""
    ada, bo = (record["fields"] for record in get(airtable).json()["records"])
    assert (ERROR, ["jo@example.com"]) == (ada["broken"], bo["owner email"])


def test_a_lookup_cannot_be_written(airtable: AirtableStandIn) -> None:
    """Its field is computed: https://airtable.com/developers/web/api/field-model#lookup."""
    url, headers = f"{airtable.url}/v0/{airtable.base_id}/T", {"Authorization": f"Bearer {airtable.token}"}
    refused = requests.post(url, json={"fields": {LOOKUP.name: "x"}}, headers=headers, timeout=5)
    assert (422, "INVALID_VALUE_FOR_COLUMN") == (refused.status_code, refused.json()["error"]["type"])
    assert "computed" in refused.json()["error"]["message"]


def test_a_view_has_its_own_order(airtable: AirtableStandIn) -> None:
    """Records come in the view's order: https://airtable.com/developers/web/api/list-records#query-view."""
    table = airtable.base.tables["T"]
    table.view_orders["Grid view"] = list(table.records)[::-1]
    names = [record["fields"]["name"] for record in get(airtable, view="Grid view").json()["records"]]
    assert ["Bo", "Ada"] == names
    assert ["Ada", "Bo"] == [record["fields"]["name"] for record in get(airtable).json()["records"]]


def test_a_429_does_not_say_when_to_come_again(airtable: AirtableStandIn) -> None:
    """30 seconds is what the page says: https://airtable.com/developers/web/api/rate-limits."""
    airtable.rate_limit.requests_per_s = 1
    refused = [get(airtable) for _ in range(3)][-1]
    assert (429, False) == (refused.status_code, "Retry-After" in refused.headers)
