"""A vendor's limit, shared by all functions and instances through one item in SyncState.

Requests get slots, for Airtable 250 ms apart. The item holds when the next one is; one update takes it and moves that
on, so any number of callers get different ones and nobody polls. Who would have to wait longer than they can does
not take a slot away from others: the update holds only up to their last acceptable one. Where the next slot lies in
the past (nobody asked for a while) a second update takes the present, or a slot that was saved up.

Callbacks go before bulk: while any of them waits for a slot, bulk takes one in four at most. The same update counts the
month's requests, for plans have quotas.
https://airtable.com/developers/web/api/rate-limits: 5 requests a second a base, and 30 s of silence after a 429.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from twilio_bridge.adapters.aws.dynamodb import Item, Table
from twilio_bridge.errors import RateLimitedError

AIRTABLE = "airtable"
PENALTY_S = 30
# Who only takes a slot, and comes back for it later, takes one as far ahead as this.
MAX_AHEAD_S = 365 * 86_400
# Of a slot: a request that starts this late, and is underway as long again, still keeps to the limit, which is one
# request a second above our slots.
LATE = 0.5
# Bulk's next slot is this many behind its last one while callbacks wait.
BULK_SLOTS = 4


@dataclass(frozen=True, slots=True)
class Pace:
    """Requests start `slot_ms` apart; up to `saved` slots that nobody took may be taken later, at once."""

    slot_ms: int
    saved: int = 0


AIRTABLES = Pace(slot_ms=250)
# Of a limit: the rest are turns that nobody took at once, and that may be taken later.
STEADY = 0.88


def pace_for(requests_per_s: float) -> Pace:
    """Return slots of which no second ever holds more than that many, those that are taken late among them."""
    slot_ms = math.ceil(1000 / (STEADY * requests_per_s))
    saved = math.floor(requests_per_s - 1000 / slot_ms - 1 - LATE)
    return Pace(slot_ms, max(saved, 0))


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
        pace: Pace = AIRTABLES,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._system = system
        self._pk = f"limit#{system}#{account}"
        self._turn = BULK if bulk else CALLBACK
        self._slot_ms = pace.slot_ms
        self._saved_ms = pace.saved * pace.slot_ms
        self._late_s = (pace.saved + LATE) * pace.slot_ms / 1000
        self._clock = clock
        self._sleep = sleep

    def reserve_slot(self, patience_s: float) -> None:
        """Wait for the next slot; raise RateLimitedError at once where that takes longer than `patience_s`.

        A slot that has passed before it could be used, because DynamoDB or this instance was slow, is given up once.
        """
        until = self._clock() + patience_s
        if not self._wait_for_slot(patience_s):
            self._wait_for_slot(max(until - self._clock(), 0))

    def take_slot_ms(self) -> int:
        """Take the next slot without waiting for it, and return its moment (epoch ms), however far ahead it is."""
        return self._next_slot_ms(MAX_AHEAD_S)

    def block_slots(self, seconds: float = PENALTY_S) -> None:
        """Let nobody ask for `seconds`, for instance because the vendor answered 429."""
        end = self._now_ms() + int(seconds * 1000)
        self._move("SET next_at = :to", end, end)

    def count_calls(self) -> int:
        """Return how many requests were made this month."""
        return int(self._item().get(self._month(), 0))

    def _wait_for_slot(self, patience_s: float) -> bool:
        """Wait for the next slot; False where it has passed by then."""
        slot = self._next_slot_ms(patience_s) / 1000
        if (wait_s := slot - self._clock()) > 0:
            self._sleep(wait_s)
        return self._clock() - slot <= self._late_s

    def _next_slot_ms(self, patience_s: float) -> int:
        last = self._now_ms() + int(patience_s * 1000)
        while True:
            first = self._now_ms() - self._saved_ms
            if (slot := self._take_slot(first, last)) is not None:
                return slot
            own = self._turn.change.replace("next_at", ":now")
            if self._move(f"SET next_at = :to, {own} ADD {self._month()} :one", first, first + self._slot_ms):
                return first
            self._wait_for_turn(last)

    def _wait_for_turn(self, last: int) -> None:
        """Return up where the next slot is too late; else it is somebody else's turn, for one slot."""
        wait_s = self._wait_s()
        if self._clock() + wait_s > last / 1000:
            raise RateLimitedError(self._system, wait_s)
        if self._turn is BULK:
            self._sleep(self._slot_ms / 1000)

    def _take_slot(self, now: int, last: int) -> int | None:
        change = f"SET next_at = next_at + :slot, {self._turn.change} ADD {self._month()} :one"
        values = {":slot": self._slot_ms, ":now": now, ":last": last, ":one": 1}
        if self._turn is BULK:
            values[":bulk"] = BULK_SLOTS * self._slot_ms
        when = f"next_at >= :now AND next_at <= :last{self._turn.when}"
        item = self._table.update(self._pk, "slots", change, values, when=when)
        return None if item is None else int(item["next_at"]) - self._slot_ms

    def _move(self, change: str, before: int, to: int) -> bool:
        values = {":before": before, ":to": to}
        values |= {name: value for name, value in self._own_values(before).items() if name in change}
        when = "attribute_not_exists(next_at) OR next_at < :before"
        return self._table.update(self._pk, "slots", change, values, when=when) is not None

    def _own_values(self, now: int) -> dict[str, int]:
        return {":now": now, ":bulk": BULK_SLOTS * self._slot_ms, ":one": 1}

    def _wait_s(self) -> float:
        return max(int(self._item().get("next_at", 0)) / 1000 - self._clock(), self._slot_ms / 1000)

    def _item(self) -> Item:
        return self._table.get(self._pk, "slots", consistent=True) or {}

    def _month(self) -> str:
        return time.strftime("calls_%Y_%m", time.gmtime(self._clock()))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
