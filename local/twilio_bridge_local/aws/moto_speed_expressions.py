"""Where moto's DynamoDB reads its expressions again and again, and what makes it read them once.

- An update's clauses and paths are checked anew below each part of its expression. Here they are checked once.
- An update is parsed twice a request. Here it is parsed once; moto changes only copies of what comes of it.
- Such a copy is made by pickle's protocol. Here it is made node by node.
- A walk through an update asks each node anew which nodes it is for, and looks through their abstract classes.
  Here a walk asks once, and what a class descends from is kept.
- A condition's patterns are compiled for each of its tokens, twice a request. Here its tokens are kept.
- A name is looked for in the list of all reserved words. Here they are a set.
"""

import copy
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import DuplicateUpdateExpression
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

MAX_EXPRESSION_COUNT: Final = 1024  # that are kept

_moto_lexes: Final = ConditionExpressionParser._lex_condition_expression
_moto_parses: Final = UpdateExpressionParser.make
_is_subclass: Final = cache(issubclass)


def speed_up_expressions() -> None:
    """Let moto's DynamoDB read each expression once."""
    ActionCountValidator.traverse = ActionCountValidator.verify_action_counts
    OverlappingPathsValidator.traverse = _check_paths
    UpdateExpressionParser.make = staticmethod(lru_cache(MAX_EXPRESSION_COUNT)(_moto_parses))
    Node.__deepcopy__ = _copy_node
    DepthFirstTraverser.traverse = _traverse
    ConditionExpressionParser._lex_condition_expression = _lex
    ReservedKeywords.KEYWORDS = frozenset(ReservedKeywords.get_reserved_keywords())


def _check_paths(validator: Any, root: Any) -> Any:
    """Check all paths of an update; where two are at odds, let moto find the two that it names."""
    try:
        return validator.check_for_overlapping_paths(root)
    except (DuplicateUpdateExpression, KeyError):
        return _traverse(validator, root)


def _copy_node(node: Any, memo: dict[int, Any]) -> Any:
    copied = memo[id(node)] = object.__new__(type(node))
    vars(copied).update(vars(node), parent=copy.deepcopy(node.parent, memo))
    if node.children is not None:
        copied.children = [each if type(each) is str else copy.deepcopy(each, memo) for each in node.children]
    return copied


def _traverse(traverser: Any, root: Any) -> Any:
    return _visit(traverser, traverser._processing_map(), root)


def _visit(traverser: Any, processing: Mapping[type, Callable[[Any], Any]], node: Any, place: int = -1) -> Any:
    """Process what is below a node, then the node itself by the first that is for its class."""
    kind: Any = type(node)
    if not _is_subclass(kind, Node):
        return node

    parent = node.parent
    for number, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, number)
        if type(child) is not str:
            _visit(traverser, processing, child, number)

    for base, process in processing.items():
        if _is_subclass(kind, base):
            return _replace(parent, place, process(node))
    return node


def _replace(parent: Any, place: int, node: Any) -> Any:
    node.parent = parent
    if parent is not None:
        parent.children[place] = node
    return node


def _lex(parser: Any) -> deque[Any]:
    return deque(_tokens(parser.condition_expression))


@lru_cache(MAX_EXPRESSION_COUNT)
def _tokens(expression: str) -> tuple[Any, ...]:
    return tuple(_moto_lexes(ConditionExpressionParser(expression, None, None)))
