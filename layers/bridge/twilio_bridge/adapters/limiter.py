"""Airtable's limit, shared by all functions and instances through one item in SyncState.

Requests get slots 250 ms apart. The item says when the next one is; one update takes it and moves that on, so any
number of callers get different ones and nobody polls. Who would have to wait longer than they can does not take a slot
away from others: the update holds only up to their last acceptable one. Where the next slot lies in the past (nobody
asked for a while) a second update takes the present.

Callbacks go before bulk: while any of them waits for a slot, bulk takes one in four at most. The same update counts the
month's requests, for plans have quotas.
https://airtable.com/developers/web/api/rate-limits: 5 requests a second a base, and 30 s of silence after a 429.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from twilio_bridge.adapters.table import Item, Table
from twilio_bridge.errors import RateLimitedError

SLOT_MS = 250
PENALTY_S = 30
# Bulk's next slot is this far behind its last one while callbacks wait.
BULK_MS = 4 * SLOT_MS


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody's slot changes in the item, and when they may take one."""

    change: str
    when: str


CALLBACK = Turn("callback_at = next_at", "")
BULK = Turn(
    "bulk_next = next_at + :bulk",
    " AND (attribute_not_exists(callback_at) OR callback_at < :now"
    " OR attribute_not_exists(bulk_next) OR bulk_next <= next_at)",
)


class SlotLimiter:
    """Slots for one vendor's account; `reserve` waits for one, `block` stops everybody for a while."""

    def __init__(
        self,
        table: Table,
        system: str,
        account: str,
        *,
        bulk: bool = False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._system = system
        self._pk = f"limit#{system}#{account}"
        self._turn = BULK if bulk else CALLBACK
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
        self._move("SET next_at = :to", end, end)

    def used(self) -> int:
        """Give how many requests were made this month."""
        return int(self._item().get(self._month(), 0))

    def _next_slot_ms(self, patience_s: float) -> int:
        last = self._now_ms() + int(patience_s * 1000)
        while True:
            now = self._now_ms()
            if (slot := self._take_slot(now, last)) is not None:
                return slot
            own = self._turn.change.replace("next_at", ":now")
            if self._move(f"SET next_at = :to, {own} ADD {self._month()} :one", now, now + SLOT_MS):
                return now
            self._wait_for_turn(last)

    def _wait_for_turn(self, last: int) -> None:
        """Give up where the next slot is too late; else it is somebody else's turn, for one slot."""
        wait_s = self._wait_s()
        if self._clock() + wait_s > last / 1000:
            raise RateLimitedError(self._system, wait_s)
        if self._turn is BULK:
            self._sleep(SLOT_MS / 1000)

    def _take_slot(self, now: int, last: int) -> int | None:
        change = f"SET next_at = next_at + :slot, {self._turn.change} ADD {self._month()} :one"
        values = {":slot": SLOT_MS, ":now": now, ":last": last, ":one": 1}
        if self._turn is BULK:
            values[":bulk"] = BULK_MS
        when = f"next_at >= :now AND next_at <= :last{self._turn.when}"
        item = self._table.update(self._pk, "slots", change, values, when=when)
        return None if item is None else int(item["next_at"]) - SLOT_MS

    def _move(self, change: str, before: int, to: int) -> bool:
        values = {":before": before, ":to": to}
        values |= {name: value for name, value in self._own_values(before).items() if name in change}
        when = "attribute_not_exists(next_at) OR next_at < :before"
        return self._table.update(self._pk, "slots", change, values, when=when) is not None

    def _own_values(self, now: int) -> dict[str, int]:
        return {":now": now, ":bulk": BULK_MS, ":one": 1}

    def _wait_s(self) -> float:
        return max(int(self._item().get("next_at", 0)) / 1000 - self._clock(), SLOT_MS / 1000)

    def _item(self) -> Item:
        return self._table.get(self._pk, "slots", consistent=True) or {}

    def _month(self) -> str:
        return time.strftime("calls_%Y_%m", time.gmtime(self._clock()))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
