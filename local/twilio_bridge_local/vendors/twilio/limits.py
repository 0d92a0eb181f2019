"""How many requests a second Twilio accepts; for the stand-in's server."""

import threading
from collections.abc import Callable

from twilio_bridge_local.vendors.sliding_window import SlidingWindow

WINDOW_S = 1.0


class RateLimit:
    """A sliding second over some of the account's requests; thread-safe."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._window = SlidingWindow(WINDOW_S)

    def admit(self, max_per_s: int | None) -> bool:
        """Return whether one more request fits into the last second; None sets no limit."""
        if max_per_s is None:
            return True
        with self._lock:
            now = self._clock()
            if self._window.count(now) >= max_per_s:
                return False
            self._window.add(now)
            return True
