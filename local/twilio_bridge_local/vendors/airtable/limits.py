"""Airtable's rate limit, for the stand-in's server: so many requests a second, then a penalty.

https://airtable.com/developers/web/api/rate-limits
"""

import threading
from collections.abc import Callable

from twilio_bridge_local.vendors.sliding_window import SlidingWindow

WINDOW_S = 1.0


class RateLimit:
    """A sliding second over all clients of the base; one request too many closes the base for `penalty_s`."""

    def __init__(self, requests_per_s: int, penalty_s: float, clock: Callable[[], float]) -> None:
        self.requests_per_s = requests_per_s
        self.penalty_s = penalty_s
        self._clock = clock
        self._lock = threading.Lock()
        self._window = SlidingWindow(WINDOW_S)
        self._closed_until = float("-inf")

    def admit(self) -> bool:
        """Return whether this request may pass; a refused one neither counts nor lengthens the penalty."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                return False
            if self._window.count(now) >= self.requests_per_s:
                self._closed_until = now + self.penalty_s
                return False
            self._window.add(now)
            return True

    def reset(self) -> None:
        """Forget what was admitted, and the penalty."""
        with self._lock:
            self._window = SlidingWindow(WINDOW_S)
            self._closed_until = float("-inf")
