"""Brevo's rate limits, for the stand-in's server: how many requests of a kind pass in a second and in an hour.

https://developers.brevo.com/docs/api-limits (the general limits) and https://developers.brevo.com/docs/limit-headers.
Brevo does not document where its windows begin. Here they slide, which lets no more pass than any fixed window would.
Not listed there, and so under "everything else": GET /events and POST /events/batch.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from twilio_bridge_local.vendors.sliding_window import SlidingWindow


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds."""

    requests: int
    seconds: float


CONTACTS, EVENTS, THE_REST = "contacts", "events", "the rest"
Limits = Mapping[str, tuple[Limit, ...]]
GENERAL: Final[Limits] = MappingProxyType(
    {
        CONTACTS: (Limit(10, 1.0), Limit(36_000, 3600.0)),
        EVENTS: (Limit(10, 1.0), Limit(36_000, 3600.0)),
        THE_REST: (Limit(100, 3600.0),),
    }
)
NO_LIMITS: Final[Limits] = MappingProxyType({})


def bucket_of(method: str, path: str) -> str:
    """Which requests count together."""
    if path == "/v3/contacts" or path.startswith("/v3/contacts/"):
        return CONTACTS
    return EVENTS if (method, path) == ("POST", "/v3/events") else THE_REST


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a request passes, and the headers with what its kind has left."""

    admitted: bool
    headers: Mapping[str, str]


class RateLimits:
    """The account's limits, thread-safe; `set` changes them and forgets what has passed."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self.set(limits)

    def set(self, limits: Limits) -> None:
        """Hold these from now on; a kind that is not in them is not limited."""
        self._limits = limits
        self.reset()

    def reset(self) -> None:
        """Forget what has passed."""
        with self._lock:
            self._windows = {
                kind: [(limit, SlidingWindow(limit.seconds)) for limit in limits]
                for kind, limits in self._limits.items()
            }

    def admit(self, kind: str) -> Standing:
        """Let a request pass or not; one that does not pass does not count."""
        with self._lock:
            now, windows = self._clock(), self._windows.get(kind, [])
            admitted = all(window.count(now) < limit.requests for limit, window in windows)
            if admitted:
                for _limit, window in windows:
                    window.add(now)
            return Standing(admitted, _headers(windows, now))


def _headers(windows: Sequence[tuple[Limit, SlidingWindow]], now: float) -> dict[str, str]:
    """Return those of the window with the least room."""
    if not windows:
        return {}
    room = [(limit.requests - window.count(now), limit, window) for limit, window in windows]
    remaining, limit, window = min(room, key=lambda each: each[0])
    return headers(limit.requests, remaining, window.next_free_s(now))


def headers(limit: int, remaining: int, reset_s: int) -> dict[str, str]:
    """Brevo's own; the reset is in seconds from now, and there is no Retry-After."""
    values = {"limit": limit, "remaining": remaining, "reset": reset_s}
    return {f"x-sib-ratelimit-{name}": str(value) for name, value in values.items()}
