"""Tokens: what they seal comes back, and what is none of ours is refused."""

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import HOSTILE
from twilio_bridge.contacts.paging import Cursor, parse_cursor
from twilio_bridge.errors import BadRequestError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def sealed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@given(TEXTS, st.one_of(st.none(), TEXTS))
def test_round_trip(after: str, offset: str | None) -> None:
    """A token opens to the cursor it was made of, and is plain ASCII."""
    given_cursor = Cursor(after, offset)

    assert given_cursor == parse_cursor(given_cursor.token)
    assert given_cursor.token.isascii()


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())))
def test_garbage(token: str) -> None:
    """Whatever is sent as a token is a cursor or a bad request."""
    with suppress(BadRequestError):
        assert isinstance(parse_cursor(token), Cursor)


@pytest.mark.parametrize(
    "token",
    [
        *HOSTILE,
        "\ud800",
        sealed([]),
        sealed(["a"]),
        sealed(["a", None, None]),
        sealed([None, None]),
        sealed([1, None]),
        sealed(["a", 1]),
        sealed({"after": "a"}),
        sealed("ab"),
        sealed(None),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b'["\xff", null]').decode(),
        base64.urlsafe_b64encode(b"9" * 10_000).decode(),
        Cursor("a").token[:-1],
        Cursor("a").token + "=",
        " " + Cursor("a").token,
    ],
    ids=lambda token: repr(token[:12]),
)
def test_no_token(token: str) -> None:
    """What this service did not give is refused."""
    with pytest.raises(BadRequestError):
        parse_cursor(token)


def test_half_a_character() -> None:
    """A key with half a surrogate pair is made text, for a key is stored and compared as UTF-8."""
    assert parse_cursor(sealed(["\ud800", None])) == Cursor("?")
