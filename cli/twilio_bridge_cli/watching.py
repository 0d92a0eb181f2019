"""Watching what goes on by itself for hours: now and then an answer may fail to come."""

import time
from collections.abc import Callable
from typing import Any, Final

from twilio_bridge_cli.errors import CommandError, UnreachableError

# Answers that may fail to come one after the other.
MAX_MISSED_COUNT: Final = 5


def ask_patiently(
    ask: Callable[[], dict[str, Any]], every_s: float, missed: type[CommandError] = UnreachableError
) -> dict[str, Any]:
    """Return the answer; where it is `missed`, ask again a few times, and raise the last error."""
    for _ in range(MAX_MISSED_COUNT):
        try:
            return ask()
        except missed:
            time.sleep(every_s)
    return ask()
