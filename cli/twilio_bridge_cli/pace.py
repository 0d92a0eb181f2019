"""The vendors' limits for a command, which has no table to share them by."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from twilio_bridge.adapters.state.limiter import AIRTABLES, PENALTY_S, SlotLimiter
from twilio_bridge.adapters.state.window_limiter import WindowLimiter

BREVO_GAP_S: Final = 0.125


class OwnPace(SlotLimiter):
    """Airtable's limit for a command, which has no table to share it by: a request each 250 ms."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def reserve_slot(self, patience_s: float) -> None:
        """Wait for the next slot, however long that is."""
        del patience_s
        time.sleep(max(self._next_at - time.monotonic(), 0))
        self._next_at = time.monotonic() + AIRTABLES.slot_ms / 1000

    def block_slots(self, seconds: float = PENALTY_S) -> None:
        """Leave Airtable alone for so long."""
        self._next_at = time.monotonic() + seconds


class BrevoPace(WindowLimiter):
    """Brevo's limit for a command: eight requests a second, one after the other."""

    def __init__(self) -> None:
        self._next_at = 0.0

    @contextmanager
    def hold_token(self, patience_s: float) -> Iterator[None]:
        """Wait for the next turn, however long that is."""
        del patience_s
        time.sleep(max(self._next_at - time.monotonic(), 0))
        self._next_at = time.monotonic() + BREVO_GAP_S
        yield

    def block(self, seconds: float) -> None:
        """Leave Brevo alone for so long."""
        self._next_at = time.monotonic() + seconds
