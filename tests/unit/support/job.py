"""The whole support job over memory stores, fed as Lambda feeds it, with calls that fail where a test wants it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.contacts import Clock
from tests.fakes.marketing_contacts import FakeMarketingContacts
from tests.fakes.support import (
    FakeFacts,
    FakeFigures,
    FakeIdentities,
    FakePersons,
    FakeQuarantine,
)
from tests.unit.support.tasks import NINE
from twilio_bridge.config import flex, schema
from twilio_bridge.errors import OutOfTimeError, UpstreamError
from twilio_bridge.support.brevo import brevo_delivery
from twilio_bridge.support.brevo.brevo_delivery import DeliveryDeps
from twilio_bridge.support.brevo.brevo_opt_outs import deliver_opt_out
from twilio_bridge.support.brevo.sweep import SweepDeps, queue_overdue
from twilio_bridge.support.persons.person import MAX_SENDING_MS, FigureRow
from twilio_bridge.support.reducer import Batch, Record, ReducerDeps, reduce_records
from twilio_bridge.support.tasks.event_facts import ExtractedFacts

DAYS_MS = 2 * 86_400_000
SETTINGS = schema.Config.model_validate(
    {
        "connectors": {
            "twilio_flex": {
                "sync": {"agent_activity": True},
                "lists": {"support_contacts": 32, "csat_respondents": 33},
            }
        },
        "field_mapping": {**flex.FIELDS, "attributes.customers.external_id": "EXT_ID"},
    }
)
# What goes wrong at a call: the error, and whether the call had its effect all the same.
Trouble = tuple[Exception, bool]
# Says of a call, by its name and its number, what goes wrong.
Script = Callable[[str, int], Trouble | None]


@dataclass
class Metrics:
    """The port Metrics: what was counted; an empty row shows nothing."""

    rows: list[FigureRow] = field(default_factory=list)
    overdue: list[int] = field(default_factory=list)

    def count(self, row: FigureRow) -> None:
        self.rows += [row] if row.values else []

    def measure_overdue(self, seconds: int) -> None:
        self.overdue.append(seconds)


@dataclass
class WorldClock(Clock):
    """The clock of a world, which its tests move."""

    world: Any = None

    def now(self) -> float:
        return float(self.world.now / 1000)


@dataclass
class World:
    """Everything outside the support job; `script` says, call by call, what goes wrong."""

    settings: schema.Config = SETTINGS
    now: int = NINE
    script: Script = lambda _name, _number: None
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    failures: dict[int, Exception] = field(default_factory=dict)
    facts: FakeFacts = field(default_factory=FakeFacts)
    identities: FakeIdentities = field(default_factory=FakeIdentities)
    figures: FakeFigures = field(default_factory=FakeFigures)
    quarantine: FakeQuarantine = field(default_factory=FakeQuarantine)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    words: FakeOptOuts = field(default_factory=FakeOptOuts)
    metrics: Metrics = field(default_factory=Metrics)
    crm: FakeMarketingContacts = field(default_factory=FakeMarketingContacts)
    told: ExtractedFacts = field(default_factory=ExtractedFacts)

    def __post_init__(self) -> None:
        self.persons = FakePersons(self.identities, WorldClock(world=self))

    def reducing(self) -> ReducerDeps:
        ports = ("facts", "identities", "persons", "figures", "quarantine", "outbox")
        parts: dict[str, Any] = {name: _Failing(getattr(self, name), self) for name in ports}
        return ReducerDeps(
            **parts,
            opt_outs=_Failing(self.words, self),
            metrics=self.metrics,
            lookup=lambda _number: [],
            settings=self.settings,
        )

    def delivering(self) -> DeliveryDeps:
        parts: dict[str, Any] = {name: _Failing(getattr(self, name), self) for name in ("persons", "crm", "outbox")}
        return DeliveryDeps(**parts, opt_outs=_Failing(self.words, self), settings=self.settings)

    def take_in(self, records: Sequence[Record]) -> Batch:
        """Reduce a batch, and remember which subjects there are."""
        batch = reduce_records(records, self.reducing(), self.now)
        self.told.subjects |= batch.extracted.subjects
        return batch

    def feed(self, documents: Sequence[bytes], sizes: Iterator[int]) -> None:
        """Put records on a stream and take them in as Lambda does.

        From the lowest sequence number that failed on everything comes again; a call that breaks off comes again as a
        smaller batch (BisectBatchOnFunctionError).
        """
        waiting, smaller = records(documents), 0
        while waiting:
            size = smaller or next(sizes)
            try:
                failed = self.take_in(waiting[:size]).failed
            except OutOfTimeError:
                smaller = max(len(waiting[:size]) // 2, 1)
                continue
            done = next((place for place, record in enumerate(waiting[:size]) if record.sequence in failed), size)
            waiting, smaller = waiting[done:], 0

    def deliver(self) -> None:
        """Send Brevo what is queued, and what failed again some minutes later; one person after the other."""
        while self.outbox.persons or self.outbox.for_brevo:
            persons, addresses = dict.fromkeys(self.outbox.persons), dict.fromkeys(self.outbox.for_brevo)
            self.outbox.persons.clear()
            self.outbox.for_brevo.clear()
            self.outbox.persons += [each for each in persons if not self._told(each)]
            self.outbox.for_brevo += [each for each in addresses if not self._said(each)]
            self.now += MAX_SENDING_MS

    def _told(self, person_id: str) -> bool:
        return _goes_well(lambda: brevo_delivery.deliver_person(person_id, self.delivering(), self.now))

    def _said(self, address: str) -> bool:
        ports = self.delivering()
        return _goes_well(lambda: deliver_opt_out(address, ports.crm, ports.opt_outs, self.now / 1000))

    def sweep(self) -> int:
        """Queue whoever still waits."""
        ports = self.delivering()
        deps = SweepDeps(
            persons=ports.persons, opt_outs=ports.opt_outs, outbox=ports.outbox, metrics=self.metrics, has_brevo=True
        )
        return queue_overdue(deps, self.now).persons

    def finish(self) -> None:
        """Let the days end, and deliver everybody: those queued, then those whom nobody queued."""
        self.now += DAYS_MS
        self.deliver()
        self.sweep()
        self.deliver()

    def asked(self) -> list[tuple[str, Any]]:
        """Return what Brevo was asked about events, in order."""
        return [(name, given[-1]) for name, given in self.calls if name in {"post_event", "find_events"}]


def _goes_well(job: Callable[[], object]) -> bool:
    try:
        job()
    except (UpstreamError, OutOfTimeError):
        return False
    return True


@dataclass
class _Failing:
    """A port whose calls are written down, and fail where the script says so."""

    port: object
    world: World

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.port, name)

        def called(*given: Any, **named: Any) -> Any:
            self.world.calls.append((name, given))
            trouble = self.world.script(name, len(self.world.calls))
            if trouble is None:
                return method(*given, **named)
            error, has_effect = trouble
            self.world.failures[len(self.world.calls)] = error
            if has_effect:
                method(*given, **named)
            raise error.with_traceback(None)

        return called


def records(documents: Iterable[bytes], arrived_at: int = NINE) -> list[Record]:
    """Return records with sequence numbers that grow."""
    return [Record(str(number), data, arrived_at) for number, data in enumerate(documents, 1_000)]
