"""The Airtable stand-in as the real client and plain HTTP see it."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from pyairtable import Api, Table
from pyairtable.formulas import AND, DATETIME_PARSE, EQ, IS_AFTER, NOT, REGEX_REPLACE, Field, match

from tests.contract.airtable.hostile_texts import HOSTILE_TEXTS
from tests.contract.local.airtable.clock import Clock
from twilio_bridge_local.samples import airtable_base
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Column
from twilio_bridge_local.vendors.faults import Faults

MADE = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
COLUMNS = (
    *("name", "sms", "note"),
    Column("visits", "number"),
    Column("opt_out", "checkbox"),
    Column("tags", "multipleSelects"),
    Column("last_modified", "lastModifiedTime"),
)
HOSTILE = [
    *HOSTILE_TEXTS,
    "x" * 10_000,
]


@pytest.fixture
def clock() -> Clock:
    return Clock(MADE)


@pytest.fixture
def stand_in(clock: Clock) -> Iterator[AirtableStandIn]:
    rows = [{"name": f"Contact {n:03d}", "sms": f"+44 7700 900{n:03d}", "visits": n} for n in range(250)]
    tables = {"Customers": rows, "Odd name é": []}
    columns = {"Customers": COLUMNS, "Odd name é": ("a",)}
    with AirtableStandIn(tables, columns=columns, clock=clock, now=clock.now) as running:
        yield running


def client(stand_in: AirtableStandIn, token: str | None = None) -> Api:
    return Api(token or stand_in.token, endpoint_url=stand_in.url, timeout=(1, 2), retry_strategy=None)


@pytest.fixture
def table(stand_in: AirtableStandIn) -> Table:
    return client(stand_in).table(stand_in.base_id, "Customers")


def call(
    stand_in: AirtableStandIn,
    method: str = "GET",
    path: str = "Customers",
    timeout: float = 2,
    **options: Any,  # whatever requests takes
) -> requests.Response:
    url = f"{stand_in.url}/v0/{stand_in.base_id}/{path}"
    headers = {"Authorization": f"Bearer {stand_in.token}"}
    return requests.request(method, url, headers=headers, timeout=timeout, **options)


def kind(response: requests.Response) -> object:
    error = response.json()["error"]
    return error["type"] if isinstance(error, dict) else error


def test_every_record_comes_in_pages_of_a_hundred(stand_in: AirtableStandIn, table: Table) -> None:
    """250 records are three requests, in the order they were made."""
    records = table.all()
    assert [record["fields"]["visits"] for record in records] == list(range(250))
    assert [seen.status for seen in stand_in.requests] == [200, 200, 200]
    assert all(len(record["id"]) == 17 and record["id"].startswith("rec") for record in records)


def test_parameters_of_a_listing(table: Table) -> None:
    """Sort, fields, page size, number of records and a view do what the client asks."""
    found = table.all(sort=["-visits"], fields=["visits"], page_size=3, max_records=7, view="Grid view")
    assert [record["fields"] for record in found] == [{"visits": n} for n in range(249, 242, -1)]


def test_empty_cells_are_absent(table: Table) -> None:
    """None, an empty text, an unticked box and an empty list do not appear; a zero does."""
    made = table.create({"name": "", "note": None, "opt_out": False, "tags": [], "visits": 0})
    assert made["fields"] == {"visits": 0, "last_modified": "2026-03-01T12:00:00.000Z"}
    assert table.get(made["id"])["createdTime"] == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_matches_itself_only(table: Table, text: str) -> None:
    """Whatever a value holds, the formula finds that value and nothing else."""
    made = table.create({"name": text})
    assert [record["id"] for record in table.all(formula=match({"name": text}))] == [made["id"]]
    assert table.all(formula=match({"name": text + "?"})) == []


def test_a_number_is_found_digit_by_digit(table: Table) -> None:
    """The digits of a cell compare, whatever stands between them; an empty cell needs `&""`."""
    table.create({"name": "No number"})
    digits = REGEX_REPLACE(Field("sms"), r"[^\d]", "")
    found = table.all(formula=AND(EQ(digits, "447700900013"), NOT(Field("opt_out"))))
    assert [record["fields"]["name"] for record in found] == ["Contact 013"]


def test_what_was_modified_since_is_listed(clock: Clock, table: Table) -> None:
    """The last-modified column finds the records changed after a time, and only a true change counts."""
    first, second, *_ = table.all(max_records=2)
    clock.today = MADE + timedelta(minutes=5)
    table.update(first["id"], {"note": "new"})
    table.update(second["id"], {"name": second["fields"]["name"]})
    found = table.all(formula=IS_AFTER(Field("last_modified"), DATETIME_PARSE(MADE + timedelta(minutes=1))))
    assert [record["id"] for record in found] == [first["id"]]
    assert found[0]["fields"]["last_modified"] == "2026-03-01T12:05:00.000Z"


def test_long_formulas_go_by_post(stand_in: AirtableStandIn, table: Table) -> None:
    """The client turns a URL that is too long into a POST, which is answered the same."""
    found = table.all(formula=match({"name": "Contact 001", "sms": ("!=", "é" * 9_000)}))
    assert [record["fields"]["visits"] for record in found] == [1]
    assert [(seen.method, seen.path.rsplit("/", 1)[1]) for seen in stand_in.requests] == [
        ("POST", "listRecords"),
    ]


def test_a_url_over_16000_characters_is_refused(stand_in: AirtableStandIn) -> None:
    """Plain HTTP has to keep the limit itself."""
    assert call(stand_in, params={"filterByFormula": f"'{'x' * 16_000}'"}).status_code == 414


def test_a_listing_is_a_snapshot_with_live_values(table: Table) -> None:
    """Order and membership are those of the first page; values are of now; deleted records are left out."""
    pages = table.iterate(page_size=100, sort=["name"])
    first = next(pages)
    after = table.all(formula=match({"visits": 150}))[0]
    table.update(after["id"], {"name": "AAA", "note": "changed"})
    table.delete(table.all(formula=match({"visits": 160}))[0]["id"])
    table.create({"name": "Contact 101a", "visits": 1000})
    rest = [record["fields"] for page in pages for record in page]
    assert len(first) == 100
    assert [cells["visits"] for cells in rest] == [n for n in range(100, 250) if n != 160]
    assert rest[50]["note"] == "changed"


def test_an_offset_can_be_asked_again_until_it_expires(stand_in: AirtableStandIn, clock: Clock) -> None:
    """A repeated page is the same page; later the listing has to start again."""
    offset = call(stand_in).json()["offset"]
    assert offset.startswith("itr")
    assert "/rec" in offset
    again = [call(stand_in, params={"offset": offset}).json() for _ in range(2)]
    assert again[0] == again[1]
    clock.at += 700
    late = call(stand_in, params={"offset": offset})
    assert (late.status_code, kind(late)) == (422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
    assert kind(call(stand_in, params={"offset": "itrx/recx"})) == "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"pageSize": 101}, "INVALID_REQUEST_UNKNOWN"),
        ({"pageSize": 0}, "INVALID_REQUEST_UNKNOWN"),
        ({"pageSize": "many"}, "INVALID_REQUEST_UNKNOWN"),
        ({"maxRecords": 0}, "INVALID_REQUEST_UNKNOWN"),
        ({"view": "Nobody's view"}, "VIEW_NAME_NOT_FOUND"),
        ({"fields[]": "nothing"}, "UNKNOWN_FIELD_NAME"),
        ({"sort[0][field]": "nothing"}, "UNKNOWN_FIELD_NAME"),
        ({"sort[0][field]": "name", "sort[0][direction]": "up"}, "INVALID_REQUEST_UNKNOWN"),
        ({"filterByFormula": "{nothing}=1"}, "INVALID_FILTER_BY_FORMULA"),
        ({"filterByFormula": "((((((" * 500}, "INVALID_FILTER_BY_FORMULA"),
    ],
)
def test_listings_that_airtable_refuses(stand_in: AirtableStandIn, params: dict[str, Any], expected: str) -> None:
    """Each is a 422 with its own type."""
    refused = call(stand_in, params=params)
    assert (refused.status_code, kind(refused)) == (422, expected)


def test_one_record_lives_through_all_verbs(table: Table) -> None:
    """Create, read, change, replace and delete one record."""
    made = table.create({"name": "Ana", "sms": "+44 7700 900999", "tags": ["vip", "new"]})
    changed = table.update(made["id"], {"sms": None})
    assert changed["fields"]["name"] == "Ana"
    assert "sms" not in changed["fields"]
    assert set(table.update(made["id"], {"visits": 1}, replace=True)["fields"]) == {"visits", "last_modified"}
    assert table.delete(made["id"]) == {"id": made["id"], "deleted": True}
    with pytest.raises(requests.HTTPError, match="NOT_FOUND"):
        table.get(made["id"])


def test_records_in_batches(stand_in: AirtableStandIn, table: Table) -> None:
    """Twelve records are two requests to create, change and delete; eleven at once are refused."""
    made = table.batch_create([{"name": f"New {n}"} for n in range(12)])
    table.batch_update([{"id": record["id"], "fields": {"note": "x"}} for record in made])
    assert len(table.all(formula=match({"note": "x"}))) == 12
    assert len(table.batch_delete([record["id"] for record in made])) == 12
    assert len(stand_in.requests) == 7
    eleven = call(stand_in, "POST", json={"records": [{"fields": {}}] * 11})
    assert (eleven.status_code, kind(eleven)) == (422, "INVALID_RECORDS")


def test_a_batch_is_written_whole_or_not_at_all(stand_in: AirtableStandIn, table: Table) -> None:
    """One bad record keeps the good ones from being written or deleted."""
    good = table.first()
    assert good is not None
    bad = [{"id": good["id"], "fields": {"note": "y"}}, {"id": "recNobody00000000", "fields": {}}]
    assert kind(call(stand_in, "PATCH", json={"records": bad})) == "ROW_DOES_NOT_EXIST"
    assert kind(call(stand_in, "DELETE", params={"records[]": [good["id"], "recNobody00000000"]}))
    assert "note" not in table.get(good["id"])["fields"]


def test_upserts_change_what_agrees_and_create_the_rest(stand_in: AirtableStandIn, table: Table) -> None:
    """Records are found by the merge columns; two that agree are an error."""
    rows: list[Any] = [{"fields": {"name": "Contact 001", "note": "z"}}, {"fields": {"name": "Brand new"}}]
    done = table.batch_upsert(rows, key_fields=["name"])
    assert (len(done["createdRecords"]), len(done["updatedRecords"])) == (1, 1)
    assert done["records"][0]["fields"]["visits"] == 1
    table.create({"name": "Brand new"})
    body = {"records": rows, "performUpsert": {"fieldsToMergeOn": ["name"]}}
    assert call(stand_in, "PATCH", json=body).status_code == 422
    too_many = {"records": rows, "performUpsert": {"fieldsToMergeOn": ["name", "sms", "note", "visits"]}}
    assert call(stand_in, "PATCH", json=too_many).status_code == 422


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"nothing": 1}, "UNKNOWN_FIELD_NAME"),
        ({"name": 1}, "INVALID_VALUE_FOR_COLUMN"),
        ({"visits": "1"}, "INVALID_VALUE_FOR_COLUMN"),
        ({"opt_out": "true"}, "INVALID_VALUE_FOR_COLUMN"),
        ({"last_modified": "2026-01-01"}, "INVALID_VALUE_FOR_COLUMN"),
    ],
)
def test_cells_that_airtable_refuses(stand_in: AirtableStandIn, cells: object, expected: str) -> None:
    """Unknown columns, wrong types and computed columns cannot be written."""
    refused = call(stand_in, "POST", json={"fields": cells})
    assert (refused.status_code, kind(refused)) == (422, expected)


def test_typecast_makes_the_value_fit(table: Table) -> None:
    """Texts become numbers and ticks where the client asks for it."""
    made = table.create({"visits": "12", "opt_out": "true", "name": 5}, typecast=True)
    assert (made["fields"]["visits"], made["fields"]["opt_out"], made["fields"]["name"]) == (12, True, "5")


def test_who_may_not_is_told_so(stand_in: AirtableStandIn) -> None:
    """A wrong token, another base, another table, a record and a path that are not there."""
    wrong = client(stand_in, "patOther")
    with pytest.raises(requests.HTTPError, match="AUTHENTICATION_REQUIRED"):
        wrong.table(stand_in.base_id, "Customers").first()
    with pytest.raises(requests.HTTPError, match="INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"):
        client(stand_in).table("appOther000000000", "Customers").first()
    assert call(stand_in, path="Nothing").status_code == 403
    assert call(stand_in, path="Customers/recNobody00000000").json() == {"error": "NOT_FOUND"}
    assert call(stand_in, path="a/b/c/d").json() == {"error": "NOT_FOUND"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(stand_in: AirtableStandIn, body: bytes) -> None:
    """422, and the server lives on."""
    refused = call(stand_in, "POST", data=body)
    assert (refused.status_code, kind(refused)) == (422, "INVALID_REQUEST_BODY")
    assert call(stand_in, "POST", data=b"x" * 2_000_001).status_code == 413


def test_the_schema_describes_the_base(stand_in: AirtableStandIn) -> None:
    """The client reads tables, columns and views; ids of tables and columns work in place of names."""
    api = client(stand_in)
    schema = api.base(stand_in.base_id).schema()
    customers = schema.table("Customers")
    assert customers.field("last_modified").type == "lastModifiedTime"
    assert [view.name for view in customers.views] == ["Grid view"]
    assert "data.records:read" in api.whoami()["scopes"]
    by_id = api.table(stand_in.base_id, customers.id)
    assert len(by_id.all(fields=[customers.field("name").id], max_records=2)) == 2
    assert api.table(stand_in.base_id, schema.table("Odd name é").id).all() == []


def test_the_sixth_request_in_a_second_closes_the_base(clock: Clock, stand_in: AirtableStandIn) -> None:
    """Five pass; after the sixth every request is refused for 30 seconds."""
    clock.step = 0.0
    assert [call(stand_in).status_code for _ in range(6)] == [200] * 5 + [429]
    clock.at += 29.9
    refused = call(stand_in)
    assert refused.json()["errors"][0]["error"] == "RATE_LIMIT_REACHED"
    clock.at += 0.2
    assert call(stand_in).status_code == 200
    assert [seen.status for seen in stand_in.requests].count(429) == 2


def test_the_second_slides(clock: Clock, stand_in: AirtableStandIn) -> None:
    """Requests 250 ms apart pass for ever."""
    clock.step = 0.0
    for _ in range(12):
        assert call(stand_in, params={"pageSize": 1}).status_code == 200
        clock.at += 0.25


def test_the_client_gives_up_on_a_429_at_once(clock: Clock, stand_in: AirtableStandIn, table: Table) -> None:
    """Without a retry strategy the error reaches the caller, and a changed penalty holds."""
    clock.step = 0.0
    stand_in.rate_limit.penalty_s = 2.0
    for _ in range(5):
        assert table.first()
    with pytest.raises(requests.HTTPError, match="429"):
        table.first()
    clock.at += 2.0
    assert table.first()


@pytest.mark.parametrize("status", [401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504])
def test_any_status_can_be_set(stand_in: AirtableStandIn, status: int) -> None:
    """The next two requests fail with a JSON body, the third passes."""
    stand_in.faults = Faults(status=status, times=2)
    answers = [call(stand_in) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert isinstance(answers[0].json(), dict)


def test_faults_may_concern_some_requests_only(stand_in: AirtableStandIn, table: Table) -> None:
    """By method or by path."""
    stand_in.faults = Faults(status=500, only=("PATCH",))
    record = table.first()
    assert record is not None
    assert call(stand_in, "PATCH", f"Customers/{record['id']}", json={"fields": {}}).status_code == 500
    stand_in.faults = Faults(status=500, only=(f"/v0/{stand_in.base_id}/Odd",))
    assert table.first()
    assert call(stand_in, path="Odd name é").status_code == 500


def test_a_late_answer_has_had_its_effect(stand_in: AirtableStandIn, table: Table) -> None:
    """The client times out on a record that was written all the same."""
    stand_in.faults = Faults(latency_s=5, only=("POST",))
    with pytest.raises(requests.Timeout):
        call(stand_in, "POST", json={"fields": {"name": "Written"}}, timeout=0.3)
    assert len(table.all(formula=match({"name": "Written"}))) == 1
    assert [seen.status for seen in stand_in.requests] == [200, 200]


def test_silence_lasts_until_the_faults_are_cleared(stand_in: AirtableStandIn) -> None:
    """Nothing comes, then the connection ends without an answer."""
    stand_in.faults = Faults(silent=True)
    failures: list[Exception] = []

    def ask() -> None:
        try:
            call(stand_in, timeout=10)
        except requests.ConnectionError as exc:
            failures.append(exc)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(0.3)
    assert asking.is_alive()
    assert [seen.status for seen in stand_in.requests] == [0]
    stand_in.faults = Faults()
    asking.join(2)
    assert len(failures) == 1
    assert call(stand_in).status_code == 200


def test_a_dripping_answer_outlives_the_read_timeout(stand_in: AirtableStandIn) -> None:
    """Headers come at once and bytes one by one, so only a limit on the whole answer helps."""
    stand_in.faults = Faults(drip=True)
    started = time.monotonic()
    with call(stand_in, timeout=20, stream=True) as answer:
        assert answer.status_code == 200
        assert answer.raw.read(1) == b"{"
        assert time.monotonic() - started > 0.5
        stand_in.faults = Faults()


def test_rubbish_is_what_it_says(stand_in: AirtableStandIn) -> None:
    """A page, JSON of a wrong shape, and an answer that ends too early."""
    stand_in.faults = Faults(rubbish="html")
    page = call(stand_in)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    stand_in.faults = Faults(rubbish="json")
    assert not isinstance(call(stand_in).json()["records"], list)
    stand_in.faults = Faults(rubbish="truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        call(stand_in)


@pytest.mark.parametrize("faults", [Faults(silent=True), Faults(drip=True), Faults(latency_s=60)])
def test_stopping_waits_for_nobody(stand_in: AirtableStandIn, faults: Faults) -> None:
    """A held connection does not keep the stand-in from stopping, nor stopping it twice."""
    stand_in.faults = faults
    failures: list[Exception] = []
    asking = threading.Thread(target=_ask_and_note, args=(stand_in, failures))
    asking.start()
    asking.join(0.2)
    stand_in.stop()
    stand_in.stop()
    asking.join()
    assert not any(isinstance(failure, requests.Timeout) for failure in failures)


def _ask_and_note(stand_in: AirtableStandIn, failures: list[Exception]) -> None:
    try:
        call(stand_in, timeout=50)
    except requests.RequestException as error:
        failures.append(error)


def test_a_port_that_is_taken_is_an_error(stand_in: AirtableStandIn) -> None:
    """It does not end the process that asked for it."""
    taken = int(stand_in.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=str(taken)):
        AirtableStandIn({}, port=taken).start()


def test_faults_and_requests_over_http(stand_in: AirtableStandIn) -> None:
    """Another process can set faults and count requests; these calls are not counted."""
    own = f"{stand_in.url}/_stand-in/"
    put = requests.put(f"{own}faults", json={"status": 503, "times": 1, "only": ["GET"]}, timeout=2)
    assert put.status_code == 200
    assert call(stand_in).status_code == 503
    seen = requests.get(f"{own}requests", timeout=2).json()
    assert (seen["count"], seen["requests"][0]["status"]) == (1, 503)
    requests.put(f"{own}faults", json={}, timeout=2)
    assert stand_in.faults == Faults()


@pytest.mark.parametrize(
    "body",
    [
        {"typo": 1},
        {"status": "x"},
        {"rubbish": "xml"},
        {"only": "GET"},
        {"latency_s": -1},
        {"silent": 1},
        [],
        None,
    ],
)
def test_wrong_faults_are_refused(stand_in: AirtableStandIn, body: object) -> None:
    """What is wrong is named, and the old faults stay."""
    answer = requests.put(f"{stand_in.url}/_stand-in/faults", data=json.dumps(body), timeout=2)
    assert answer.status_code == 422
    answer = requests.put(f"{stand_in.url}/_stand-in/faults", json=body, timeout=2)
    assert (answer.status_code, bool(answer.json()["error"])) == (422, True)


def test_many_clients_at_once_lose_nothing(table: Table) -> None:
    """Writes from eight threads all arrive, each with its own id."""
    threads = [threading.Thread(target=lambda: [table.create({"note": "t"}) for _ in range(5)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    found = table.all(formula=match({"note": "t"}))
    assert len({record["id"] for record in found}) == 40


def test_reset_forgets_all_but_the_records(stand_in: AirtableStandIn) -> None:
    """One stand-in can serve many tests."""
    stand_in.faults = Faults(status=500)
    call(stand_in)
    stand_in.reset()
    assert (stand_in.requests, stand_in.faults) == ([], Faults())


def test_the_sample_base_has_everybody_it_should() -> None:
    """Contacts of six workers, messy numbers, empty cells, opt-outs, and a template that nobody can get."""
    with AirtableStandIn(airtable_base.sample_base(), requests_per_s=100) as running:
        base = client(running).base(running.base_id)
        customers = [record["fields"] for record in base.table("Customers").all()]
        templates = [record["fields"] for record in base.table("Templates").all()]
    amara = next(cells for cells in customers if cells["name"] == "Amara Okafor")
    assert (amara["sms"], amara["owner"]) == ("+44 7900 000012", "jo@example.com")
    assert {cells.get("owner") for cells in customers} == {None, *airtable_base.WORKERS}
    channels = {("sms" in cells, "whatsapp" in cells) for cells in customers}
    assert channels == {(True, True), (True, False), (False, True), (False, False)}
    assert 2 < sum("opt_out" in cells for cells in customers) < 30
    assert any("O'Brien" in cells["name"] for cells in customers)
    assert any(not cells.get("sms", "+").startswith(("+", "00")) for cells in customers)
    assert len({cells["name"].split()[-1] for cells in customers}) < len(customers)
    assert any("{{" not in cells["text"] for cells in templates)
    assert airtable_base.sample_customers() == airtable_base.sample_customers()


def test_any_number_of_contacts_for_benchmarks() -> None:
    """Each has its own id and number, and about 300 bytes of cells."""
    made = airtable_base.contacts(3_000, ["a@example.com", "b@example.com"], seed=3)
    assert len({(cells["id"], cells["sms"]) for cells in made}) == 3_000
    assert sum(cells["owner"] == "a@example.com" for cells in made) == 1_500
    assert 200 < sum(len(json.dumps(cells, ensure_ascii=False).encode()) for cells in made) / 3_000 < 450
