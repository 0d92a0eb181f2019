"""Segments are those of Twilio's own calculator, text by text, and never fewer for a longer text."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.messages.texts.graphemes import split_clusters
from twilio_bridge.messages.texts.segments import Segments, count_in, count_segments

TABLE = Path(__file__).parent / "data" / "twilio-calculator.jsonl"
CALCULATED = [json.loads(line) for line in TABLE.read_text().splitlines()]
TEXTS = st.text(
    st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from("aé€^\r\n\u200d\ufe0f😜👩🏳🌈🇮🇹\u0301ते"),
    ),
    max_size=400,
)


def test_twilio_s_own_table() -> None:
    """All 463 texts have the encoding and the segments that Twilio's calculator gives them."""
    ours = [count_segments(row["text"]) for row in CALCULATED]

    assert len(CALCULATED) == 463
    assert ours == [Segments(row["encoding"], row["segments"]) for row in CALCULATED]


@given(TEXTS, TEXTS)
def test_longer_is_never_fewer(text: str, more: str) -> None:
    """A text with something added has at least as many segments."""
    assert count_segments(text + more).count >= count_segments(text).count


@given(TEXTS)
def test_clusters_are_the_text(text: str) -> None:
    """Cutting loses nothing and adds nothing."""
    assert "".join(split_clusters(text)) == text


@given(TEXTS)
def test_ucs2_bounds(text: str) -> None:
    """A text takes at least the segments that its UTF-16 units fill."""
    units = len(text.encode("utf-16-le")) // 2
    count = count_in(text, "UCS-2")

    assert count == 1 if units <= 70 else count >= -(-units // 67)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 160, Segments("GSM-7", 1)),
        ("a" * 161, Segments("GSM-7", 2)),
        ("€" * 80, Segments("GSM-7", 1)),
        ("€" * 81, Segments("GSM-7", 2)),
        ("a" * 152 + "€" + "a" * 152, Segments("GSM-7", 3)),  # an escape is not parted from its letter
        ("`" + "a" * 69, Segments("UCS-2", 1)),
        ("`" + "a" * 70, Segments("UCS-2", 2)),
        ("\f" * 80, Segments("GSM-7", 1)),
        ("\f" * 81, Segments("GSM-7", 2)),
        ("각" * 70, Segments("UCS-2", 1)),
        ("🇮" * 36, Segments("UCS-2", 2)),
    ],
)
def test_edges(text: str, expected: Segments) -> None:
    """The borders of each encoding."""
    assert count_segments(text) == expected


def test_lone_surrogates_are_counted() -> None:
    """Half a surrogate pair, as JSON can hold, is one unit."""
    assert count_segments("\ud83d" * 70) == Segments("UCS-2", 1)
