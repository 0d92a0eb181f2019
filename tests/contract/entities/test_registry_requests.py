"""Every request that an entity can lead to is one that Twilio's description allows.

The stand-in is made from the description alone and refuses names that it does not know: what it answers is right.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from tests.contract.entities.conftest import ACCOUNT, TOKEN, make_client
from twilio_bridge.adapters.entities.client import TwilioClient
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.pushdown import encode_filter
from twilio_bridge.entities.reading import Statement
from twilio_bridge.entities.registry import Entity, Filter, Operation, load_registry
from twilio_bridge.errors import NotFoundError
from twilio_bridge_local.vendors.twilio.openapi.routes import Route, Routes
from twilio_bridge_local.vendors.twilio.openapi.server import TwilioApiStandIn

SEEDED = 3
ENGINE = SqliteEngine(load_registry())
ENTITIES = [entity for entity in load_registry().entities if not entity.computed]
LISTED = [entity for entity in ENTITIES if entity.is_listable]
SAMPLES: Mapping[str, str | int] = {"boolean": 1, "integer": 1, "date": "2026-11-20", "datetime": "2026-11-20 10:00:00"}
UNTYPED = {"StartTime": "4h", "EndTime": "30m"}  # which the description calls texts
BODY_SAMPLES: Mapping[str, object] = {
    "boolean": True,
    "integer": 1,
    "number": 1.5,
    "list": ["a", "b"],
    "json": {"a": 1},
}


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioApiStandIn]:
    with TwilioApiStandIn(ACCOUNT, TOKEN, seeded=SEEDED) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def client(twilio: TwilioApiStandIn) -> TwilioClient:
    return make_client(twilio.url)


@pytest.fixture(scope="module")
def written() -> Iterator[TwilioApiStandIn]:
    """An account that is written to; who lists and reads has another, for tests run in any order."""
    with TwilioApiStandIn(ACCOUNT, TOKEN, seeded=SEEDED) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def emptied() -> Iterator[TwilioApiStandIn]:
    """An account whose resources are deleted: each test begins it anew, for the others read what is deleted here."""
    with TwilioApiStandIn(ACCOUNT, TOKEN, seeded=1) as stand_in:
        yield stand_in


@cache
def index_routes(routes: Routes) -> Mapping[tuple[str, str, str], Route]:
    return {(route.product, route.method, route.path): route for route in routes.all}


def route_of(twilio: TwilioApiStandIn, entity: Entity, operation: Operation) -> Route:
    return index_routes(twilio.routes)[entity.product, operation.method, operation.path]


def sample_sid(pattern: str) -> str:
    prefix = re.match(r"\^\(?([A-Z]{2})", pattern)
    return f"{prefix[1]}{7:032x}" if prefix else "US" if "A-Z" in pattern else "thing"


def sample_places(twilio: TwilioApiStandIn, entity: Entity, operation: Operation) -> dict[str, str]:
    """Return a value for every parent and the key that the operation's path has."""
    columns = {parent.param: parent.column for parent in entity.parents} | {entity.key_param: entity.key}
    places = route_of(twilio, entity, operation).places
    found = {columns[param]: sample_sid(schema.get("pattern", "")) for param, schema in places.items()}
    return found | ({"AccountSid": ACCOUNT} if "AccountSid" in found else {})


def sample_value(given: Filter) -> str | int:
    if given.values:
        return given.values[0]
    known = SAMPLES.get(given.type) or UNTYPED.get(given.param) or "2026-11-20T00:00:00Z"
    return sample_sid(given.pattern) if given.pattern else known


def operators_of(given: Filter) -> tuple[str, ...]:
    return ("=",) if given.operator == "=" else (given.operator, f"{given.operator}=", "=")


@pytest.mark.parametrize("entity", LISTED, ids=lambda entity: entity.name)
def test_a_list_is_read_page_by_page(entity: Entity, twilio: TwilioApiStandIn, client: TwilioClient) -> None:
    places = sample_places(twilio, entity, entity.operations["list"])
    pages = list(client.list_pages(entity, places, {}, 2))
    rows = [row for page in pages for row in page.rows]
    expected = {"Accounts": 1, "AvailablePhoneNumberCountries": 1}.get(entity.name, SEEDED)  # one country, one account
    assert len(rows) == expected
    assert len(pages) == (2 if entity.max_page_size and expected > 2 else 1)
    assert all(column.json_key in row for row in rows for column in entity.columns if not column.secret)


@pytest.mark.parametrize("entity", [each for each in LISTED if each.filters], ids=lambda entity: entity.name)
def test_every_filter_is_one_that_twilio_has(entity: Entity, twilio: TwilioApiStandIn, client: TwilioClient) -> None:
    places = sample_places(twilio, entity, entity.operations["list"])
    for given in entity.filters:
        for operator in operators_of(given):
            encoded = encode_filter(given, operator, sample_value(given))
            assert encoded is not None
            next(client.list_pages(entity, places, {given.param: encoded}, 50))


@pytest.mark.parametrize("entity", LISTED, ids=lambda entity: entity.name)
def test_the_engine_asks_only_what_twilio_has(entity: Entity, twilio: TwilioApiStandIn, client: TwilioClient) -> None:
    """Each filter once by SQL, with values that Twilio takes and with values that it would refuse."""
    places = sample_places(twilio, entity, entity.operations["list"])
    parents = [f"\"{column}\" = '{value}'" for column, value in places.items()]
    compared = [(each.column, sign, sample_value(each)) for each in entity.filters for sign in operators_of(each)]
    compared += [(each.column, "=", "neither this nor that") for each in entity.filters if not each.hidden]
    for column, operator, value in compared:
        conditions = " AND ".join([*parents, f'"{column}" {operator} ?'])
        sql = f'SELECT * FROM "{entity.name}" WHERE {conditions}'  # noqa: S608  names of the registry
        list(ENGINE.execute(sql, [value], Statement(client, 50))[1])


@pytest.mark.parametrize("entity", LISTED, ids=lambda entity: entity.name)
def test_a_filter_that_is_pushed_down_keeps_every_row_that_equals(
    entity: Entity, twilio: TwilioApiStandIn, client: TwilioClient
) -> None:
    """Twilio's answer contains SQL's equality, for a row that exists."""
    places = sample_places(twilio, entity, entity.operations["list"])
    row = next(client.list_pages(entity, places, {}, 50)).rows[0]
    for given in entity.filters:
        value = None if given.hidden else row.get(entity.column(given.column).json_key)
        encoded = encode_filter(given, "=", value) if value is not None else None
        if encoded is not None:
            found = next(client.list_pages(entity, places, {given.param: encoded}, 50))
            assert row in found.rows, given.param


@pytest.mark.parametrize(
    "entity", [each for each in ENTITIES if "get" in each.operations], ids=lambda entity: entity.name
)
def test_a_resource_is_fetched(entity: Entity, twilio: TwilioApiStandIn, client: TwilioClient) -> None:
    operation = entity.operations["get"]
    places = sample_places(twilio, entity, operation)
    if not entity.is_listable:
        key = places.get(entity.key, "")
        found = fetch_or_none(client, entity, places, key)
        assert found is None or not (set(found) & load_registry().secrets)
        return
    row = next(client.list_pages(entity, places, {}, 50)).rows[0]
    found = client.fetch(entity, places, str(row[entity.column(entity.key).json_key]))
    assert {name: found[name] for name in row} == row


def fetch_or_none(
    client: TwilioClient, entity: Entity, places: Mapping[str, str], key: str
) -> dict[str, object] | None:
    try:
        return client.fetch(entity, places, key)
    except NotFoundError:  # what can be created is not there before
        assert "create" in entity.operations or entity.key
        return None


@pytest.mark.parametrize(
    "entity", [each for each in ENTITIES if "create" in each.operations], ids=lambda entity: entity.name
)
def test_twilio_takes_what_is_created(entity: Entity, written: TwilioApiStandIn) -> None:
    operation = entity.operations["create"]
    body = sample_body(written, entity, operation)
    answer = make_client(written.url).create(entity, sample_places(written, entity, operation), body)
    assert not set(answer) & load_registry().secrets


@pytest.mark.parametrize(
    "entity", [each for each in ENTITIES if "update" in each.operations], ids=lambda entity: entity.name
)
def test_twilio_takes_what_is_updated(entity: Entity, written: TwilioApiStandIn) -> None:
    client = make_client(written.url)
    operation = entity.operations["update"]
    places = sample_places(written, entity, operation)
    body = sample_body(written, entity, operation)
    key = existing_key(client, entity, places)
    try:
        client.update(entity, places, key, body)
    except NotFoundError:
        assert not entity.is_listable


def existing_key(client: TwilioClient, entity: Entity, places: Mapping[str, str]) -> str:
    if not entity.is_listable:
        return places.get(entity.key, "")
    row = next(client.list_pages(entity, places, {}, 50)).rows[0]
    return str(row[entity.column(entity.key).json_key])


def sample_body(twilio: TwilioApiStandIn, entity: Entity, operation: Operation) -> dict[str, object]:
    """Return a value for everything that the operation takes."""
    if operation.body == "json":
        return {"ui_version": "2.0.0"}
    route = route_of(twilio, entity, operation)
    schemas = {name: route.document.resolve(part) for name, part in route.body.get("properties", {}).items()}
    body: dict[str, object] = {}
    for parameter in operation.parameters:
        schema = schemas[parameter.wire]
        kept = route.document.resolve(schema.get("items", {})) if parameter.type == "list" else schema
        value: object = BODY_SAMPLES.get(parameter.type, "x")
        if kept.get("enum"):
            value = kept["enum"][0]
        elif "pattern" in kept:
            value = sample_sid(kept["pattern"])
        elif parameter.type in {"date", "datetime"}:
            value = "2026-11-20"
        body[parameter.name] = value
    return body


@pytest.mark.parametrize(
    "entity", [each for each in ENTITIES if "delete" in each.operations], ids=lambda entity: entity.name
)
def test_a_resource_is_deleted(entity: Entity, emptied: TwilioApiStandIn) -> None:
    emptied.clear()
    alone = make_client(emptied.url)
    places = sample_places(emptied, entity, entity.operations["delete"])
    key = existing_key(alone, entity, places)
    if entity.is_listable or "get" in entity.operations:
        alone.delete(entity, places, key)
    if entity.is_listable:
        assert next(alone.list_pages(entity, places, {}, 50)).rows == []
        with pytest.raises(NotFoundError):
            alone.delete(entity, places, key)


def test_a_name_that_twilio_does_not_know_is_refused(twilio: TwilioApiStandIn, client: TwilioClient) -> None:
    """Else the tests above would show nothing."""
    entity = load_registry().entity("Messages")
    with pytest.raises(Exception, match="error 20001"):
        next(client.list_pages(entity, {}, {"Subject": "x"}, 50))
    assert twilio.requests[-1].status == 400
