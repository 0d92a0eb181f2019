"""What a simulated account holds: collections of resources by their path, in the order in which they were made.

Thread-safe. A record keeps its number for ever, so a page token that names the last number stays right while records
come and go.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import RLock

from twilio_bridge_local.vendors.twilio.openapi.filters import Test
from twilio_bridge_local.vendors.twilio.openapi.resources import Resource


@dataclass
class Collection:
    """Resources of one path, by number, and where their keys are."""

    records: dict[int, Resource] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock, repr=False)
    last: int = 0

    def add(self, key: str, resource: Resource) -> None:
        """Put a resource at the end; one of the same key is replaced where it stands."""
        with self.lock:
            number = self.numbers.get(key, 0)
            if not number:
                self.last = number = self.last + 1
                self.numbers[key] = number
            self.records[number] = resource

    def get(self, key: str) -> Resource | None:
        """Return a resource by its key."""
        with self.lock:
            return self.records.get(self.numbers.get(key, 0))

    def remove(self, key: str) -> bool:
        """Forget a resource; False where there is none."""
        with self.lock:
            number = self.numbers.pop(key, None)
            return number is not None and self.records.pop(number, None) is not None

    def clear(self) -> None:
        """Forget all resources; their numbers are not given again."""
        with self.lock:
            self.records.clear()
            self.numbers.clear()

    def page(self, after: int, size: int, tests: Sequence[Test], *, newest_first: bool) -> tuple[list[Resource], int]:
        """Return the resources after a number, and the last one's number where more follow, else 0."""
        kept: list[Resource] = []
        last = 0
        with self.lock:
            for number, resource in self._from(after, newest_first=newest_first):
                if all(test(resource) for test in tests):
                    if len(kept) == size:
                        return kept, last
                    kept.append(resource)
                    last = number
        return kept, 0

    def _from(self, after: int, *, newest_first: bool) -> Iterator[tuple[int, Resource]]:
        numbers = list(self.records)
        if newest_first:
            end = bisect_right(numbers, after - 1) if after else len(numbers)
            ordered: Iterable[int] = reversed(numbers[:end])
        else:
            ordered = numbers[bisect_right(numbers, after) :]
        return ((number, self.records[number]) for number in ordered)


class Store:
    """All collections, each made when it is first asked for."""

    def __init__(self) -> None:
        self._collections: dict[tuple[str, ...], Collection] = {}
        self._lock = RLock()

    def collection(self, place: tuple[str, ...], begin: Callable[[], Collection]) -> Collection:
        """Return a collection; `begin` makes it where there is none."""
        with self._lock:
            if place not in self._collections:
                self._collections[place] = begin()
            return self._collections[place]
