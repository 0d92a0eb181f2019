"""Placeholders: each row's text, filled in one pass, with what is missing named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.messages.texts.placeholders import Filled, fill_template, parse_template


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("Hallo <Vorname>!", {"Vorname": "Kim"}, Filled("Hallo Kim!")),
        ("Hi <Name|there>", {}, Filled("Hi there")),
        ("Hi <Name|there>", {"Name": "  "}, Filled("Hi there")),
        ("Hi <Name|>!", {}, Filled("Hi !")),
        ("Hi <Name>", {"Name": None}, Filled("Hi ", ("Name",))),
        ("<A> <B> <A>", {"B": 2}, Filled(" 2 ", ("A",))),
        ("<<Name> is literal", {"Name": "Kim"}, Filled("<Name> is literal")),
        ("3 < 5 and 7 > 6", {}, Filled("3 < 5 and 7 > 6")),
        ("<3 you, <Name>", {"Name": "Kim"}, Filled("<3 you, Kim")),
        ("<First Name>", {"First Name": "Ö"}, Filled("Ö")),
        ("< Name >", {"Name": "Kim"}, Filled("Kim")),
        ("<Straße|dort>", {}, Filled("dort")),
        ("a <", {}, Filled("a <")),
        ("", {}, Filled("")),
        ("<Count>", {"Count": 0}, Filled("0")),
    ],
)
def test_fill(text: str, values: dict[str, object], expected: Filled) -> None:
    """A field takes the row's value, its default, or is named as missing."""
    assert fill_template(parse_template(text), values) == expected


@given(st.text())
def test_values_are_never_read_again(value: str) -> None:
    """A value that looks like a placeholder stays text."""
    filled = fill_template(parse_template("<A|x><B|y>"), {"A": value, "B": "<A>"})

    assert filled.text == (value.strip() or "x") + "<A>"


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    """No text breaks the reading, and one without `<` stays as it is."""
    template = parse_template(text)

    assert "<" in text or fill_template(template, {}).text == text
