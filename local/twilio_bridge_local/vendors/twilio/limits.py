"""How many requests a second Twilio accepts; for the stand-in's server."""

import threading
from collections.abc import Callable, Mapping
from typing import Final

from twilio_bridge_local.vendors.sliding_window import SlidingWindow

WINDOW_S = 1.0
FIRST_API: Final = "api"
TASKROUTER: Final = "taskrouter"
TASKROUTER_EVENTS: Final = "taskrouter-events"
# Requests a second that the connector's documentation names; of TaskRouter its reads, and those of its events apart.
PRODUCT_LIMITS: Final[Mapping[str, int]] = {
    "conversations": 100,
    "flex-api": 100,
    TASKROUTER: 30,
    TASKROUTER_EVENTS: 20,
}


def name_limit(method: str, path: str) -> str:
    """Return what a request counts among: the product that its path begins with; "" for TaskRouter's writes."""
    product, _, rest = path.removeprefix("/").partition("/")
    if product != TASKROUTER:
        return product
    if method != "GET":
        return ""
    return TASKROUTER_EVENTS if "Events" in rest.split("/") else TASKROUTER


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
