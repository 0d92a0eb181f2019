"""What loads and refreshes of 100,000 contacts cost: Airtable's requests and DynamoDB's units. `make bench` prints it.

A refresh runs as it does at AWS, with lease, slots and templates, against Airtable's stand-in with 100 ms latency and
the real limit. A whole load would take it four minutes: its requests are counted, its slots taken without waiting.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.benchmarks.report import Report
from tests.contract.units import Metered
from tests.fakes.base import FakeRefresh
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.airtable.cells import to_contact
from twilio_bridge.adapters.airtable.contact_source import AirtableContacts
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.partial_load import DynamoPartialLoads
from twilio_bridge.adapters.state.leases_notes import DynamoLeases, DynamoNotes
from twilio_bridge.adapters.state.limiter import SlotLimiter
from twilio_bridge.config import schema
from twilio_bridge.contacts import templates
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.loading import TEMPLATES_EVERY_S, TEMPLATES_READ, RefreshDeps, Updated, keep_columns
from twilio_bridge.contacts.ports import Bookmark
from twilio_bridge.contacts.refresh import CONTACTS_A_REQUEST, LEASE, LEASE_S, refresh
from twilio_bridge_local.samples.airtable_base import COLUMNS, contacts, sample_templates
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn

CONTACTS, WORKERS, CHANGED = 100_000, 100, 1_000
STAGED = 77_800
LATENCY_S = 0.1
SETTINGS = schema.Config.model_validate({"contacts": {"columns": {"last_modified": "last_modified"}}})
ABOUT = f"{CONTACTS:,} contacts, {WORKERS} workers"


@dataclass
class Clock:
    """Airtable's clock: its contacts were last changed some time ago."""

    ago: timedelta = timedelta(hours=2)

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC) - self.ago


@dataclass(frozen=True)
class Office:
    """A base at Airtable and its refresh over counted tables."""

    airtable: AirtableStandIn
    clock: Clock
    meter: Metered

    @property
    def work(self) -> RefreshDeps:
        """Return what a refresh works with."""
        table, stand_in = self.meter.table, self.airtable
        limiter = SlotLimiter(table, "airtable", stand_in.base_id, bulk=True)
        cells = SETTINGS.contacts, SETTINGS.templates
        return RefreshDeps(
            source=AirtableContacts(stand_in.token, stand_in.base_id, stand_in.url, limiter, *cells, patience_s=120),
            cache=DynamoContactCache(table, for_everybody=False),
            partial_loads=DynamoPartialLoads(table),
            notes=DynamoNotes(table),
            leases=DynamoLeases(table),
            again=FakeRefresh(),
            settings=SETTINGS,
        )

    def everybody(self) -> list[Contact]:
        """Return the contacts as a load takes them in."""
        columns = templates.find_columns(templates.recall_templates(DynamoNotes(self.meter.table)) or [])
        records = self.airtable.base.tables["Customers"].records.values()
        return [keep_columns(to_contact(each.id, each.cells, SETTINGS.contacts), columns) for each in records]

    def load(self) -> int:
        """Do what a whole load does but wait for Airtable; give how many contacts there are."""
        work, table = self.work, self.meter.table
        number = work.leases.acquire(LEASE, LEASE_S) or 0
        templates.read_templates(work.source, work.notes)
        work.notes.write_note(TEMPLATES_READ, "", TEMPLATES_EVERY_S)
        everybody, at = self.everybody(), time.time()
        moments = iter(range(1, CONTACTS))
        slots = SlotLimiter(table, "nobody waits", "", clock=lambda: at + next(moments) / 100, sleep=lambda _s: None)
        for _ in range(0, len(everybody), CONTACTS_A_REQUEST):
            slots.reserve_slot(CONTACTS)
        work.cache.replace_all(everybody, at, number, self.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        work.leases.release(LEASE, number)
        return len(everybody)

    def change(self, count: int) -> None:
        """Let some be changed at Airtable just now, spread evenly over the base and the workers, who take turns."""
        self.clock.ago = timedelta()
        table = self.airtable.base.tables["Customers"]
        for record_id in list(table.records)[:: len(table.records) // count - 1][:count]:
            self.airtable.base.update(table, record_id, {"notes": "changed today"}, clear=False)

    def cost(self, action: Callable[[], object], wanted: object) -> tuple[int, int]:
        """Return an action's requests to Airtable and its write units; it has to come to what is wanted."""
        self.meter.reset()
        self.airtable.requests.clear()
        if (done := action()) != wanted:
            raise RuntimeError(f"it came to {done}, not {wanted}")
        return len(self.airtable.requests), self.meter.written


def loads(office: Office, report: Report) -> None:
    """Whole loads: into an empty cache, and once more."""
    slots = CONTACTS // CONTACTS_A_REQUEST
    requests, units = office.cost(office.load, CONTACTS)
    report.note(ABOUT, "full load", f"{slots + requests:,} Airtable requests, one of them for templates")
    report.at_most(ABOUT, "full load, with lease, slots and templates", units, 20_000, " write units")
    cache, everybody = office.work.cache, office.everybody()
    newest, number = cache.read_state().newest, office.work.leases.acquire(LEASE, 0) or 0
    _, units = office.cost(lambda: cache.replace_all(everybody, time.time(), number, newest), 0)
    report.note(ABOUT, "full load, nothing changed", f"{units:,} write units, and {slots + 4:,} for lease and slots")


def refreshes(office: Office, report: Report) -> None:
    """Refreshes that ask for what has changed; templates are read with one of them every 15 minutes."""
    requests, units = office.cost(lambda: refresh(office.work), Updated(0))
    report.at_most(ABOUT, "refresh, nothing changed", requests, 1, " Airtable requests")
    report.at_most(ABOUT, "refresh, nothing changed, with lease and slots", units, 5, " write units")
    office.work.notes.write_note(TEMPLATES_READ, "", -2)
    requests, units = office.cost(lambda: refresh(office.work), Updated(0))
    every = f"the same with templates, every {TEMPLATES_EVERY_S // 60} minutes"
    report.note(ABOUT, every, f"{requests} Airtable requests, {units} write units")
    office.change(CHANGED)
    requests, units = office.cost(lambda: refresh(office.work), Updated(CHANGED))
    report.at_most(ABOUT, f"refresh, {CHANGED:,} changed", requests, 12, " Airtable requests")
    report.at_most(ABOUT, f"refresh, {CHANGED:,} changed, with lease and slots", units, 4_000, " write units")
    requests, units = office.cost(lambda: refresh(office.work), Updated(0))
    report.note(ABOUT, "refresh within 10 s of it", f"{requests} Airtable requests, {units} write units")


def staging(everybody: Sequence[Contact], report: Report) -> None:
    """What it costs besides where a load is too long for one invocation: so many fit in at a request a second."""
    meter, began_at = Metered(Dictionary()), time.time()
    stage = DynamoPartialLoads(meter.table)
    mark = Bookmark(began_at=began_at, until=began_at + 3_600, made_for="0" * 64, offset="itr/rec")
    stage.append_part(everybody[:STAGED], mark, 1)
    writes = meter.requests["put_item"]
    report.note(ABOUT, f"{STAGED:,} of them staged", f"{writes} writes, {meter.written:,} write units")
    for what, after in (("read back", began_at), ("looked for in vain, once a refresh", began_at + 1)):
        meter.reset()
        stage.find_load(after)
        report.note(ABOUT, what, f"{meter.read:,g} read units")


def main() -> int:
    """Print the sheet; give the exit code."""
    report, clock = Report("Contact cache: loads and refreshes"), Clock()
    owners = [f"worker{number:03}@example.com" for number in range(WORKERS)]
    base = {"Customers": contacts(CONTACTS, owners), "Templates": sample_templates()}
    with AirtableStandIn(base, columns=COLUMNS, latency_s=LATENCY_S, now=clock.now) as airtable:
        office = Office(airtable, clock, Metered(Dictionary()))
        loads(office, report)
        refreshes(office, report)
        staging(office.everybody(), report)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
