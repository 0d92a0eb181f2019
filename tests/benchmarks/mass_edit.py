"""What a page costs after many contacts were edited, and what memory a load takes in a base of many columns."""

import sys
import time
from collections import ChainMap
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection

from tests.benchmarks.memory import peak_mb
from tests.benchmarks.report import Report
from tests.benchmarks.world import process
from tests.contract.units import Metered
from tests.fakes.base import FakeRefresh
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.airtable.cells import to_contact
from twilio_bridge.adapters.airtable.contact_source import AirtableContacts
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.chunk_cache import MAX_LOAD_CHARACTERS_COUNT, ChunkMemory
from twilio_bridge.adapters.contact_cache.partial_load import DynamoPartialLoads
from twilio_bridge.adapters.state.leases_notes import DynamoLeases, DynamoNotes
from twilio_bridge.adapters.state.limiter import SlotLimiter
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.loading import RefreshDeps
from twilio_bridge.contacts.refresh import refresh
from twilio_bridge_local.samples.airtable_base import contacts
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Column, Record

CONTACTS, WORKERS, PAGE = 100_000, 100, 30
COLUMNS = 80
MAX_RATIO = 1.5
MAX_MEGABYTES = 300
OWNERS = [f"worker{number:03}@example.com" for number in range(WORKERS)]
SETTINGS = schema.Config()
ABOUT = f"{CONTACTS:,} contacts, {WORKERS} workers"


class NoWait(SlotLimiter):
    """Slots for everybody at once."""

    def __init__(self) -> None:
        pass

    def reserve_slot(self, patience_s: float) -> None:
        """Wait for nothing."""


def make_contacts() -> list[Contact]:
    """Return the sample contacts as a load has them."""
    rows = enumerate(contacts(CONTACTS, OWNERS))
    return [replace(to_contact(f"rec{number:014}", row, SETTINGS.contacts), cells={}) for number, row in rows]


def read_page(meter: Metered) -> float:
    """Return the read units of a worker's first page, of an instance that has read nothing yet."""
    meter.reset()
    found = DynamoContactCache(meter.table, for_everybody=False).list_page(OWNERS[7], "", PAGE)
    if len(found) != PAGE:
        raise RuntimeError(f"a page of {len(found)} contacts")
    return meter.read


def edits(report: Report) -> None:
    """A page before and after edits: of everybody at once, and of a thousand again and again."""
    meter, everybody = Metered(Dictionary()), make_contacts()
    cache, began = DynamoContactCache(meter.table, for_everybody=False), time.time() - 86_400
    cache.replace_all(everybody, began, 1)
    before = read_page(meter)
    report.note(ABOUT, "page, after a load", f"{before:g} read units")

    everybody = [replace(each, notes="edited") for each in everybody]
    meter.reset()
    cache.apply_changes(everybody, time.time(), 2, "2026-01-01")
    report.note(ABOUT, "edit of all, taken in", f"{meter.written:,} write units")
    after = read_page(meter)
    report.at_most(ABOUT, "page after an edit of all, times as many units", round(after / before, 2), MAX_RATIO)

    worst = after
    for round_ in range(4):
        some = [replace(each, notes=f"edited {round_}") for each in everybody[:1_900]]
        cache.apply_changes(some, time.time(), 3 + round_, "2026-01-01")
        if cache.read_state().has_many_changes:
            cache.fold_changes(3 + round_)
        worst = max(worst, read_page(meter))
    report.at_most(ABOUT, "page while 1,900 are edited four times", round(worst / before, 2), MAX_RATIO)


def serve_wide_base(told: Connection) -> None:
    """Answer as Airtable with a base of many columns, most of which nobody asks for, until this process is ended."""
    rows = contacts(CONTACTS, OWNERS)
    further: dict[str, object] = {
        f"column {number:02}": "what stands in a cell " * 3 for number in range(COLUMNS - len(rows[0]))
    }
    columns = {"Customers": [*rows[0], "linkedin", "opt_out", *further], "Templates": ["category", "text"]}
    base: dict[str, list[dict[str, object]]] = {"Customers": [], "Templates": []}
    with AirtableStandIn(base, columns=columns, requests_per_s=1_000_000) as airtable:
        table, now = airtable.base.tables["Customers"], airtable.base.now()
        table.columns = {name: Column(name) for name in columns["Customers"]}
        for row in rows:
            record_id = airtable.base.new_id("rec")
            table.records[record_id] = Record(record_id, now, now, ChainMap(dict(row), further))
        told.send((airtable.url, airtable.base_id, airtable.token))
        told.poll(None)


def load_wide_base(told: Connection, where: Sequence[str]) -> None:
    """Load it as a refresh does; send how many contacts there are, and the most memory this process had, in MB."""
    url, base_id, token = where
    table = Dictionary().table
    source = AirtableContacts(token, base_id, url, NoWait(), SETTINGS.contacts, SETTINGS.templates, patience_s=600)
    memory = ChunkMemory(MAX_LOAD_CHARACTERS_COUNT)  # as the wiring has it
    cache = DynamoContactCache(table, for_everybody=False, memory=memory)
    leases, notes = DynamoLeases(table), DynamoNotes(table)
    work = RefreshDeps(source, cache, DynamoPartialLoads(table), notes, leases, FakeRefresh(), SETTINGS)
    refresh(work, whole=True)  # into an empty cache
    refresh(work, whole=True)  # and over a full one
    told.send((cache.read_state().count, peak_mb()))
    told.poll(None)


def memory(report: Report) -> None:
    """A load of many columns, in a process of its own that keeps the tables, too."""
    with process(serve_wide_base) as served:
        where = served(120)
        with process(load_wide_base, where) as loaded:
            count, megabytes = loaded(1_500)
    about = f"{count:,} contacts of {COLUMNS} columns"
    report.at_most(about, "load, most memory with the tables in it", round(megabytes), MAX_MEGABYTES, " MB")


def main() -> int:
    """Print the sheet; give the exit code."""
    report = Report("Contact cache: mass edits and wide bases")
    edits(report)
    memory(report)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
