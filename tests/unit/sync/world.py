"""A sync over memory stores and Twilio's stand-in, with a clock of its own, and calls killed where a test wants it.

Slices are worked at as Lambda does: a message is there again until its call has ended.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.dynamodb import Dictionary
from tests.fakes.export_files import FakeExportFiles
from tests.fakes.twilio_account import ACCOUNT, ENDPOINT, TOKEN, AccountAdapter, SteppingClock, open_session
from tests.unit.support.job import SETTINGS, World, _Failing
from twilio_bridge.adapters.entities.accounts import Accounts
from twilio_bridge.adapters.entities.client import TwilioClient
from twilio_bridge.adapters.entities.funnel import Funnel
from twilio_bridge.adapters.entities.limits import NodeLimiter, ProductLimiter
from twilio_bridge.adapters.state.slices import DynamoOpenRows, DynamoSlices
from twilio_bridge.config import schema
from twilio_bridge.config.sync import Export
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.errors import BridgeError
from twilio_bridge.sync.export_rows import Anonymiser
from twilio_bridge.sync.request import SyncRequest
from twilio_bridge.sync.slices import Slice
from twilio_bridge.sync.starting import continue_run, show_progress, start_sync
from twilio_bridge.sync.streams import Stream
from twilio_bridge.sync.taking import SyncDeps
from twilio_bridge.sync.working import HOLD_S, work_at_slice
from twilio_bridge_local.vendors.twilio.openapi.account import TwilioApi

WORKSPACE = "WS" + "0" * 31 + "a"
# What Lambda waits with before a message comes again.
AGAIN_S = 900


class Killed(BaseException):
    """The function's process is gone, in the middle of whatever it did."""


@dataclass
class Wakeups:
    """The port Wakeups: a queue of messages."""

    messages: list[tuple[str, str]] = field(default_factory=list)

    def wake(self, slices: Iterable[Slice]) -> None:
        self.messages += [(each.run, each.name) for each in slices]


@dataclass
class SyncMetrics:
    """What was shown last."""

    failed: int = 0
    oldest_s: int = 0

    def measure_sync(self, failed: int, oldest_s: int) -> None:
        self.failed, self.oldest_s = failed, oldest_s


class SyncWorld:
    """Everything outside of syncs."""

    def __init__(self, now_s: float, settings: schema.Config = SETTINGS) -> None:
        self.clock = SteppingClock(now_s)
        self.job = World(settings=settings, now=self.clock.read_ms())
        self.api = TwilioApi(ACCOUNT, TOKEN)
        self.adapter = AccountAdapter(self.api, self.clock)
        self.database = Dictionary()
        self.files = FakeExportFiles()
        self.wakeups = Wakeups()
        self.metrics = SyncMetrics()
        self.pages_per_call = 1_000_000
        self.endpoint, self.session = ENDPOINT, open_session(self.adapter)
        self._clients: dict[str, TwilioClient] = {}

    def deps(self) -> SyncDeps:
        table = self.database.table
        ports: Mapping[str, Any] = {
            "slices": DynamoSlices(table, ACCOUNT),
            "open_rows": DynamoOpenRows(table, ACCOUNT),
            "wakeups": self.wakeups,
            "files": self.files,
        }
        self.job.now = self.clock.read_ms()
        return SyncDeps(
            **{name: _Failing(port, self.job) for name, port in ports.items()},
            twilio=self.twilio,
            parents=lambda stream, account: (
                {"WorkspaceSid": WORKSPACE} if stream.sink == "events" else {"AccountSid": account}
            ),
            reducing=self.job.reducing,
            settings=self.job.settings,
            accounts=(ACCOUNT, *self.job.settings.sync.accounts),
            rate=lambda stream: self.job.settings.sync.requests_per_s.get(stream.limit, 50),
            hide=lambda: Anonymiser(Export(), b"key"),
            clock=self.clock.read_ms,
        )

    def twilio(self, stream: Stream) -> Any:
        if stream.limit not in self._clients:
            table, rates = self.database.table, self.job.settings.sync.requests_per_s
            clock: dict[str, Any] = {"clock": self.clock.time, "sleep": self.clock.sleep}
            limiter: Any = (
                ProductLimiter(table, ACCOUNT, stream.limit, rates[stream.limit], **clock)
                if stream.limit in rates
                else NodeLimiter(table, ACCOUNT, 2, **clock)
            )
            accounts = Accounts(ACCOUNT, (ACCOUNT, TOKEN), endpoint_url=self.endpoint)
            self._clients[stream.limit] = TwilioClient(
                Funnel(accounts, limiter, self.session, patience_s=3_600, clock=self.clock.time), load_registry()
            )
        return self._clients[stream.limit]

    def start(self, **given: Any) -> dict[str, Any]:
        return start_sync(SyncRequest(**given), self.deps())

    def run(self) -> int:
        """Work until the run has ended, as Lambda does; return how many calls were killed."""
        killed = 0
        while True:
            killed += self.drain()
            try:
                continue_run(self.deps(), self.metrics)
                run = DynamoSlices(self.database.table, ACCOUNT).read_run()
            except Killed:
                killed += 1
                continue
            if run is None or run.phase != "open":
                return killed
            self.clock.sleep(AGAIN_S)

    def drain(self) -> int:
        """Work off the queue."""
        killed = 0
        while self.wakeups.messages:
            run, name = self.wakeups.messages.pop(0)
            left = iter(range(self.pages_per_call))
            try:
                work_at_slice(run, name, self.deps(), lambda: next(left, None) is not None)  # noqa: B023  used at once
            except Killed:
                killed += 1
                self.clock.sleep(HOLD_S + 1)
                self.wakeups.messages.append((run, name))
            except BridgeError:
                self.clock.sleep(AGAIN_S)
                self.wakeups.messages.append((run, name))
        return killed

    def sync(self, **given: Any) -> dict[str, Any]:
        """Run a sync from beginning to end, and return how it went."""
        self.start(**given)
        self.run()
        return show_progress(self.deps())

    def places(self) -> dict[str, Any]:
        """Return how far each stream was read."""
        rows = self.database.partitions[f"sync#{ACCOUNT}"]
        return {sk: item for sk, item in rows.items() if sk.startswith("place#")}

    def open_sids(self, stream: str) -> Sequence[str]:
        return [row.sid for row in DynamoOpenRows(self.database.table, ACCOUNT).list_rows(stream, ACCOUNT)]
