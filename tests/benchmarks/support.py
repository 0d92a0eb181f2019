"""What support events cost: DynamoDB's requests and units, calls to Brevo, and time, over a made-up day.

`make bench` prints it, and ends with 1 where a bound is broken.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table as Sheet

from tests.benchmarks import contacts
from tests.benchmarks.days import TASKS, again, batches, day
from tests.contract.units import Metered
from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.dynamodb import Dictionary
from tests.fakes.support import (
    FakeFacts,
    FakeFigures,
    FakeIdentities,
    FakePersons,
    FakeQuarantine,
)
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.brevo.attributes import BrevoAttributes
from twilio_bridge.adapters.brevo.client import WINDOWS, BrevoRequests
from twilio_bridge.adapters.brevo.errors import BREVO
from twilio_bridge.adapters.brevo.marketing_contacts import BrevoMarketingContacts
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory
from twilio_bridge.adapters.state.facts import DynamoFacts
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.adapters.state.identities import DynamoIdentities
from twilio_bridge.adapters.state.opt_outs import DynamoOptOuts
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.adapters.state.window_limiter import Window, WindowLimiter
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.logs import logger
from twilio_bridge.support.brevo.brevo_delivery import Delivered, DeliveryDeps, deliver_person
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge.support.reducer import Record, ReducerDeps, reduce_records
from twilio_bridge_local.samples.support_day import DAY, DAY_MS
from twilio_bridge_local.vendors.brevo.limits import NO_LIMITS
from twilio_bridge_local.vendors.brevo.server import API_KEY, BrevoStandIn

# An event, in batches of a hundred.
MAX_REQUESTS, MAX_WRITE_UNITS = 1, 4
LEAST_EVENTS_A_SECOND = 5_000
# All figures there are, those of workers, too.
SETTINGS = schema.Config.model_validate({"connectors": {"twilio_flex": {"sync": {"agent_activity": True}}}})
TRIES = 3


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured, and whether it is within its bound."""

    what: str
    cost: str
    is_within: bool = True


class NoMetrics:
    """The port Metrics: CloudWatch reads the log, which costs no request."""

    def count(self, row: FigureRow) -> None:
        """Show nothing."""

    def measure_overdue(self, _seconds: int) -> None:
        """Show nothing."""


def stored(table: Table, lookup: Callable[[str], Sequence[Contact]], outbox: FakeOutbox) -> ReducerDeps:
    """Return a batch's work with what it has at AWS in this table."""
    return ReducerDeps(
        facts=DynamoFacts(table),
        identities=DynamoIdentities(table),
        persons=DynamoPersons(table),
        figures=DynamoFigures(table),
        quarantine=FakeQuarantine(),
        outbox=outbox,
        opt_outs=DynamoOptOuts(table),
        metrics=NoMetrics(),
        lookup=lookup,
        settings=SETTINGS,
    )


def in_memory() -> ReducerDeps:
    """Return a batch's work with memory stores."""
    people = FakeIdentities()
    return ReducerDeps(
        facts=FakeFacts(),
        identities=people,
        persons=FakePersons(people),
        figures=FakeFigures(),
        quarantine=FakeQuarantine(),
        outbox=FakeOutbox(),
        opt_outs=FakeOptOuts(),
        metrics=NoMetrics(),
        lookup=lambda _number: [],
        settings=SETTINGS,
    )


def requests_and_units() -> Iterator[Line]:
    """Take in a day of new customers, then the same day of customers who are known."""
    for size in (100, 1):
        loaded = contacts.base(4_000, 1)
        work = stored(loaded.table, loaded.cache(ChunkMemory()).find_by_address, FakeOutbox())
        for whose, events in (("new customers", day()), ("known customers", again(day()))):
            loaded.meter.reset()
            yield _taken_in(f"batches of {size}, {whose}", batches(events, size), work, loaded.meter, size > 1)


def _taken_in(what: str, given: Iterable[list[Record]], work: ReducerDeps, meter: Metered, is_bound: bool) -> Line:
    done = [reduce_records(batch, work, DAY) for batch in given]
    events = sum(batch.events for batch in done)
    subjects = sum(len(batch.extracted.subjects) for batch in done) / len(done)
    requests, written, read = (each / events for each in (meter.requests.total(), meter.written, meter.read))
    cost = f"{requests:.2f} requests, {written:.2f} write units, {read:.2f} read units an event"
    is_within = not is_bound or (requests <= MAX_REQUESTS and written <= MAX_WRITE_UNITS)
    at_most = f" (at most {MAX_REQUESTS} and {MAX_WRITE_UNITS})" if is_bound else ""
    told = f"{what}, {subjects:.0f} tasks and conversations each" if is_bound else what
    return Line(told, cost + at_most, is_within and not any(batch.failed for batch in done))


def calls_to_brevo() -> Iterator[Line]:
    """Deliver a day's news, each person's once."""
    meter = Metered(Dictionary())
    outbox = FakeOutbox()
    work = stored(meter.table, lambda _number: [], outbox)
    for batch in batches(day(), 100):
        reduce_records(batch, work, DAY)
    meter.reset()
    with BrevoStandIn(limits=NO_LIMITS) as brevo:
        done = _delivered(work, outbox, meter.table, brevo)
        asked = Counter(_about(each.path) for each in brevo.requests)
    told, sent = sum(each.contacts for each in done), sum(each.sent for each in done)
    cost = (
        f"{asked['contacts']} for {told} persons, {asked['events']} for {sent} events; {asked['attributes']} at first"
    )
    yield Line("requests to Brevo", cost, (asked["contacts"], asked["events"]) == (told, sent) and sent > told > 0)
    requests, written, read = (each / (told + sent) for each in (meter.requests.total(), meter.written, meter.read))
    yield Line(
        "DynamoDB for each of them", f"{requests:.2f} requests, {written:.2f} write units, {read:.2f} read units"
    )


def _about(path: str) -> str:
    return "attributes" if path.startswith("/v3/contacts/attributes") else path.split("/")[2]


def _delivered(work: ReducerDeps, outbox: FakeOutbox, table: Table, brevo: BrevoStandIn) -> list[Delivered]:
    """Deliver at a pace that costs what the real one does, and no time."""
    limits = {group: WindowLimiter(table, BREVO, group, Window(50, 0.0)) for group in WINDOWS}
    requests = BrevoRequests(API_KEY, brevo.url, limits)
    outside = DeliveryDeps(
        persons=work.persons,
        crm=BrevoMarketingContacts(requests, BrevoAttributes(requests, create=True)),
        opt_outs=work.opt_outs,
        outbox=outbox,
        settings=work.settings,
    )
    return [deliver_person(person_id, outside, DAY + 3 * DAY_MS) for person_id in dict.fromkeys(outbox.persons)]


def speed() -> Iterator[Line]:
    """Take in a day with memory stores: the best of some tries, for others may use the machine."""
    given = list(batches(day(), 100))
    best = max(_events_a_second(given) for _ in range(TRIES))
    cost = f"{best:,.0f} events/s on one core (at least {LEAST_EVENTS_A_SECOND:,})"
    yield Line("the reducer alone", cost, best >= LEAST_EVENTS_A_SECOND)


def _events_a_second(given: Sequence[list[Record]]) -> float:
    work, began = in_memory(), time.process_time()
    events = sum(reduce_records(batch, work, DAY).events for batch in given)
    return events / (time.process_time() - began)


def main() -> int:
    """Print the sheet; the answer is the exit code."""
    logger.setLevel("ERROR")  # persons that are joined say so
    sheet = Sheet("what", "cost", title=f"Support events: a day of {TASKS} tasks and what follows from them")
    lines = [*requests_and_units(), *calls_to_brevo(), *speed()]
    for line in lines:
        sheet.add_row(line.what, line.cost if line.is_within else f"[red]{line.cost}: broken[/]")
    Console().print(sheet)
    return 0 if all(line.is_within for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
