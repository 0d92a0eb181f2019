"""How large a test that proves a claim is: small in `make test`, full in `make prove`.

A test with two sizes carries `@pytest.mark.prove`; `make prove` runs those alone, at their full size.
"""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

IS_PROVING = os.environ.get("PROVE") == "1"
Test = TypeVar("Test", bound=Callable[..., Any])


def size(small: int, full: int) -> int:
    """Return the size for this run."""
    return full if IS_PROVING else small


def only_proved(test: Test) -> Test:
    """Leave a test to `make prove`: its docstring says which cheaper one holds the same in `make test`."""
    left_out = pytest.mark.skipif(not IS_PROVING, reason="for make prove")
    marked: Test = pytest.mark.prove(left_out(test))
    return marked
