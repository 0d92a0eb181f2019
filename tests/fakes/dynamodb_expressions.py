"""DynamoDB's conditions and changes, worked out over plain values, as far as our adapters write them.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Item = dict[str, Any]
Values = Mapping[str, Any]

TOKEN = re.compile(r"attribute_not_exists|<=|>=|<>|[:#]?\w+|[=<>(),]")
CLAUSE = re.compile(r"\b(SET|ADD|REMOVE)\b")
BETWEEN = re.compile(r",(?![^(]*\))")  # commas that stand in no function
REMOVED = object()
IF_NOT_EXISTS = re.compile(r"if_not_exists\((.+),(.+)\)")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: bool(one == other),
    "<>": lambda one, other: bool(one != other),
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}


def holds(condition: str, item: Item, values: Values) -> bool:
    """Return whether a condition expression holds for an item; a comparison with what is not there does not."""
    tokens = TOKEN.findall(condition)
    return not tokens or _any(tokens, item, values)


def _any(tokens: list[str], item: Item, values: Values) -> bool:
    result = _all(tokens, item, values)
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        result = _all(tokens, item, values) or result
    return result


def _all(tokens: list[str], item: Item, values: Values) -> bool:
    result = _one(tokens, item, values)
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        result = _one(tokens, item, values) and result
    return result


def _one(tokens: list[str], item: Item, values: Values) -> bool:
    first = tokens.pop(0)
    if first == "(":
        result = _any(tokens, item, values)
        tokens.pop(0)
        return result
    if first == "attribute_not_exists":
        _, name, _ = (tokens.pop(0) for _ in range(3))
        return name not in item
    operator = tokens.pop(0)
    if operator == "IN":
        return first in item and item[first] in [values[name] for name in _listed(tokens)]
    other = {**item, **values}.get(tokens.pop(0))
    return first in item and other is not None and COMPARE[operator](item[first], other)


def _listed(tokens: list[str]) -> Iterator[str]:
    while (token := tokens.pop(0)) != ")":
        if token not in {"(", ","}:
            yield token


def changed(change: str, item: Item, values: Values, names: Mapping[str, str]) -> Item:
    """Return an item as an update expression makes it; all of it sees the item as it was before."""
    after = dict(item)
    _, *pieces = CLAUSE.split(change)
    for clause, actions in zip(pieces[::2], pieces[1::2], strict=True):
        for action in BETWEEN.split(actions):
            name, value = _action(clause, action.strip(), item, values, names)
            after[name] = value
    return {name: value for name, value in after.items() if value is not REMOVED}


def _action(clause: str, action: str, item: Item, values: Values, names: Mapping[str, str]) -> tuple[str, Any]:
    if clause == "REMOVE":
        return names.get(action, action), REMOVED
    path, operand = (part.strip() for part in (action.split() if clause == "ADD" else action.split("=", 1)))
    name = names.get(path, path)
    if clause == "SET":
        return name, _operand(operand, item, values, names)
    added = values[operand]
    if isinstance(added, set):
        return name, item.get(name, set()) | added
    return name, item.get(name, 0) + added


def _operand(text: str, item: Item, values: Values, names: Mapping[str, str]) -> Any:
    if function := IF_NOT_EXISTS.fullmatch(text):
        path, otherwise = (part.strip() for part in function.groups())
        return item[name] if (name := names.get(path, path)) in item else values[otherwise]
    if "+" in text:
        return sum(_operand(part.strip(), item, values, names) for part in text.split("+"))
    return values[text] if text.startswith(":") else item[names.get(text, text)]
