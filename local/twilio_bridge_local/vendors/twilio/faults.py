"""What can be made to go wrong at Twilio; used by the server before it answers, and set by tests.

A fault answers in Twilio's place with a status, waits, never answers, or answers 200 with rubbish. The first
fault that fits a request acts, `times` times (None: always).
"""

import time
from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import Final

RUBBISH: Final = {
    "html": ("<html><body><h1>Bad Gateway</h1></body></html>", "text/html"),
    "json": ('{"unexpected": ["answer"]}', "application/json"),
}


@dataclass(frozen=True)
class Fault:
    """One kind of failure; `only` is a path prefix (`/conversations/v1`), `rubbish` is `html` or `json`."""

    status: int | None = None
    latency: float = 0.0
    silent: bool = False
    rubbish: str = ""
    only: str = ""
    method: str = ""
    times: int | None = None

    def __post_init__(self) -> None:
        if self.rubbish and self.rubbish not in RUBBISH:
            raise ValueError(f"rubbish must be one of {', '.join(RUBBISH)}, not {self.rubbish}")

    def fits(self, method: str, path: str) -> bool:
        """Whether this fault concerns such a request."""
        return path.startswith(self.only) and self.method in ("", method)


class Faults:
    """The faults that are set; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: list[tuple[Fault, int | None]] = []

    def set(self, *faults: Fault) -> None:
        """These and no others; none at all ends them."""
        with self._lock:
            self._left = [(fault, fault.times) for fault in faults]

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that acts on this request; it counts."""
        with self._lock:
            for place, (fault, left) in enumerate(self._left):
                if left != 0 and fault.fits(method, path):
                    self._left[place] = (fault, None if left is None else left - 1)
                    return fault
        return None


class WriteLimit:
    """How many changes a second Twilio accepts (reads do not count); thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._accepted: deque[float] = deque()

    def accepts(self, writes_per_s: int | None) -> bool:
        """Whether one more change fits into the last second."""
        if writes_per_s is None:
            return True
        with self._lock:
            moment = time.monotonic()
            while self._accepted and self._accepted[0] <= moment - 1:
                self._accepted.popleft()
            if len(self._accepted) >= writes_per_s:
                return False
            self._accepted.append(moment)
            return True
