"""The company's numbers are read once a day, and never a customer's."""

from collections.abc import Callable
from typing import Any

import pytest

from twilio_bridge.config import schema
from twilio_bridge.errors import RefusedError, SettingError, UnavailableError
from twilio_bridge.support.persons.own_numbers import NOTE, add_own_numbers, refresh_account_numbers

NUMBERS = ["+448081570001", "+5511987654321", "+448081570001"]


class Notes:
    """The port Notes, without an end."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def write_note(self, name: str, text: str, seconds: float) -> None:
        assert seconds > 0
        self.texts[name] = text

    def read_note(self, name: str) -> str | None:
        return self.texts.get(name)

    def claim_name(self, name: str, seconds: float) -> bool:
        assert seconds > 0
        is_first = name not in self.texts
        self.texts[name] = ""
        return is_first


class Account:
    """The port AccountNumbers."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def list_numbers(self, limit: int) -> list[str]:
        if self.error:
            raise self.error
        return NUMBERS[:limit]


def test_the_account_s_numbers_are_read_once_a_day() -> None:
    """Each once, and nobody asks again before."""
    notes = Notes()
    assert 3 == refresh_account_numbers(Account, notes)
    assert "+448081570001 +5511987654321" == notes.texts[NOTE]
    assert None is refresh_account_numbers(Account, notes)


@pytest.mark.parametrize(
    "error", [RefusedError("twilio", "no right"), UnavailableError("twilio", "down"), SettingError("no secret")]
)
def test_what_cannot_be_read_is_no_failure(error: Exception) -> None:
    """The configured numbers hold, and those that were read before stay."""
    notes = Notes()
    notes.texts[NOTE] = "+448081570001"
    assert None is refresh_account_numbers(lambda: Account(error), notes)
    assert "+448081570001" == notes.texts[NOTE]


def test_a_missing_login_is_no_failure() -> None:
    """Nor is an account that cannot even be opened."""

    def fail() -> Any:
        raise SettingError("TWILIO_AUTH_TOKEN is missing")

    opened: Callable[[], Any] = fail
    assert None is refresh_account_numbers(opened, Notes())


def test_numbers_are_known_in_every_spelling() -> None:
    """What was reckoned before of fewer is forgotten."""
    settled = schema.Config()
    assert frozenset() == settled.own_numbers
    added = add_own_numbers(settled, ["+5511987654321", "whatsapp:+448081570001"])
    assert {"+5511987654321", "+551187654321", "+448081570001"} == added.own_numbers
    assert frozenset() == settled.own_numbers
