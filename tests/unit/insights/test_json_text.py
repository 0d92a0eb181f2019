"""Changes inside the text of JSON: what another wrote stays, to the character."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twilio_bridge.insights.json_text import (
    MalformedError,
    append_item,
    check_object,
    find_member,
    parse_attributes,
    set_value,
)

FOREIGN = (
    '{ "b":1.0,"a" : 1e3,\n"a":null, "u":"\\u00e9\\/", "n":12345678901234567890123,'
    ' "z":-0.0, "conversations" : { "k":[ 1.50 , {"x":null} ] , "queue" : null } }'
)


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("{}", "a", '{"a":1}'),
        (" { } ", "a", ' {"a":1 } '),
        ('{"a":null}', "a", '{"a":1}'),
        ('{"b":2 }', "a", '{"b":2,"a":1 }'),
        ('{"c":{"x":1.0}}', "c.a", '{"c":{"x":1.0,"a":1}}'),
        ('{"c":{ }}', "c.a", '{"c":{"a":1 }}'),
        ('{"c":null}', "c.a", '{"c":{"a":1}}'),
        ("{}", "c.a", '{"c":{"a":1}}'),
        ('{"a":1,"a":2}', "a", '{"a":1,"a":1}'),
        ('{"c":{"a":1},"c":{"a":2}}', "c.a", '{"c":{"a":1},"c":{"a":1}}'),
        ('{"c":7,"c":null}', "c.a", '{"c":7,"c":{"a":1}}'),
        ('{"\\u0061":2}', "a", '{"\\u0061":1}'),
        ('{"a\\"}":2}', "b", '{"a\\"}":2,"b":1}'),
        ('{"b":"}{,\\\\"}', "a", '{"b":"}{,\\\\","a":1}'),
    ],
)
def test_only_the_one_value_changes(before: str, path: str, after: str) -> None:
    """Of a name that stands twice the last one counts."""
    assert after == set_value(before, tuple(path.split(".")), 1)


def test_everything_else_stays_to_the_character() -> None:
    """Numbers, escapes, white space, nulls and repeated names: only the new text is between the old."""
    changed = set_value(FOREIGN, ("conversations", "outcome"), "sold")
    at = changed.index(',"outcome":"sold"')
    assert FOREIGN == changed[:at] + changed[at + len(',"outcome":"sold"') :]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{"m":[{"u":1}]}'),
        ('{"m":null}', '{"m":[{"u":1}]}'),
        ('{"m":[]}', '{"m":[{"u":1}]}'),
        ('{"m":[ ]}', '{"m":[{"u":1} ]}'),
        ('{"m":[ 1.0, {"a":null} ]}', '{"m":[ 1.0, {"a":null},{"u":1} ]}'),
    ],
)
def test_an_item_is_put_behind_the_others(before: str, after: str) -> None:
    assert after == append_item(before, ("m",), {"u": 1})


@pytest.mark.parametrize("text", ['{"c":"text"}', '{"c":[1]}', '{"c":1}', '{"c":false}'])
def test_what_is_no_object_is_never_replaced(text: str) -> None:
    with pytest.raises(MalformedError):
        set_value(text, ("c", "a"), 1)
    with pytest.raises(MalformedError):
        append_item('{"m":{"a":1}}', ("m",), 1)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "null", "[]", '"{}"', "{", '{"a":1}}', '{"a":1,}', "{'a':1}", '{"a":NaN}', '{"a":Infinity}'),
        *('{"a":1} x', '{"a":"\n"}', "undefined", '{"a":"\ud83d"}', "[" * 100_000, '{"a":' * 100_000),
    ],
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    """The message names no value."""
    with pytest.raises(MalformedError):
        check_object(text)
    with pytest.raises(MalformedError):
        parse_attributes(text)


def test_numbers_of_any_length_are_read() -> None:
    """An integer of five thousand digits is JSON, and stays as it is."""
    text = '{"n":' + "9" * 5_000 + "}"
    assert set_value(text, ("a",), 1) == text[:-1] + ',"a":1}'
    assert parse_attributes(text).keys() == {"n"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "conversations", "customers", ""]), JSON, max_size=5)
STYLES = st.sampled_from([{}, {"indent": 2}, {"separators": (" , ", " :\t")}, {"ensure_ascii": False}])


@settings(max_examples=60, deadline=None)
@given(OBJECTS, STYLES, st.sampled_from([("a",), ("conversations", "outcome"), ("customers", "a", "b")]), JSON)
def test_a_change_is_one_place_whatever_stands_there(
    before: dict[str, Any], style: dict[str, Any], path: tuple[str, ...], value: Any
) -> None:
    """Read again it is the same with the value set, and the text around it is the text there was."""
    text = json.dumps(before, **style)
    try:
        changed = set_value(text, path, value)
    except MalformedError:
        assert any(not isinstance(_at(before, path[:depth]), dict | None) for depth in range(1, len(path)))
        return

    wanted = json.loads(text)
    inner = wanted
    for name in path[:-1]:
        inner[name] = inner.get(name) or {}
        inner = inner[name]
    inner[path[-1]] = value
    assert wanted == json.loads(changed)

    member = find_member(text, path)
    cut_from, cut_to = (member.start, member.end) if member else (0, 0)
    common = next(
        (i for i, (x, y) in enumerate(zip(text, changed, strict=False)) if x != y), min(len(text), len(changed))
    )
    kept = len(text) - (cut_to - cut_from)
    suffix = next(
        (i for i, (x, y) in enumerate(zip(reversed(text), reversed(changed), strict=False)) if x != y), len(text)
    )
    assert common + suffix >= kept - len("null")


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
