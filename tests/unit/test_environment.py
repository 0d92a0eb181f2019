"""No test sees what another one changed in the environment."""

import os

import pytest


@pytest.mark.parametrize("_time", ["first", "second"])
def test_what_a_test_changes_is_taken_back(_time: str) -> None:
    """Added, changed or deleted."""
    assert "LEFT_BEHIND" not in os.environ
    assert ("UTC", True) == (os.environ["TZ"], "HOME" in os.environ)

    os.environ.update(TZ="Asia/Tokyo", LEFT_BEHIND="by a test")
    del os.environ["HOME"]
