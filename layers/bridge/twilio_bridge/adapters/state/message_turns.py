"""Turns of senders and campaigns: messages start so far apart as their rate asks for, over all instances."""

import math
import time
from collections.abc import Callable

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.limiter import Pace, SlotLimiter

SYSTEM = "messages"


class DynamoPacer:
    """The port Pacer: a limiter's item a name."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def take_turn(self, name: str, per_second: float) -> int:
        """Take the next slot."""
        pace = Pace(slot_ms=max(math.ceil(1000 / per_second), 1))
        return SlotLimiter(self._table, SYSTEM, name, pace=pace, clock=self._clock).take_slot_ms()
