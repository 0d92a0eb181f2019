"""Airtable's signature: what it did not sign is refused before anything else is asked."""

import base64
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import HOSTILE
from twilio_bridge.entrypoints import airtable_signature
from twilio_bridge.errors import SignatureError

SECRET = base64.b64encode(b"a secret of Airtable's").decode()
OTHER = base64.b64encode(b"another").decode()
BODY = '{"base":{"id":"app00000000000001"},"webhook":{"id":"ach00000000000001"},"timestamp":"2026-03-01T12:00:00.250Z"}'


def ping(body: bytes = BODY.encode(), *, mac: str | None = None, is_base64: bool = True) -> dict[str, Any]:
    """Make a ping; signed, unless a header is given."""
    header = airtable_signature.sign(SECRET, body) if mac is None else mac
    text = base64.b64encode(body).decode() if is_base64 else body.decode()
    return {"headers": {"X-Airtable-Content-MAC": header}, "body": text, "isBase64Encoded": is_base64}


def is_taken(event: dict[str, Any], *secrets: str | None) -> bool:
    """Return whether a request passes."""
    try:
        airtable_signature.require_signature(event, *(lambda secret=secret: secret for secret in secrets))
    except SignatureError:
        return False
    return True


def noted(asked: list[str]) -> Callable[[], str]:
    """Return a secret that notes when it is asked for."""

    def secret() -> str:
        asked.append(SECRET)
        return SECRET

    return secret


@pytest.mark.parametrize("is_base64", [True, False])
@pytest.mark.parametrize("body", [BODY, "", "ü 😀"])
def test_signed(body: str, is_base64: bool) -> None:
    """The very bytes are signed, however API Gateway hands them over."""
    assert is_taken(ping(body.encode(), is_base64=is_base64), SECRET)


def test_as_airtable_writes_it() -> None:
    """The scheme, then the digest in hexadecimal, under the decoded secret."""
    digest = hmac.new(b"a secret of Airtable's", BODY.encode(), "sha256").hexdigest()
    assert is_taken(ping(mac=f"hmac-sha256={digest}"), SECRET)
    assert not is_taken(ping(mac=digest), SECRET)
    assert not is_taken(ping(mac=f"hmac-sha1={digest}"), SECRET)


@pytest.mark.parametrize(("secrets", "expected"), [((OTHER, SECRET), True), ((None, SECRET), True), ((OTHER,), False)])
def test_one_of_the_secrets_is_enough(secrets: tuple[str | None, ...], expected: bool) -> None:
    """Our own webhook's or that of one made by hand."""
    assert expected == is_taken(ping(), *secrets)


@pytest.mark.parametrize("secrets", [(), (None,), ("",), (None, "")])
def test_no_secret_signs_nothing(secrets: tuple[str | None, ...]) -> None:
    """Where no secret is known nothing passes, not even what an empty one signed."""
    empty = "hmac-sha256=" + hmac.new(b"", BODY.encode(), "sha256").hexdigest()
    assert not is_taken(ping(mac=empty), *secrets)


def test_the_second_secret_is_read_only_if_needed() -> None:
    """A ping of our own webhook costs no look into the settings."""
    asked: list[str] = []
    airtable_signature.require_signature(ping(), lambda: SECRET, noted(asked))
    assert [] == asked


@pytest.mark.parametrize("mac", ["", "x", *HOSTILE], ids=range(len(HOSTILE) + 2))
def test_a_wrong_header(mac: str) -> None:
    """Whatever it holds, it is refused."""
    assert not is_taken(ping(mac=mac), SECRET)


@pytest.mark.parametrize("headers", [None, {}, {"X-Airtable-Content-Mac2": "x"}])
def test_no_header(headers: dict[str, str] | None) -> None:
    """An unsigned request is refused without asking for any secret."""
    asked: list[str] = []
    with pytest.raises(SignatureError, match="missing") as refused:
        airtable_signature.require_signature(ping() | {"headers": headers}, noted(asked))
    assert [] == asked
    assert "Airtable" in refused.value.friendly


def test_a_body_that_is_no_base64() -> None:
    """It is refused, not failed at."""
    assert not is_taken(ping() | {"body": "ä"}, SECRET)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 7), st.integers(0))
def test_any_other_bit_breaks_it(body: bytes, bit: int, place: int) -> None:
    """A body with one bit changed is another body."""
    changed = bytearray(body)
    changed[place % len(body)] ^= 1 << bit
    mac = airtable_signature.sign(SECRET, body)
    assert is_taken(ping(body, mac=mac), SECRET)
    assert not is_taken(ping(bytes(changed), mac=mac), SECRET)
