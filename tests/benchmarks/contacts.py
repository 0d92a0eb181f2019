"""What pages and searches cost: requests, units as AWS bills them, and times side by side. `make bench` prints it.

DynamoDB is a dictionary in this process: times are our own share, without the network, and compared side by side.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tests.benchmarks.report import Report
from tests.contract.units import Metered
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.airtable.cells import to_contact
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge_local.samples.airtable_base import contacts

PAGE = 31
TRIES = 15
MAX_TIME_RATIO = 1.5


@dataclass(frozen=True)
class Base:
    """A loaded cache of so many contacts of so many workers, and what its load cost."""

    meter: Metered
    table: Table
    everybody: Sequence[Contact]
    owner: str | None
    load_units: int

    def cache(self, memory: ChunkMemory | None = None) -> DynamoContactCache:
        """Return the cache as a call sees it; without a memory the instance is cold."""
        return DynamoContactCache(self.table, for_everybody=self.owner is None, memory=memory or ChunkMemory())


def people(count: int, workers: int) -> list[Contact]:
    """Return contacts as a load takes them in where templates name no further column."""
    rows = contacts(count, [f"worker{number:03}@example.com" for number in range(workers)])
    found = (to_contact(f"rec{n:014}", cells, schema.Contacts()) for n, cells in enumerate(rows))
    return [replace(contact, cells={}) for contact in found]


def base(count: int, workers: int, *, for_everybody: bool = False) -> Base:
    """Load a base into an empty cache."""
    everybody = people(count, workers)
    meter = Metered(Dictionary())
    table = meter.table
    DynamoContactCache(table, for_everybody=for_everybody).replace_all(everybody, time.time() - 60, 1, "2026")
    return Base(meter, table, everybody, None if for_everybody else everybody[0].owner, meter.written)


def measured(action: Callable[[], Any], tries: int = TRIES) -> float:
    """Return the median of several tries, in milliseconds."""
    took = []
    for _ in range(tries):
        began = time.perf_counter()
        action()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def page(loaded: Base, memory: ChunkMemory | None = None) -> list[Contact]:
    """Read a first page and its age."""
    cache = loaded.cache(memory)
    found = cache.list_page(loaded.owner, "", PAGE)
    cache.read_state()
    return found


def search(loaded: Base, memory: ChunkMemory) -> list[Contact]:
    """Search a name that few have."""
    return loaded.cache(memory).search_page(loaded.owner, "silva 77", "", PAGE)


def main() -> int:
    """Print a worker's page and search, at two sizes, and everybody's list; give the exit code."""
    report, cold = Report("Contact cache: pages and searches"), []
    for count, workers, for_everybody in ((4_000, 1, False), (100_000, 100, False), (100_000, 100, True)):
        loaded = base(count, workers, for_everybody=for_everybody)
        name = f"{count:,} contacts, {'one list for all' if for_everybody else f'{workers} workers'}"
        cold.append(measured(partial(page, loaded)))
        report.note(name, "first page, cold", f"{cost(loaded, partial(page, loaded))}, {cold[-1]:.1f} ms")
        memory = ChunkMemory()
        first = cost(loaded, partial(search, loaded, memory))
        warm = measured(partial(search, loaded, memory))
        report.note(name, "search, then warm", f"{first}; {warm:.1f} ms warm")
    ratio = round(cold[1] / cold[0], 2)
    report.at_most("100,000 against 4,000", "cold page, times as long", ratio, MAX_TIME_RATIO)
    return report.print()


def cost(loaded: Base, action: Callable[[], Any]) -> str:
    """Return the requests and read units of an action."""
    loaded.meter.reset()
    action()
    return f"{loaded.meter.requests.total()} requests, {loaded.meter.read:g} read units"


if __name__ == "__main__":
    sys.exit(main())
