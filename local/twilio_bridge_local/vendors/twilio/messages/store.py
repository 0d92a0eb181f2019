"""The account's messages, in the order in which they were made; thread-safe.

`created` is the witness: every message that Twilio ever accepted, as it was accepted, whatever became of it since.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from threading import RLock

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.messages.records import SentMessage


class MessageStore:
    """Messages by SID, and their order overall and by recipient."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.created: list[SentMessage] = []
        self._records: dict[str, SentMessage] = {}
        self._order: list[tuple[int, str]] = []
        self._order_to: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        self._scheduled = 0

    @property
    def next_number(self) -> int:
        """The next place in lists."""
        return self._order[-1][0] + 1 if self._order else 1

    def add(self, message: SentMessage) -> None:
        """Put a new message at the end."""
        with self.lock:
            self._order.append((message.number, message.sid))
            self._order_to[message.to].append((message.number, message.sid))
            self.put(message)

    def put(self, message: SentMessage) -> None:
        """Replace a message."""
        with self.lock:
            before = self._records.get(message.sid)
            self._scheduled += (message.status == "scheduled") - (before is not None and before.status == "scheduled")
            self._records[message.sid] = message

    def get(self, sid: str) -> SentMessage:
        """Return a message; raise 20404 where there is none."""
        with self.lock:
            found = self._records.get(sid)
        if found is None:
            raise refusal(20404, f"/Messages/{sid}.json")
        return found

    def find(self, sid: str) -> SentMessage | None:
        """Return a message, or None where it is gone."""
        with self.lock:
            return self._records.get(sid)

    def remove(self, sid: str) -> None:
        """Forget a message."""
        with self.lock:
            self.get(sid)
            del self._records[sid]

    def count_scheduled(self) -> int:
        """Return how many messages wait for their time."""
        with self.lock:
            return self._scheduled

    def newest_first(self, before: int, to: str = "") -> Iterator[SentMessage]:
        """Yield the messages below a number (0: all), the newest first; those to one recipient where one is given."""
        with self.lock:
            order = self._order_to.get(to, []) if to else self._order
            end = bisect_left(order, (before, "")) if before else len(order)
        for place in range(end - 1, -1, -1):
            found = self.find(order[place][1])
            if found is not None:
                yield found
