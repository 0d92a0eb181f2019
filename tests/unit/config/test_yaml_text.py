"""What people mean as a text stays one, and what programs write is read as it was."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.config import schema
from twilio_bridge.config.yaml_text import RepeatedKeyError, load_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6).map(lambda x: round(x, 3)) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+442079460000", "+442079460000"),
        ("10:00", "10:00"),
        ("2026-12-01T09:00:00+01:00", "2026-12-01T09:00:00+01:00"),
        ("NO", "NO"),
        ("0123", "0123"),
        ("no", False),
        ("true", True),
        ("14_400", 14_400),
        ("-5", -5),
        ("0", 0),
        ("0.5", 0.5),
        ("~", None),
        ("", None),
        ('"5"', "5"),
    ],
)
def test_a_text_stays_one(written: str, read: object) -> None:
    """And what is a number, a truth or nothing is that."""
    assert load_yaml(f"it: {written}") == {"it": read}


@given(VALUES)
def test_what_programs_write_is_read_as_it_was(value: Any) -> None:
    """Setup writes what it has read."""
    assert load_yaml(yaml.safe_dump(value, allow_unicode=True)) == value


def test_keys_are_texts_and_stand_once() -> None:
    """A country's prefix is one."""
    assert load_yaml("+47: x") == {"+47": "x"}
    with pytest.raises(RepeatedKeyError, match="a second time"):
        load_yaml("a: 1\na: 2")


def test_a_configuration_needs_no_quotes() -> None:
    """Not for numbers, times or Norway."""
    settled = schema.parse(
        """
        contacts: {region: NO}
        senders: {countries: {+47: {sms: +4790000001}}}
        messages: {sending_hours: {opens: 10:00, closes: 20:00}, blocked_countries: [NO]}
        """
    )

    assert (settled.contacts.region, settled.messages.blocked_countries) == ("NO", ("NO",))
    assert settled.senders.countries["+47"].sms == "+4790000001"
    assert settled.messages.sending_hours
    assert settled.messages.sending_hours.opens == "10:00"
