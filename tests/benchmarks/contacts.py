"""What the contact cache costs: requests, units as AWS bills them, and times side by side. `make bench` prints it.

DynamoDB is a dictionary in this process: times are our own share, without the network, and compared side by side.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table as Sheet

from tests.benchmarks.meter import Meter
from twilio_bridge import config
from twilio_bridge.adapters.airtable_cells import to_contact
from twilio_bridge.adapters.chunks import ChunkMemory
from twilio_bridge.adapters.contact_cache import DynamoContactCache
from twilio_bridge.adapters.table import Table
from twilio_bridge.contacts.contact import Contact
from twilio_bridge_local.airtable.sample import contacts

PAGE = 31
TRIES = 15


@dataclass(frozen=True)
class Base:
    """A loaded cache of so many contacts of so many workers, and what its load cost."""

    meter: Meter
    table: Table
    everybody: Sequence[Contact]
    owner: str | None
    load_units: int

    def cache(self, memory: ChunkMemory | None = None) -> DynamoContactCache:
        """Give the cache as a call sees it; without a memory the instance is cold."""
        return DynamoContactCache(self.table, for_everybody=self.owner is None, memory=memory or ChunkMemory())


def base(count: int, workers: int, *, for_everybody: bool = False) -> Base:
    """Load a base into an empty cache."""
    owners = [f"worker{number:03}@example.com" for number in range(workers)]
    rows = contacts(count, owners)
    everybody = [to_contact(f"rec{n:014}", cells, config.Contacts()) for n, cells in enumerate(rows)]
    everybody = [replace(contact, cells={}) for contact in everybody]
    meter = Meter()
    table = Table(meter, "ContactCache")  # type: ignore[arg-type]  # it has what a client has that is used
    DynamoContactCache(table, for_everybody=for_everybody).load(everybody, time.time() - 60, 1, "2026")
    return Base(meter, table, everybody, None if for_everybody else owners[0], meter.written)


def measured(action: Callable[[], Any]) -> float:
    """Give the median of several tries, in milliseconds."""
    took = []
    for _ in range(TRIES):
        began = time.perf_counter()
        action()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def page(loaded: Base, memory: ChunkMemory | None = None) -> list[Contact]:
    """Read a first page and its age."""
    cache = loaded.cache(memory)
    found = cache.page(loaded.owner, "", PAGE)
    cache.state()
    return found


def search(loaded: Base, memory: ChunkMemory) -> list[Contact]:
    """Search a name that few have."""
    return loaded.cache(memory).search(loaded.owner, "silva 77", "", PAGE)


def lists(sheet: Sheet) -> None:
    """A worker's page and search, at two sizes, and everybody's list."""
    cold = {}
    for count, workers, everybody in ((4_000, 1, False), (100_000, 100, False), (100_000, 100, True)):
        loaded = base(count, workers, for_everybody=everybody)
        name = f"{count:,} contacts, {'one list for all' if everybody else f'{workers} workers'}"
        loaded.meter.reset()
        page(loaded)
        requests, units = sum(loaded.meter.requests.values()), loaded.meter.read
        cold[name] = measured(partial(page, loaded))
        sheet.add_row(name, "first page, cold", f"{requests} requests, {units:g} read units, {cold[name]:.1f} ms")
        memory = ChunkMemory()
        loaded.meter.reset()
        search(loaded, memory)
        requests, units = sum(loaded.meter.requests.values()), loaded.meter.read
        warm = measured(partial(search, loaded, memory))
        sheet.add_row("", "search, then warm", f"{requests} requests, {units:g} read units; {warm:.1f} ms warm")
    small, large, *_ = cold.values()
    sheet.add_row("", "cold page, 100,000 against 4,000", f"ratio {large / small:.2f} (at most 1.5)")


def refreshes(sheet: Sheet) -> None:
    """What loads and updates write."""
    loaded = base(100_000, 100)
    sheet.add_row("100,000 contacts, 100 workers", "full load", f"{loaded.load_units:,} write units (at most 20,000)")
    loaded.meter.reset()
    loaded.cache().load(loaded.everybody, time.time() - 30, 2, "2026")
    sheet.add_row("", "full load, nothing changed", f"{loaded.meter.written:,} write units")
    loaded.meter.reset()
    loaded.cache().update([], time.time(), 3, "2026")
    sheet.add_row("", "update, nothing changed", f"{loaded.meter.written:,} write units (lease and slot: 4 more)")
    loaded.meter.reset()
    changed = [replace(contact, notes="changed today") for contact in loaded.everybody[::100]]
    loaded.cache().update(changed, time.time(), 4, "2026")
    sheet.add_row("", f"update, {len(changed):,} changed", f"{loaded.meter.written:,} write units (at most 4,000)")


def main() -> None:
    """Print the sheet."""
    sheet = Sheet("base", "what", "cost", title="Contact cache")
    lists(sheet)
    refreshes(sheet)
    Console().print(sheet)


if __name__ == "__main__":
    main()
