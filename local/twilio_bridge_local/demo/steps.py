"""What the demonstration's scenarios are made of."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rich.table import Table

PATIENCE_S = 20
BETWEEN_LOOKS_S = 0.25
T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """What happens, what it answered, and whether that is right; tables show more of it."""

    title: str
    answer: object
    right: bool
    tables: Sequence[Table] = ()


def patiently(ask: Callable[[], T], is_there: Callable[[T], bool], patience_s: float = PATIENCE_S) -> T:
    """Ask until it is there or patience ends: much runs behind the answers."""
    until = time.monotonic() + patience_s
    while not is_there(answer := ask()) and time.monotonic() < until:
        time.sleep(BETWEEN_LOOKS_S)
    return answer
