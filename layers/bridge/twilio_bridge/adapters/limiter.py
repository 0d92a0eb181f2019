"""Airtable's limit, shared by all functions and instances through one item in SyncState.

Requests get slots 250 ms apart. The item says when the next one is; one update takes it and moves that on, so any
number of callers get different ones and nobody polls. Who would have to wait longer than they can does not take a slot
away from others: the update holds only up to their last acceptable one. Where the next slot lies in the past (nobody
asked for a while) a second update takes the present.
https://airtable.com/developers/web/api/rate-limits: 5 requests a second a base, and 30 s of silence after a 429.
"""

import time
from collections.abc import Callable

from twilio_bridge.adapters.table import Table
from twilio_bridge.errors import RateLimitedError

SLOT_MS = 250
PENALTY_S = 30


class SlotLimiter:
    """Slots for one vendor's account; `reserve` waits for one, `block` stops everybody for a while."""

    def __init__(
        self,
        table: Table,
        system: str,
        account: str,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._system = system
        self._pk = f"limit#{system}#{account}"
        self._clock = clock
        self._sleep = sleep

    def reserve(self, patience_s: float) -> None:
        """Wait for the next slot; raise RateLimitedError at once where that takes longer than `patience_s`."""
        wait_s = self._next_slot_ms(patience_s) / 1000 - self._clock()
        if wait_s > 0:
            self._sleep(wait_s)

    def block(self, seconds: float = PENALTY_S) -> None:
        """Let nobody ask for `seconds`, for instance because the vendor answered 429."""
        end = self._now_ms() + int(seconds * 1000)
        self._move(end, end)

    def _next_slot_ms(self, patience_s: float) -> int:
        while True:
            now = self._now_ms()
            if (slot := self._take_slot(now, now + int(patience_s * 1000))) is not None:
                return slot
            if self._move(now, now + SLOT_MS):
                return now
            if (wait_s := self._wait_s()) > patience_s:
                raise RateLimitedError(self._system, wait_s)

    def _take_slot(self, now: int, last: int) -> int | None:
        values = {":slot": SLOT_MS, ":now": now, ":last": last}
        when = "next_at >= :now AND next_at <= :last"
        item = self._table.update(self._pk, "slots", "SET next_at = next_at + :slot", values, when=when)
        return None if item is None else int(item["next_at"]) - SLOT_MS

    def _move(self, before: int, to: int) -> bool:
        values = {":before": before, ":to": to}
        when = "attribute_not_exists(next_at) OR next_at < :before"
        return self._table.update(self._pk, "slots", "SET next_at = :to", values, when=when) is not None

    def _wait_s(self) -> float:
        item = self._table.get(self._pk, "slots", consistent=True)
        return max((item["next_at"] if item else 0) / 1000 - self._clock(), SLOT_MS / 1000)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
