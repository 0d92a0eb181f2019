"""A vendor's limit of so many requests in any sliding window, shared by all functions through one item in SyncState.

There are as many tokens as requests are allowed. A request takes a token before it starts and returns it when its
answer is there; the next request may take it one window later. Whenever the vendor counted the request, it was between
the two: so two requests with one token are more than a window apart at the vendor, however slow the network, the
instance or the machine was meanwhile. A token that is not returned, because its holder crashed, is free again after
MAX_HOLD_S.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from twilio_bridge.adapters.aws.dynamodb import Item, Table
from twilio_bridge.errors import RateLimitedError, UnavailableError

# Longer than any request with its timeouts.
MAX_HOLD_S = 15.0
# How far the clocks of two instances may be apart.
MAX_SKEW_S = 0.05
POLL_S = 0.1
BLOCKED = "blocked_until"


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` requests in any `seconds`."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is held until `held_until` (epoch ms) at most."""

    name: str
    held_until: int


class WindowLimiter:
    """The tokens of one vendor's account and limit."""

    def __init__(
        self,
        table: Table,
        system: str,
        account: str,
        window: Window,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._system = system
        self._pk = f"limit#{system}#{account}"
        self._window = window
        self._clock = clock
        self._sleep = sleep
        self._free_at: Item = {}

    @contextmanager
    def hold_token(self, patience_s: float) -> Iterator[None]:
        """Hold a token for a request; raise RateLimitedError where none becomes free within `patience_s`."""
        token = self._take_token(self._now_ms() + int(patience_s * 1000))
        try:
            yield
        except Exception:
            self._return_token(token)
            raise
        self._return_token(token)

    def block(self, seconds: float) -> None:
        """Let no request start for `seconds`, for instance because the vendor answered 429."""
        until = self._now_ms() + int(seconds * 1000)
        when = f"attribute_not_exists({BLOCKED}) OR {BLOCKED} < :until"
        self._table.update(self._pk, "window", f"SET {BLOCKED} = :until", {":until": until}, when=when)

    def _take_token(self, until: int) -> Token:
        while True:
            now = self._now_ms()
            if token := self._try_token(now):
                return token

            self._free_at = self._table.get(self._pk, "window", consistent=True) or {}
            free_at = self._next_free_ms()
            if now >= until or free_at > until + MAX_HOLD_S * 1000:
                raise RateLimitedError(self._system, max(free_at - now, 0) / 1000)
            if free_at > now:  # one that is held may be returned sooner than it would run out
                self._sleep(min(free_at - now, until - now, POLL_S * 1000) / 1000)

    def _try_token(self, now: int) -> Token | None:
        """Take one of the tokens that were free when the item was last read; None where none is."""
        free = [name for name in self._names() if self._free_at.get(name, 0) <= now]
        if not free or self._free_at.get(BLOCKED, 0) > now:
            return None

        name = random.choice(free)  # noqa: S311  several callers at once rather not choose the same
        held_until = now + int((MAX_HOLD_S + self._window.seconds) * 1000)
        is_free = f"(attribute_not_exists({name}) OR {name} <= :now)"
        is_open = f"(attribute_not_exists({BLOCKED}) OR {BLOCKED} <= :now)"
        values = {":held": held_until, ":now": now}
        item = self._table.update(self._pk, "window", f"SET {name} = :held", values, when=f"{is_free} AND {is_open}")
        if item is None:
            return None
        self._free_at = item
        return Token(name, held_until)

    def _return_token(self, token: Token) -> None:
        """Write when the token may be taken again; a failure must not spoil the request, which is done."""
        free_at = self._now_ms() + int((self._window.seconds + MAX_SKEW_S) * 1000)
        change, values = f"SET {token.name} = :free", {":free": free_at, ":held": token.held_until}
        try:
            item = self._table.update(self._pk, "window", change, values, when=f"{token.name} = :held")
        except UnavailableError:
            return
        self._free_at = item or self._free_at

    def _next_free_ms(self) -> int:
        earliest = min(int(self._free_at.get(name, 0)) for name in self._names())
        return max(earliest, int(self._free_at.get(BLOCKED, 0)))

    def _names(self) -> list[str]:
        return [f"t{number}" for number in range(self._window.count)]

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
