"""Transactions a second: 25 a node, shared by all functions and instances through SyncState.

A node is a connector's unit of capacity; here it is nothing but its limit. Each item of the limiter serves five
nodes, so that its slots are whole milliseconds and no item of DynamoDB takes more updates than one may; an instance's
requests take turns at them.
"""

import math
import random
import threading
import time
from collections.abc import Callable
from itertools import cycle
from typing import Final

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.limiter import SlotLimiter, pace_for
from twilio_bridge.errors import RateLimitedError, SettingError

SYSTEM: Final = "twilio"
MAX_NODES: Final = 50
DEFAULT_NODES: Final = 2
REQUESTS_A_NODE: Final = 25
NODES_AN_ITEM: Final = 5


def check_nodes(nodes: int) -> int:
    """Return a number of nodes, or raise SettingError."""
    if not 1 <= nodes <= MAX_NODES:
        raise SettingError(f"the number of nodes is to be from 1 to {MAX_NODES}")
    return nodes


class NodeLimiter:
    """Turns for requests of one account, for everybody who uses this table."""

    def __init__(
        self,
        table: Table,
        account_sid: str,
        nodes: int = DEFAULT_NODES,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        count = math.ceil(check_nodes(nodes) / NODES_AN_ITEM)
        pace = pace_for(nodes * REQUESTS_A_NODE // count)
        self._items = [
            SlotLimiter(table, SYSTEM, f"{account_sid}#{number}of{count}", pace=pace, clock=clock, sleep=sleep)
            for number in range(1, count + 1)
        ]
        # One after the other, so that no item waits while another is idle; each instance begins somewhere else.
        first = random.randrange(count)  # noqa: S311  a turn, not a secret
        self._turns = cycle([*self._items[first:], *self._items[:first]])

    def reserve(self, patience_s: float) -> None:
        """Wait for a turn; raise RateLimitedError where that takes longer than `patience_s`."""
        next(self._turns).reserve_slot(patience_s)

    def block(self, seconds: float) -> None:
        """Let nobody have a turn for a while, for instance because Twilio answered 429."""
        for item in self._items:
            item.block_slots(seconds)


class ProductLimiter:
    """Turns for requests to one product of an account, so many a second, for everybody who uses this table."""

    def __init__(
        self,
        table: Table,
        account_sid: str,
        product: str,
        requests_per_s: int,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        place, pace = f"{account_sid}#{product}", pace_for(requests_per_s)
        self._slots = SlotLimiter(table, SYSTEM, place, pace=pace, clock=clock, sleep=sleep)

    def reserve(self, patience_s: float) -> None:
        """Wait for a turn; raise RateLimitedError where that takes longer than `patience_s`."""
        self._slots.reserve_slot(patience_s)

    def block(self, seconds: float) -> None:
        """Let nobody have a turn for a while, for instance because Twilio answered 429."""
        self._slots.block_slots(seconds)


class ProcessLimiter:
    """The same for one process alone, as on an operator's machine without a stack."""

    def __init__(
        self,
        nodes: int = DEFAULT_NODES,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap_s = 1 / (check_nodes(nodes) * REQUESTS_A_NODE)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = clock()

    def reserve(self, patience_s: float) -> None:
        """Wait for a turn; raise RateLimitedError where that takes longer than `patience_s`."""
        with self._lock:
            turn = max(self._next, self._clock())
            wait_s = turn - self._clock()
            if wait_s > patience_s:
                raise RateLimitedError(SYSTEM, wait_s)
            self._next = turn + self._gap_s
        self._sleep(max(wait_s, 0))

    def block(self, seconds: float) -> None:
        """Let nobody have a turn for a while."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)
