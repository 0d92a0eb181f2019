"""moto answers as before where it is made quick: transactions are whole or not at all, queries find what there is."""

import json
import string
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.parse import BaseJSONParser, JSONParser
from moto.core.serialize import BaseJSONSerializer, JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from tests.contract.tables import SYNC_STATE, Aws
from twilio_bridge_local.aws import moto_speed, moto_speed_dynamodb

BEYOND = "zzz"
ABSENT = "attribute_not_exists(pk)"


def key(pk: str, sk: str = "s") -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(pk: str, sk: str = "s", **more: Any) -> dict[str, Any]:
    return {"TableName": SYNC_STATE, "Item": {**key(pk, sk), **more}}


def update(pk: str) -> dict[str, Any]:
    return {
        "TableName": SYNC_STATE,
        "Key": key(pk),
        "UpdateExpression": "SET m.x = :x, n = :x",
        "ExpressionAttributeValues": {":x": {"N": "9"}},
    }


def everything(aws: Aws) -> list[Any]:
    return sorted(aws.client.scan(TableName=SYNC_STATE)["Items"], key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


@pytest.fixture
def filled(aws: Aws) -> Aws:
    for pk in "abc":
        aws.client.put_item(**put(pk, n={"N": "1"}, m={"M": {"x": {"N": "1"}}}))
    return aws


@pytest.mark.parametrize(
    "last",
    [
        {"Put": put("a") | {"ConditionExpression": ABSENT}},
        {
            "ConditionCheck": {
                "TableName": SYNC_STATE,
                "Key": key(BEYOND),
                "ConditionExpression": "attribute_exists(pk)",
            }
        },
        {"Update": update("b")},
        {"Put": {"TableName": "Nowhere", "Item": key("a")}},
        {"Put": {"TableName": SYNC_STATE, "Item": {"pk": {"S": "a"}}}},
    ],
    ids=["condition", "check", "twice the same", "no such table", "no key"],
)
def test_a_transaction_that_fails_leaves_everything_as_it_was(filled: Aws, last: dict[str, Any]) -> None:
    """Whatever it did before it failed: new items, other items, changed ones in their depth, and gone ones."""
    before = everything(filled)
    writes = [{"Put": put("new")}, {"Put": put("a", "t")}, {"Update": update("b")}]
    writes.append({"Delete": {"TableName": SYNC_STATE, "Key": key("c")}})
    with pytest.raises(ClientError):
        filled.client.transact_write_items(TransactItems=[*writes, last])
    assert before == everything(filled)


def test_a_transaction_makes_every_write(filled: Aws) -> None:
    writes = [{"Put": put("new")}, {"Update": update("b")}, {"Delete": {"TableName": SYNC_STATE, "Key": key("c")}}]
    filled.client.transact_write_items(TransactItems=writes)
    changed = {**key("b"), "n": {"N": "9"}, "m": {"M": {"x": {"N": "9"}}}}
    assert ["a", "b", "new"] == [item["pk"]["S"] for item in everything(filled)]
    assert changed == everything(filled)[1]


def test_a_transaction_copies_no_more_than_it_writes(filled: Aws) -> None:
    """Items it does not name are the same objects afterwards, even where it fails."""
    tables = dynamodb_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].tables
    before = {id(item) for item in tables[SYNC_STATE].all_items()}
    with pytest.raises(ClientError):
        filled.client.transact_write_items(TransactItems=[{"Put": put("a") | {"ConditionExpression": ABSENT}}])
    after = {id(item) for item in tables[SYNC_STATE].all_items()}
    assert 2 <= len(before & after)


def test_every_type_comes_back(aws: Aws) -> None:
    """Each of DynamoDB's ten, one in the other, and those that are empty."""
    value = {
        "S": {"S": ""},
        "N": {"N": "-1.5"},
        "B": {"B": b"\x00\xff"},
        "SS": {"SS": ["a", "b"]},
        "NS": {"NS": ["1"]},
        "BS": {"BS": [b"\x00"]},
        "NULL": {"NULL": True},
        "BOOL": {"BOOL": False},
        "L": {"L": [{"L": []}, {"B": b"\x01"}, {"M": {"S": {"S": "S"}}}]},
        "M": {"M": {}},
    }
    aws.client.put_item(**put("p", value={"M": value}))
    assert value == aws.client.get_item(TableName=SYNC_STATE, Key=key("p"))["Item"]["value"]["M"]
    assert value == everything(aws)[0]["value"]["M"]


@pytest.mark.parametrize("beyond", [0, 1])
@pytest.mark.parametrize(
    "last", [{"S": "ü"}, {"B": b"\0"}, {"M": {"é": {"L": [{"N": "17"}, {"NULL": True}]}}}], ids=repr
)
def test_an_item_is_refused_at_the_size_at_which_moto_refuses_it(last: Any, beyond: int) -> None:
    """Counted in UTF-8 bytes of names and values, each once."""
    attributes = {"größe": {"S": "x"}, "n": {"N": "12"}, "last": last}
    rest = 405_000 - sum(len(name.encode()) + DynamoType(value).size() for name, value in attributes.items())
    attributes["r"] = {"S": "x" * (rest - 1 + beyond)}
    moto_s = LimitedSizeDict()

    def fill() -> None:
        for name, value in attributes.items():
            moto_s[name] = DynamoType(value)

    for make in (fill, lambda: Item(None, None, attributes)):
        with pytest.raises(ItemSizeTooLarge) if beyond else nullcontext():
            make()
    assert beyond or moto_s == Item(None, None, attributes).attrs


@pytest.mark.parametrize(
    "value", [{"S": ""}, {"S": "aü\U0001f600"}, {"N": "1.5"}, {"B": "YQ=="}, {"BOOL": True}], ids=repr
)
def test_a_value_has_the_size_that_moto_measures(value: dict[str, Any]) -> None:
    for each in (value, {"L": [value]}, {"M": {"ü": value}}):
        assert moto_speed_dynamodb._moto_measures(DynamoType(each)) == DynamoType(each).size()


TYPES = [
    {"S": "é"},
    {"N": "1.50"},
    {"B": "AP8="},
    {"SS": ["a"]},
    {"NS": ["1"]},
    {"BS": ["AA=="]},
    {"NULL": True},
    {"BOOL": False},
    {"L": [{"S": ""}, {"M": {"S": {"S": "S"}}}]},
    {"M": {}},
]
ODD = [
    {},
    None,
    {"S": None},
    {"S": 1},
    {"BOOL": "true"},
    {"N": "1", "S": "a"},
    {"s": "a"},
    {"X": "a"},
    {"N": 1, "X": 2},
]


@pytest.fixture
def moto_s_own(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], Any]:
    """What an action returns where moto reads and writes requests as it does by itself."""

    def run(action: Callable[[], Any]) -> Any:
        with monkeypatch.context() as patched:
            patched.setattr(BaseJSONParser, "_parse_structure", moto_speed._moto_parses)
            patched.setattr(BaseJSONSerializer, "_serialize_type_structure", moto_speed._moto_serializes)
            patched.setattr(BaseJSONSerializer, "get_value", moto_speed._moto_finds_value)
            return action()

    return run


@pytest.mark.parametrize("value", TYPES + ODD, ids=repr)
def test_a_value_is_parsed_as_moto_parses_it(value: Any, moto_s_own: Any) -> None:
    operation = get_service_model("dynamodb").operation_model("PutItem")
    body = json.dumps({"TableName": "T", "Item": {"value": value, "deep": {"M": {"value": value}}}})

    def parse() -> Any:
        return JSONParser(operation).parse({"body": body.encode()})

    assert moto_s_own(parse) == parse()


@pytest.mark.parametrize("value", TYPES + ODD, ids=repr)
def test_a_value_is_serialized_as_moto_serializes_it(value: Any, moto_s_own: Any) -> None:
    operation = get_service_model("dynamodb").operation_model("GetItem")

    def serialize() -> Any:
        serializer = JSONSerializer(operation, value_picker=XFormedAttributePicker())
        return json.loads(serializer.serialize({"Item": {"value": value, "deep": {"L": [value]}}})["body"])

    assert moto_s_own(serialize) == serialize()


@pytest.mark.parametrize(
    "table", [{}, {"TableName": "T"}, {"table_name": "T", "Name": "N"}, {"Name": "N", "status": "S"}], ids=repr
)
def test_a_member_is_found_under_the_names_under_which_moto_finds_it(table: dict[str, Any], moto_s_own: Any) -> None:
    """As often as it is asked: under its own, in other letters, without what stands before it, or by its shape's."""
    operation = get_service_model("dynamodb").operation_model("DescribeTable")
    more = {"TableSizeBytes": 1, "KeySchema": [{"AttributeName": "pk"}], "sse_description": {"Status": "on"}}

    def serialize() -> Any:
        serializer = JSONSerializer(operation, value_picker=XFormedAttributePicker())
        return [serializer.serialize({name: {**table, **more}}) for name in ("Table", "TableDescription", "table")]

    assert moto_s_own(serialize) == serialize() == serialize()


@pytest.mark.parametrize("digits", [True, False])
@pytest.mark.parametrize("lower", [True, False])
def test_a_random_string_has_the_letters_that_moto_takes(digits: bool, lower: bool) -> None:
    taken = string.ascii_letters + (string.digits if digits else "")
    made = mock_random.get_random_string(9999, include_digits=digits, lower_case=lower)
    assert len(made) == 9999
    assert set(made) == set(taken.lower() if lower else taken)
    assert len(mock_random.get_random_string()) == 20


def test_a_query_finds_a_partition_in_order_page_by_page(aws: Aws) -> None:
    for sk in ("10", "2", "33", "4"):
        for pk in "ab":
            aws.client.put_item(**put(pk, sk))
    request = {
        "TableName": SYNC_STATE,
        "KeyConditionExpression": "pk = :p AND sk > :s",
        "ExpressionAttributeValues": {":p": {"S": "a"}, ":s": {"S": "1"}},
        "Limit": 3,
    }
    first = aws.client.query(**request)
    second = aws.client.query(**request, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert ["10", "2", "33", "4"] == [item["sk"]["S"] for item in [*first["Items"], *second["Items"]]]
    backwards = aws.client.query(**request, ScanIndexForward=False)["Items"]
    assert ["4", "33", "2"] == [item["sk"]["S"] for item in backwards]
    request["ExpressionAttributeValues"] = {":p": {"S": BEYOND}, ":s": {"S": "1"}}
    assert [] == aws.client.query(**request)["Items"]


def test_a_query_of_an_index_finds_what_has_its_keys(aws: Aws) -> None:
    for number, where in enumerate(("b", "a", "c")):
        aws.client.put_item(**put(f"p{number}", gsi1pk={"S": "due"}, gsi1sk={"S": where}))
    aws.client.put_item(**put("half", gsi1pk={"S": "due"}))
    aws.client.put_item(**put("other", gsi1pk={"S": "else"}, gsi1sk={"S": "a"}))
    request = {
        "TableName": SYNC_STATE,
        "KeyConditionExpression": "gsi1pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "due"}},
    }
    found = aws.client.query(IndexName="gsi1", **request)["Items"]
    assert ["p1", "p0", "p2"] == [item["pk"]["S"] for item in found]
    with pytest.raises(ClientError):
        aws.client.query(IndexName="no-such", **request)


@pytest.mark.parametrize("clause", ["SET n = :x", "REMOVE n", "ADD n :x"])
def test_each_clause_of_an_update_stands_once(filled: Aws, clause: str) -> None:
    """Also where another one stands between; two of different kinds are fine."""
    between = "SET y = :x" if not clause.startswith("SET") else "REMOVE y"
    asked = {"TableName": SYNC_STATE, "Key": key("a"), "ExpressionAttributeValues": {":x": {"N": "9"}}}
    filled.client.update_item(**asked, UpdateExpression=f"{clause} SET z = :x" if "SET" not in clause else clause)

    with pytest.raises(ClientError, match="can only be used once"):
        filled.client.update_item(**asked, UpdateExpression=f"{clause} {between} {clause.replace('n', 'w')}")


def test_a_request_s_service_is_looked_up_once_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is the one that moto finds."""
    looked_up = []

    def note() -> list[str]:
        looked_up.append("folders")
        return ["dynamodb"]

    dispatcher = DomainDispatcherApplication(None)
    monkeypatch.setattr("moto.backends.list_of_moto_modules", note)
    hosts = ["dynamodb", "sqs.eu-west-1.amazonaws.com", None] * 3
    assert [dispatcher.get_backend_for_host(host) for host in hosts] == ["dynamodb", "sqs", None] * 3
    assert len(looked_up) == 2
