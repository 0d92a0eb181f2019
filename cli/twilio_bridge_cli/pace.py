"""The vendors' limits for a command, which has no table to share them by."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from twilio_bridge.adapters.state.limiter import AIRTABLES, PENALTY_S, SlotLimiter
from twilio_bridge.adapters.state.window_limiter import WindowLimiter


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


class OneRequest(WindowLimiter):
    """Brevo's limit for a command that asks a few times."""

    def __init__(self) -> None:
        pass

    @contextmanager
    def hold_token(self, patience_s: float) -> Iterator[None]:
        """Let the request pass."""
        del patience_s
        yield

    def block(self, seconds: float) -> None:
        """Leave it to whoever asks next: the command ends here."""
        del seconds
