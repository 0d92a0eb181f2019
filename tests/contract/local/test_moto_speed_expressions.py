"""moto's DynamoDB understands each expression as before where it reads it once."""

import copy
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import DuplicateUpdateExpression
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import OverlappingPathsValidator, UpdateExpressionValidator

from tests.contract.tables import SYNC_STATE, Aws
from twilio_bridge_local.aws import moto_speed_expressions

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
NAMES = {"#m": "m", "#x": "x"}
VALUES = {":n": {"N": "1"}, ":l": {"L": [{"S": "a"}]}, ":s": {"SS": ["b"]}, ":m": {"M": {"x": {"N": "2"}}}}
UPDATE = (
    "SET #m.#x = if_not_exists(a, :n) + n, l = list_append(l, :l), l[0] = :m, n = n - :n, y = m.x, z = :m"
    " REMOVE gone, l[1] ADD s :s, n2 :n DELETE t :s"
)
CONDITION = (
    "attribute_exists(#m.x) AND (n <> :n OR n <= :n OR n >= :n OR n = :n OR n < :n OR n > :n)"
    " and not l[0].#x in (:n,  :m) and begins_with(pk,:n) and size(l) BETWEEN :n AND :m and a-b_c = :n"
)


def item() -> Any:
    attributes = {**KEY, "m": {"M": {}}, "n": {"N": "5"}, "l": {"L": [{"N": "1"}, {"N": "2"}]}, "gone": {"S": ""}}
    sets = {"s": {"SS": ["a"]}, "t": {"SS": ["a", "b"]}, "m": {"M": {"x": {"N": "7"}}}}
    return Item(None, None, {**attributes, **sets})


def shown(node: Any) -> Any:
    """Return a tree as plain values, with each node's parent by its class."""
    if not isinstance(node, Node):
        return repr(node)
    return type(node).__name__, type(node.parent).__name__, [shown(child) for child in node.children or ()]


def validated(expression: str, table: Any) -> Any:
    tree = UpdateExpressionParser.make(expression)
    return shown(UpdateExpressionValidator(tree, NAMES, VALUES, item(), table).validate())


class AnyTable:
    table_key_attrs = attribute_keys = ("pk", "sk")
    attr = ({"AttributeName": "pk", "AttributeType": "S"},)


def moto_traverses(traverser: Any, node: Any) -> Any:
    return traverser.traverse_node_recursively(node)


def test_a_condition_has_the_tokens_that_moto_finds() -> None:
    """Also when it is read again; and what cannot be read is refused as often as it is asked."""
    tokens = moto_speed_expressions._moto_lexes(ConditionExpressionParser(CONDITION, NAMES, VALUES))
    kinds = {token.nonterminal for token in tokens}
    assert {"COMPARATOR", "OPERAND", "COMMA", "LEFT_PAREN", "RIGHT_PAREN"} == kinds
    for _ in range(2):
        parser = ConditionExpressionParser(CONDITION, NAMES, VALUES)
        assert tokens == parser._lex_condition_expression()
        parser.parse()
        assert {"#m", "#x"} <= set(parser.expr_attr_names_found)
        with pytest.raises(ValueError, match="Cannot parse"):
            ConditionExpressionParser("n = !", {}, {}).parse()


def test_an_update_is_processed_as_moto_does() -> None:
    ours = validated(UPDATE, AnyTable)
    with patch.object(DepthFirstTraverser, "traverse", moto_traverses):
        assert validated(UPDATE, AnyTable) == ours
    assert "DDBTypedValue" in repr(ours)


def test_a_tree_is_copied_whole() -> None:
    tree = UpdateExpressionParser.make(UPDATE)
    copied = copy.deepcopy(tree)
    assert shown(copied) == shown(tree)
    assert not nodes(copied) & nodes(tree)
    assert all(child.parent is copied for child in copied.children)


def nodes(node: Any) -> set[int]:
    below = [nodes(child) for child in node.children or () if isinstance(child, Node)]
    return {id(node)}.union(*below)


@pytest.mark.parametrize(
    "expression",
    [
        "SET a = :n, a.b = :n, c = :n, c.d = :n",
        "SET a = :n, b = :n, a = :n",
        "SET a.b = :n REMOVE a",
        "SET #m = :n, m = :n",
    ],
)
def test_paths_at_odds_are_named_as_moto_names_them(expression: str) -> None:
    def refusal(traverse: Any) -> str:
        with pytest.raises(DuplicateUpdateExpression) as refused:
            traverse(OverlappingPathsValidator(NAMES), UpdateExpressionParser.make(expression))
        return str(refused.value.message)

    assert refusal(OverlappingPathsValidator.traverse) == refusal(moto_traverses)


def test_the_same_update_changes_one_item_after_the_other(aws: Aws) -> None:
    """What is kept of the first is what was read, not what was made of it."""
    asked = {"TableName": SYNC_STATE, "UpdateExpression": "SET #m.#x = if_not_exists(n, :n) + :n REMOVE l[0], l[1]"}
    for number in ("3", "4"):
        key = {**KEY, "sk": {"S": number}}
        row = {**key, "m": {"M": {}}, "n": {"N": number}, "l": {"L": [{"S": "a"}, {"S": "b"}, {"S": number}]}}
        aws.client.put_item(TableName=SYNC_STATE, Item=row)
        names = {"ExpressionAttributeNames": NAMES, "ExpressionAttributeValues": {":n": {"N": number}}}
        found = aws.client.update_item(**asked, **names, Key=key, ReturnValues="ALL_NEW")["Attributes"]
        assert found == {**row, "m": {"M": {"x": {"N": f"{2 * int(number)}"}}}, "l": {"L": [{"S": number}]}}


def test_a_reserved_word_is_refused(aws: Aws) -> None:
    asked = {"TableName": SYNC_STATE, "Key": KEY, "ExpressionAttributeValues": {":n": {"N": "1"}}}
    with pytest.raises(ClientError, match="reserved keyword: status"):
        aws.client.update_item(**asked, UpdateExpression="SET status = :n")
