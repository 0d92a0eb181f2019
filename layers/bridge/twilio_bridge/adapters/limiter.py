"""Airtable's limit, shared by all functions and instances through one item in SyncState.

Requests get slots 250 ms apart. A slot is reserved by one update that counts up and returns its number, so any number
of callers get different ones and nobody polls. Who would have to wait longer than they can does not take a slot away
from others: the update holds only below their last acceptable slot. Where the counter lies in the past (nobody asked
for a while) a second update moves it to the present.
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
        self._move_to((self._now_ms() + int(seconds * 1000)) // SLOT_MS + 1)

    def _next_slot_ms(self, patience_s: float) -> int:
        last = (self._now_ms() + int(patience_s * 1000)) // SLOT_MS
        while True:
            slot = self._take_slot(last)
            present = self._now_ms() // SLOT_MS + 1
            if slot >= present - 1:
                return slot * SLOT_MS
            if self._move_to(present):
                return present * SLOT_MS

    def _take_slot(self, last: int) -> int:
        when = "attribute_not_exists(slot) OR slot < :last"
        item = self._table.update(
            self._pk,
            "slots",
            "SET slot = if_not_exists(slot, :zero) + :one",
            {":one": 1, ":zero": 0, ":last": last},
            when=when,
        )
        if item is None:
            raise RateLimitedError(self._system, self._wait_s())
        return int(item["slot"])

    def _move_to(self, slot: int) -> bool:
        when = "attribute_not_exists(slot) OR slot < :slot"
        return self._table.update(self._pk, "slots", "SET slot = :slot", {":slot": slot}, when=when) is not None

    def _wait_s(self) -> float:
        item = self._table.get(self._pk, "slots", consistent=True)
        return max((item["slot"] if item else 0) * SLOT_MS / 1000 - self._clock(), SLOT_MS / 1000)

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
