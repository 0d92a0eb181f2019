"""How many requests passed in the last so many seconds; for the vendors' rate limits."""

import math
from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class SlidingWindow:
    """The requests of the last `seconds`; not thread-safe, its user holds a lock."""

    seconds: float
    _passed: deque[float] = field(default_factory=deque)

    def count(self, now: float) -> int:
        """Return how many requests passed."""
        while self._passed and self._passed[0] <= now - self.seconds:
            self._passed.popleft()
        return len(self._passed)

    def add(self, now: float) -> None:
        """Count one more request."""
        self._passed.append(now)

    def next_free_s(self, now: float) -> int:
        """Return in how many whole seconds the oldest request no longer counts; 0 while there is none."""
        return math.ceil(self._passed[0] + self.seconds - now) if self._passed else 0
