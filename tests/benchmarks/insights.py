"""What completing tasks for Flex Insights costs, and who is served first where TaskRouter's limit is short.

`make bench` prints it, and ends with 1 where a bound is broken. Requests to Twilio are those that the stand-in saw; its
limit is on, so that a request too many is a 429 and is counted.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from rich.console import Console
from rich.table import Table as Sheet

from tests.benchmarks.report import Report
from tests.contract.units import Metered
from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.dynamodb import Dictionary
from tests.fakes.insights import FakeInsightsMetrics
from tests.fakes.support import FakeQuarantine
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.facts import DynamoFacts
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.adapters.state.identities import DynamoIdentities
from twilio_bridge.adapters.state.leases_notes import DynamoNotes
from twilio_bridge.adapters.state.limiter import SlotLimiter, pace_for
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.adapters.twilio.client import Account
from twilio_bridge.adapters.twilio.tasks import TaskRouterRequests, TwilioTasks
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.insights.enriching import EnrichDeps, enrich_task
from twilio_bridge.support.reducer import Record, ReducerDeps, reduce_records
from twilio_bridge.support.tasks.enrichment import EnrichRequest, read_message
from twilio_bridge_local.samples.envelopes import taskrouter
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ACCOUNT_SID, TOKEN, WORKSPACE = "AC" + "0" * 32, "12345", "WS" + "1" * 32
SETTINGS = schema.parse("insights: {enabled: true}")
TASKS, ENDING = 100, 20
# As template.yaml has them: messages at once from the queue of tasks that end, and from that of the others.
CONSUMERS = 5
# An agent wraps up within so many seconds; the others' ends lie within a minute and a half.
WRAP_UP_S, LIFE_S = 20.0, 90.0
PATIENCE_S = 600.0


@dataclass(frozen=True)
class World:
    """One deployment in memory: its table, counted, and a Twilio behind HTTP."""

    twilio: TwilioStandIn
    dictionary: Dictionary
    per_s: float

    def deps(self, table: Table, *, is_urgent: bool) -> EnrichDeps:
        """Return what EnrichTaskFunction works with."""
        limiter = SlotLimiter(
            self.dictionary.table, "taskrouter", WORKSPACE, bulk=not is_urgent, pace=pace_for(self.per_s)
        )
        account = Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, endpoint_url=self.twilio.url)
        tasks = TwilioTasks(TaskRouterRequests(account, WORKSPACE, limiter, PATIENCE_S))
        return EnrichDeps(
            tasks=lambda _workspace: tasks,
            facts=DynamoFacts(table),
            identities=DynamoIdentities(table),
            persons=DynamoPersons(table),
            contacts=Contacts(),
            notes=DynamoNotes(table),
            metrics=FakeInsightsMetrics(),
            settings=SETTINGS,
        )


class Contacts:
    """A contact at every number."""

    def find_by_address(self, number: str) -> Sequence[Contact]:
        """Return the one."""
        return [Contact(id=f"rec{number}", name="Amara Okafor", sms=number)]

    def get_contact(self, _contact_id: str) -> Contact | None:
        """Return nobody."""
        return None


def attributes(number: int) -> str:
    """Return a call's attributes as Flex writes them."""
    return json.dumps({"from": f"+1555555{number:04}", "direction": "inbound", "call_sid": f"CA{number:032x}"})


def main() -> int:
    """Print all, and return 1 where a bound is broken."""
    report = Report("Flex Insights")
    with TwilioStandIn(ACCOUNT_SID, TOKEN, seeded=0) as twilio:
        count_one(report, twilio)
        sheet = Sheet(
            "limit", "tasks", "complete after (median, last)", "before their end", "missed", title="100 tasks at once"
        )
        for per_s in (30, 3):
            race(report, sheet, twilio, per_s)
    Console(width=140).print(sheet)
    return report.print()


def count_one(report: Report, twilio: TwilioStandIn) -> None:
    """Count what one task costs, from its event on the stream to its attributes, and once more for our own event."""
    twilio.reset()
    dictionary = Dictionary()
    meter = Metered(dictionary)
    table = meter.table
    world, outbox = World(twilio, dictionary, 30), FakeOutbox()
    sid = twilio.taskrouter.add_task(WORKSPACE, attributes(1))
    began = time.perf_counter()
    take_in(table, outbox, sid, "task.created", attributes(1), "EV1")
    enrich(world, table, outbox)
    seconds = time.perf_counter() - began
    report.exactly("a task", "requests to TaskRouter", len(twilio.requests), 2)
    report.note(
        "a task",
        "DynamoDB requests, reducer and enriching, limiter apart",
        f"{meter.requests.total()}, {meter.written} write and {meter.read:g} read units",
    )
    report.note(
        "a task", "from the stream's record to the written attributes, without queues", f"{seconds * 1000:,.0f} ms"
    )

    before = len(twilio.requests)
    text = str(twilio.taskrouter.find(WORKSPACE, sid)["attributes"])
    take_in(table, outbox, sid, "task.updated", text, "EV2")
    enrich(world, table, outbox)
    report.exactly("our own task.updated", "requests to TaskRouter", len(twilio.requests) - before, 0)


def take_in(table: Table, outbox: FakeOutbox, sid: str, kind: str, text: str, own: str) -> None:
    """Let EventStreamsFunction take in one event."""
    now = int(time.time() * 1000)
    payload = {
        "task_sid": sid,
        "task_attributes": text,
        "workspace_sid": WORKSPACE,
        "task_channel_unique_name": "voice",
    }
    record = Record("1", json.dumps(taskrouter(kind, now, payload, own)).encode(), now)
    work = ReducerDeps(
        facts=DynamoFacts(table),
        identities=DynamoIdentities(table),
        persons=DynamoPersons(table),
        figures=DynamoFigures(table),
        quarantine=FakeQuarantine(),
        outbox=outbox,
        opt_outs=FakeOptOuts(),
        metrics=NoMetrics(),
        lookup=lambda _number: (),
        settings=SETTINGS,
    )
    assert not reduce_records([record], work, now).failed


class NoMetrics:
    """The port Metrics: nothing is counted."""

    def count(self, _row: object) -> None:
        """Count nothing."""

    def measure_overdue(self, _seconds: int) -> None:
        """Count nothing."""


def enrich(world: World, table: Table, outbox: FakeOutbox) -> None:
    """Let EnrichTaskFunction work on what is queued."""
    for is_urgent, message in outbox.enrichments:
        enrich_task(read_message(message), world.deps(table, is_urgent=is_urgent), int(time.time() * 1000))
    outbox.enrichments.clear()


@dataclass(frozen=True)
class Waiting:
    """A task on its queue, and when it ends (seconds from the beginning)."""

    request: EnrichRequest
    ends_s: float


def race(report: Report, sheet: Sheet, twilio: TwilioStandIn, per_s: int) -> None:
    """Let a hundred tasks have news at once, twenty of which are being wrapped up, and see who is complete in time."""
    twilio.reset()
    twilio.taskrouter_reads_per_s = twilio.taskrouter_writes_per_s = per_s
    dictionary = Dictionary()
    world, now = World(twilio, dictionary, per_s), int(time.time() * 1000)
    queues: dict[bool, SimpleQueue[Waiting]] = {True: SimpleQueue(), False: SimpleQueue()}
    for number in range(TASKS):
        is_ending = number % (TASKS // ENDING) == 0
        text = attributes(number)
        sid = twilio.taskrouter.add_task(WORKSPACE, text, assignment_status="wrapping" if is_ending else "pending")
        kind = "task.wrapup" if is_ending else "task.created"
        request = EnrichRequest(task_sid=sid, workspace_sid=WORKSPACE, kind=kind, at=now, attributes=text)
        ends_s = WRAP_UP_S if is_ending else WRAP_UP_S + (LIFE_S - WRAP_UP_S) * number / TASKS
        queues[is_ending].put(Waiting(request, ends_s))

    done: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    began, lock = time.monotonic(), threading.Lock()

    def consume(is_urgent: bool) -> None:
        deps = world.deps(dictionary.table, is_urgent=is_urgent)
        while waiting := take(queues[is_urgent]):
            enrich_task(waiting.request, deps, now)
            with lock:
                done[is_urgent].append((time.monotonic() - began, waiting.ends_s))

    run_all([lambda urgent=urgent: consume(urgent) for urgent in (True, False) for _ in range(CONSUMERS)])  # type: ignore[misc]
    for is_urgent, name in ((True, "being wrapped up"), (False, "just created")):
        after = sorted(seconds for seconds, _ in done[is_urgent])
        missed = sum(seconds > ends_s for seconds, ends_s in done[is_urgent])
        shown = f"{after[len(after) // 2]:.1f} s, {after[-1]:.1f} s"
        sheet.add_row(f"{per_s} requests/s", f"{len(after)} {name}", shown, str(len(after) - missed), str(missed))
    refused = sum(seen.status == 429 for seen in twilio.requests)
    report.exactly(f"{per_s} requests/s", "429 answers", refused, 0)
    report.exactly(
        f"{per_s} requests/s", "requests to TaskRouter beside them", len(twilio.requests) - refused, 2 * TASKS
    )
    last = {urgent: max(seconds for seconds, _ in done[urgent]) for urgent in done}
    report.at_most(f"{per_s} requests/s", "last of the ending to last of all", last[True] / last[False], 0.75)


def take(queue: SimpleQueue[Waiting]) -> Waiting | None:
    """Return the next one; None where the queue is empty."""
    try:
        return queue.get_nowait()
    except Empty:
        return None


def run_all(works: Sequence[Callable[[], None]]) -> None:
    """Run all at once, and raise the first error."""
    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(work) for work in works]:
            future.result()


if __name__ == "__main__":
    sys.exit(main())
