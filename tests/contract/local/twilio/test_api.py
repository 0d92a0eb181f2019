"""The stand-in for the whole of Twilio's API, held against the description it is made from and Twilio's own pages."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import pytest
import requests

from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.openapi.resources import snake
from twilio_bridge_local.vendors.twilio.openapi.routes import DESCRIPTION, Route, load_routes
from twilio_bridge_local.vendors.twilio.openapi.server import TwilioApiStandIn

ACCOUNT, TOKEN = "AC" + "1" * 32, "t" * 32
SEEDED = 3
ROUTES = load_routes(DESCRIPTION)
LISTS = [route for route in ROUTES.all if route.verb == "List"]
PAGED = [route for route in LISTS if {"meta", "next_page_uri"} & route.answer.keys()]
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioApiStandIn]:
    with TwilioApiStandIn(ACCOUNT, TOKEN, seeded=SEEDED) as stand_in:
        yield stand_in


@pytest.fixture
def empty() -> Iterator[TwilioApiStandIn]:
    with TwilioApiStandIn(ACCOUNT, TOKEN) as stand_in:
        yield stand_in


def ask(twilio: TwilioApiStandIn, path: str, method: str = "GET", **parts: Any) -> requests.Response:
    return requests.request(method, twilio.url + path, auth=(ACCOUNT, TOKEN), timeout=5, **parts)


def path_of(route: Route) -> str:
    """Return a path of this route, with SIDs of the kind that the path, or else the row, wants."""

    def fill(match: re.Match[str]) -> str:
        place, column = route.places[match[1]], route.row.get(snake(match[1]), {})
        prefix = re.match(r"\^\(?([A-Z]{2})", place.get("pattern") or column.get("pattern", ""))
        return ACCOUNT if match[1] == "AccountSid" else f"{prefix[1]}{5:032x}" if prefix else "US"

    filled = re.sub(r"{(\w+)}", fill, route.path)
    return f"/{route.product}{filled}"


def as_json_schema(route: Route, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of OpenAPI 3.0 as JSON Schema: references resolved, `nullable` spelled out."""
    found = dict(route.document.resolve(schema))
    made: dict[str, Any] = {name: found[name] for name in ("type", "enum", "pattern") if name in found}
    if "properties" in found:
        made["properties"] = {name: as_json_schema(route, part) for name, part in found["properties"].items()}
    if isinstance(found.get("items"), Mapping):
        made["items"] = as_json_schema(route, found["items"])
    return {"anyOf": [made, {"type": "null"}]} if found.get("nullable") else made


def following(answer: Mapping[str, Any]) -> str | None:
    uri = answer.get("next_page_uri") or answer.get("meta", {}).get("next_page_url")
    return str(uri) if uri else None


def test_all_lists_are_there() -> None:
    assert len(PAGED) == 134


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.operation["operationId"] + route.product)
def test_a_list_is_as_described(route: Route, twilio: TwilioApiStandIn) -> None:
    answer = ask(twilio, path_of(route)).json()
    schemas = {name: as_json_schema(route, schema) for name, schema in route.answer.items()}
    jsonschema.Draft202012Validator({"type": "object", "properties": schemas}).validate(answer)
    expected = {"ListAccount": 1, "ListAvailablePhoneNumberCountry": 1}
    assert len(answer[route.rows_key]) == expected.get(route.operation["operationId"], SEEDED)
    assert answer[route.rows_key][0].keys() == route.row.keys()


@pytest.mark.parametrize("route", [route for route in PAGED if "PageSize" in route.query], ids=lambda route: route.path)
def test_pages_lead_through_the_whole_list(route: Route, twilio: TwilioApiStandIn) -> None:
    whole = ask(twilio, path_of(route)).json()[route.rows_key]
    path, rows = f"{path_of(route)}?PageSize=1", []
    while path:
        answer = ask(twilio, path).json()
        rows += answer[route.rows_key]
        assert len(answer[route.rows_key]) <= 1
        uri = following(answer)
        path = (
            re.sub(r"^(https://([a-z-]+)\.twilio\.com)?/", lambda match: f"/{match[2] or 'api'}/", uri) if uri else ""
        )
    assert rows == whole


def test_filters_go_along_with_the_pages(empty: TwilioApiStandIn) -> None:
    empty.add_rows("api", MESSAGES, [{"from": f"+1555{number % 2}", "body": str(number)} for number in range(6)])
    found = ask(empty, f"/api{MESSAGES}?From=%2B15551&PageSize=2").json()
    assert [row["body"] for row in found["messages"]] == ["5", "3"]
    found = ask(empty, f"/api{found['next_page_uri']}").json()
    assert [row["body"] for row in found["messages"]] == ["1"]
    assert found["next_page_uri"] is None


def test_pages_stay_whole_while_records_come_and_go(empty: TwilioApiStandIn) -> None:
    empty.add_rows("api", MESSAGES, [{"sid": f"SM{number:032x}", "body": str(number)} for number in range(6)])
    first = ask(empty, f"/api{MESSAGES}?PageSize=2").json()
    empty.add_rows("api", MESSAGES, [{"body": "new"}])
    assert ask(empty, f"/api{MESSAGES[:-5]}/SM{5:032x}.json", "DELETE").status_code == 204
    second = ask(empty, f"/api{first['next_page_uri']}").json()
    assert [row["body"] for row in second["messages"]] == ["3", "2"]


@pytest.mark.parametrize(
    ("query", "bodies"),
    [
        ("DateSent=2026-11-20", ["b", "c"]),
        ("DateSent%3C=2026-11-20", ["a", "b", "c"]),  # "on and before a specific date"
        ("DateSent%3E=2026-11-20", ["b", "c", "d"]),
        ("DateSent%3E=2026-11-20&DateSent%3C=2026-11-20", ["b", "c"]),
        ("DateSent=2026-11-22", []),
    ],
)
def test_a_messages_date_is_a_day(empty: TwilioApiStandIn, query: str, bodies: list[str]) -> None:
    sent = {
        "a": "Thu, 19 Nov 2026 23:59:59 +0000",
        "b": "Fri, 20 Nov 2026 00:00:00 +0000",
        "c": "Fri, 20 Nov 2026 23:59:59 +0000",
        "d": "Sat, 21 Nov 2026 00:00:00 +0000",
        "never": None,
    }
    empty.add_rows("api", MESSAGES, [{"body": body, "date_sent": at} for body, at in sent.items()])
    found = ask(empty, f"/api{MESSAGES}?{query}").json()["messages"]
    assert sorted(row["body"] for row in found) == bodies


def test_what_is_created_is_fetched_changed_and_deleted(empty: TwilioApiStandIn) -> None:
    created = ask(empty, f"/api{MESSAGES}", "POST", data={"To": "+15555550100", "Body": "Hello"})
    assert created.status_code == 201
    one = f"/api{MESSAGES[:-5]}/{created.json()['sid']}.json"
    assert ask(empty, one).json()["body"] == "Hello"
    assert ask(empty, one, "POST", data={"Body": ""}).json()["body"] == ""
    assert [row["sid"] for row in ask(empty, f"/api{MESSAGES}").json()["messages"]] == [created.json()["sid"]]
    assert ask(empty, one, "DELETE").status_code == 204
    gone = ask(empty, one)
    assert (gone.status_code, gone.json()["code"]) == (404, 20404)


@pytest.mark.parametrize(
    ("method", "path", "form", "reason"),
    [
        ("GET", f"/api{MESSAGES}?Subject=x", None, "Subject is no query parameter"),
        ("GET", f"/api{MESSAGES}?PageSize=1001", None, "PageSize"),
        ("GET", f"/api{MESSAGES}?PageSize=0", None, "PageSize"),
        ("GET", f"/api{MESSAGES}?PageToken=x", None, "PageToken"),
        ("GET", f"/api{MESSAGES}?DateSent=yesterday", None, "DateSent"),
        ("GET", f"/api/2010-04-01/Accounts/{ACCOUNT}/Calls.json?Status=odd", None, "one of queued"),
        ("POST", f"/api{MESSAGES}", {"To": "+15555550100", "Subject": "x"}, "Subject is no body parameter"),
        ("POST", f"/api{MESSAGES}", {"Body": "x"}, "Missing required parameter To"),
        ("POST", f"/api{MESSAGES}", {"To": "+15555550100", "SmartEncoded": "yes"}, "true or false"),
    ],
)
def test_what_the_description_does_not_allow_is_refused(
    twilio: TwilioApiStandIn, method: str, path: str, form: Mapping[str, str] | None, reason: str
) -> None:
    answer = ask(twilio, path, method, data=form)
    body = answer.json()
    assert answer.status_code == 400
    assert body.keys() == {"code", "message", "more_info", "status"}
    assert (body["code"], body["more_info"]) == (20001, "https://www.twilio.com/docs/errors/20001")
    assert reason in body["message"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/api/2010-04-01/Nothing.json", "GET", 404),
        (f"/api/2010-04-01/Accounts/{ACCOUNT}/Messages/x.json", "GET", 404),
        (f"/api{MESSAGES}", "DELETE", 405),
        ("/nothing/v1/X", "GET", 404),
    ],
)
def test_a_path_that_is_not_described(twilio: TwilioApiStandIn, path: str, method: str, status: int) -> None:
    answer = ask(twilio, path, method)
    assert answer.status_code == status
    assert answer.json()["status"] == status


@pytest.mark.parametrize("login", [None, (ACCOUNT, "wrong"), ("AC" + "9" * 32, TOKEN)])
def test_a_stranger_is_refused(twilio: TwilioApiStandIn, login: tuple[str, str] | None) -> None:
    answer = requests.get(f"{twilio.url}/api{MESSAGES}", auth=login, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_another_account_is_not_there(twilio: TwilioApiStandIn) -> None:
    assert ask(twilio, f"/api/2010-04-01/Accounts/AC{'9' * 32}/Messages.json").status_code == 404


def test_it_takes_so_many_requests_a_second(empty: TwilioApiStandIn) -> None:
    empty.max_requests_per_s = 3
    answers = [ask(empty, f"/api{MESSAGES}") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json()["code"] == 20429


def test_faults_answer_in_twilios_manner(empty: TwilioApiStandIn) -> None:
    empty.faults = Faults(status=503, times=1)
    answer = ask(empty, f"/api{MESSAGES}")
    assert (answer.status_code, answer.json()["status"]) == (503, 503)
    assert ask(empty, f"/api{MESSAGES}").status_code == 200


def test_a_key_is_shown_once(empty: TwilioApiStandIn) -> None:
    path = f"/api/2010-04-01/Accounts/{ACCOUNT}/Keys.json"
    assert "secret" in ask(empty, path, "POST", data={"FriendlyName": "ours"}).json()
    assert "secret" not in json.dumps(ask(empty, path).json())
