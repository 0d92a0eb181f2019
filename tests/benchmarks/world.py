"""What functions run against in a benchmark: DynamoDB, Airtable, each in a process of its own, and Lambda's Invoke."""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

from tests.benchmarks import dynamodb, slow_motion
from twilio_bridge_local.credentials import AIRTABLE_BASE_ID, AIRTABLE_TOKEN, TWILIO_AUTH_TOKEN
from twilio_bridge_local.functions.forks import ForkServer
from twilio_bridge_local.functions.invoke_api import invoke_api
from twilio_bridge_local.functions.lambda_environment import lambda_environment
from twilio_bridge_local.functions.processes import Outcome, Pool
from twilio_bridge_local.http_server import HttpServer
from twilio_bridge_local.logs import LogFile
from twilio_bridge_local.samples.airtable_base import COLUMNS, contacts, sample_templates
from twilio_bridge_local.template.bundle import Function
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn

LATENCY_S = 0.1
LOADED_WITHIN_S = 150
STARTED_WITHIN_S = 60
REFRESH = "RefreshContactsFunction"
ROOT = Path(__file__).parents[2]
HANDLER = "tests.benchmarks.slow_motion.refresh"
SPAWN = multiprocessing.get_context("spawn")

Told = Any


@dataclass(frozen=True)
class Stored:
    """A contact as it stands at Airtable."""

    id: str
    owner: str
    name: str


@dataclass
class Refreshes:
    """The asynchronous invocations of the refresh, and what they came to."""

    pool: Pool | None = None
    started: int = 0
    ended: list[Outcome] = field(default_factory=list)

    def invoke(self, _name: str, event: object) -> Outcome:
        """Run one, in a process of its own."""
        self.started += 1
        self.ended.append(self.pool.invoke(event) if self.pool else Outcome("too early", "error"))
        return self.ended[-1]

    @property
    def loads(self) -> int:
        """Return how many took in the whole base."""
        return sum(outcome.ok and "contacts" in outcome.payload for outcome in self.ended)

    def wait(self) -> None:
        """Wait until all have ended."""
        until = time.monotonic() + LOADED_WITHIN_S
        while (not self.started or len(self.ended) < self.started) and time.monotonic() < until:
            time.sleep(0.1)


@dataclass(frozen=True)
class World:
    """Where everything is, and what stands at Airtable."""

    aws_url: str
    airtable_url: str
    invoke_url: str
    slowed: Mapping[str, str]
    refreshes: Refreshes
    stored: Sequence[Stored]

    def environment(self, function: str) -> dict[str, str]:
        """Return a function's environment."""
        return {**_environment(function, self.aws_url, self.invoke_url, self.airtable_url), **self.slowed}

    def requests(self) -> list[dict[str, Any]]:
        """Return Airtable's requests so far, refused ones, too."""
        seen: list[dict[str, Any]] = requests.get(f"{self.airtable_url}/_stand-in/requests", timeout=5).json()[
            "requests"
        ]
        return seen


@contextmanager
def world(count: int, owners: Sequence[str], factor: float) -> Iterator[World]:
    """Start everything, with so many contacts at Airtable and an empty cache, `factor` times slower; end it after."""
    slowed = {slow_motion.FACTOR: str(factor), slow_motion.SINCE: str(time.time())}
    with ExitStack() as running:
        aws_url = running.enter_context(process(dynamodb.serve))()
        airtable_url, stored = running.enter_context(process(airtable, count, owners, factor))()
        log = running.enter_context(LogFile(Path(running.enter_context(tempfile.TemporaryDirectory())) / "log"))
        refreshes = Refreshes()
        invoke_url = running.enter_context(HttpServer(invoke_api([REFRESH], refreshes.invoke))).url
        variables = _environment(REFRESH, aws_url, invoke_url, airtable_url) | slowed
        server = running.enter_context(closing(ForkServer()))
        pool = refreshes.pool = Pool(Function(REFRESH, ROOT, HANDLER, 900, 1_024, {}), variables, server, log)
        running.callback(pool.close)
        yield World(aws_url, airtable_url, invoke_url, slowed, refreshes, stored)


@contextmanager
def process(target: Callable[..., None], *arguments: object) -> Iterator[Callable[..., Told]]:
    """Run something in a process of its own while the block lasts; what is given waits for what it tells."""
    ours, theirs = SPAWN.Pipe()
    child = SPAWN.Process(target=target, args=(theirs, *arguments), daemon=False)
    child.start()
    theirs.close()

    def told(within_s: float = STARTED_WITHIN_S) -> Told:
        if not ours.poll(within_s):
            raise TimeoutError(f"{target.__name__} says nothing")
        return ours.recv()

    try:
        yield told
    finally:
        child.terminate()
        child.join()
        ours.close()


def airtable(told: Connection, count: int, owners: Sequence[str], factor: float) -> None:
    """Answer as Airtable, with its latency, limit and penalty, until this process is ended."""
    base = {"Customers": contacts(count, owners), "Templates": sample_templates()}
    clock = slow_motion.slowed(time.monotonic, factor, 0)
    with AirtableStandIn(
        base, columns=COLUMNS, base_id=AIRTABLE_BASE_ID, token=AIRTABLE_TOKEN, latency_s=LATENCY_S * factor, clock=clock
    ) as stand_in:
        records = stand_in.base.tables["Customers"].records.values()
        told.send((stand_in.url, [Stored(r.id, str(r.cells["owner"]), str(r.cells["name"])) for r in records]))
        told.poll(None)  # until the other end is closed


def _environment(name: str, aws_url: str, invoke_url: str, airtable_url: str) -> dict[str, str]:
    own = {
        "CONTACT_CACHE_TABLE": "ContactCache",
        "SYNC_STATE_TABLE": "SyncState",
        "AIRTABLE_TOKEN": AIRTABLE_TOKEN,
        "AIRTABLE_BASE_ID": AIRTABLE_BASE_ID,
        "AIRTABLE_ENDPOINT_URL": airtable_url,
        "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN,
        "REFRESH_CONTACTS_FUNCTION": REFRESH,
    }
    function = Function(name, ROOT, HANDLER, 6, 1_024, own)
    return lambda_environment(function, aws_url=aws_url, invoke_url=invoke_url)
