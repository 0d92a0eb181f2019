"""How long one batch of a busy shard takes at DynamoDB's latency; `make bench` prints it.

The client is boto3's own, with all that it computes: only the network is replaced by a wait and an item store in this
process. A shard gives 1,000 events a second, in batches that one invocation takes in.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from rich.console import Console
from rich.table import Table as Sheet

from tests.benchmarks.days import again, batches, day
from tests.benchmarks.support import stored
from tests.fakes.base import FakeOutbox
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.logs import logger
from twilio_bridge.side_by_side import MAX_WORKERS
from twilio_bridge.support.reducer import Record, reduce_records
from twilio_bridge_local.samples.envelopes import CloudEvent
from twilio_bridge_local.samples.support_day import DAY

LATENCY_S = 0.004
TASKS, EVENTS_PER_TASK = 100, 5
MAX_BATCH_S = 0.5
TRIES = 5
OPERATIONS = {
    "GetItem": "get_item",
    "BatchGetItem": "batch_get_item",
    "PutItem": "put_item",
    "BatchWriteItem": "batch_write_item",
    "UpdateItem": "update_item",
    "TransactWriteItems": "transact_write_items",
    "Query": "query",
}


class Response(BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_options: Any) -> Iterator[bytes]:
        """Return it in one piece."""
        yield self.read()


class SlowDynamoDB:
    """An item store behind boto3's client; every request takes the latency, as many as come at once."""

    def __init__(self) -> None:
        self.requests = 0
        self._store, self._lock = Dictionary(), Lock()
        session = boto3.Session("key", "secret", region_name="eu-west-1")
        self.client: Any = session.client("dynamodb", config=clients.CONFIG)
        self.client.meta.events.register("before-send.dynamodb", self._answer)

    def _answer(self, request: Any, **_more: Any) -> Any:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        arguments = json.loads(request.body)
        time.sleep(LATENCY_S)
        with self._lock:
            self.requests += 1
            status, body = self._ask(OPERATIONS[operation], arguments)
        content = json.dumps(body).encode()
        headers: Any = {"content-length": str(len(content))}
        return AWSResponse(request.url, status, headers, Response(content))

    def _ask(self, operation: str, arguments: dict[str, Any]) -> tuple[int, Any]:
        try:
            return 200, getattr(self._store, operation)(**arguments)
        except ClientError as error:
            body: dict[str, Any] = dict(error.response)
            return 400, {"__type": f"com.amazonaws.dynamodb#{body.pop('Error')['Code']}", **body}


def busy_batch(events: list[CloudEvent]) -> list[Record]:
    """Return the first events of as many tasks, mixed as they come."""
    by_task: dict[str, list[CloudEvent]] = defaultdict(list)
    for event in events:
        payload = event["data"].get("payload", {}) if isinstance(event["data"], dict) else {}
        if task := payload.get("task_sid"):
            by_task[task].append(event)
    long = [own[:EVENTS_PER_TASK] for own in by_task.values() if len(own) >= EVENTS_PER_TASK][:TASKS]
    mixed = [own[place] for place in range(EVENTS_PER_TASK) for own in long]
    return next(batches(mixed, TASKS * EVENTS_PER_TASK))


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """What a batch took: seconds on an idle machine, as its computing and its waits add up to, here, and requests.

    Others may use this machine: what is computed counts by the processor's time, and requests wait side by side.
    """

    idle_s: float
    here_s: float
    requests: int


def measure(rounds: list[list[Record]]) -> Cost:
    """Take in batches one after the other with a new table, and return what the last one took."""
    dynamodb = SlowDynamoDB()
    work = stored(Table(dynamodb.client, "SyncState"), lambda _number: [], FakeOutbox())
    for batch in rounds:
        dynamodb.requests, began, computing = 0, time.perf_counter(), time.process_time()
        done = reduce_records(batch, work, DAY)
        here_s, computed_s = time.perf_counter() - began, time.process_time() - computing
        assert (len(batch), set()) == (done.events, done.failed)
    waited_s = dynamodb.requests * LATENCY_S / MAX_WORKERS
    return Cost(computed_s + waited_s, here_s, dynamodb.requests)


def main() -> int:
    """Print the sheet; the answer is the exit code."""
    logger.setLevel("ERROR")
    first, second = busy_batch(day()), busy_batch(again(day()))
    title = f"One batch of {TASKS * EVENTS_PER_TASK} events of {TASKS} tasks, {LATENCY_S * 1000:.0f} ms a request"
    sheet = Sheet("batch", "time", "requests", title=title)
    within = True
    for name, rounds in (("new customers", [first]), ("known customers", [first, second])):
        cost = min(measure(rounds) for _ in range(TRIES))
        is_within = cost.idle_s <= MAX_BATCH_S
        within &= is_within
        rate = TASKS * EVENTS_PER_TASK / cost.idle_s
        text = f"{cost.idle_s:.2f} s, {rate:,.0f} events/s (at most {MAX_BATCH_S} s); here {cost.here_s:.2f} s"
        sheet.add_row(name, text if is_within else f"[red]{text}: broken[/]", f"{cost.requests:,}")
    Console().print(sheet)
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
