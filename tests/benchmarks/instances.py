"""A crowd of Lambda instances on this machine: a process each, forked from one in which CrmFunction has been started.

Each has its own caches and connections, and shares nothing with the others. They have been called before, but know of
no contacts; what a first call takes longer is measured apart, for here all would take turns at few processors. They are
let go at the same moment; time counts from there, also for those that are got round to later.
"""

import gc
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks import slow_motion  # first: whatever keeps a clock has to keep the slow one
from twilio_bridge.entrypoints.twilio_signature import sign
from twilio_bridge_local.credentials import TWILIO_AUTH_TOKEN

ROOT = Path(__file__).parents[2]
HOST = "bridge.example.com"
PATH = "/callbacks/crm"
LIMIT_S = 6.0
FORK_S = 0.006  # by this machine's clock, for each instance, before all are let go
# What an instance imports only when it asks Airtable.
LATE = "twilio_bridge.adapters.airtable.contact_source"

Handler = Callable[[Mapping[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Answered:
    """What a caller got, and how many seconds after all were let go; the ids of the contacts in their order."""

    worker: str
    seconds: float
    status: int
    ids: list[str]
    is_friendly: bool


@dataclass(frozen=True)
class Came:
    """What came of a crowd, how much longer a cold instance takes, and the processor time of all, in seconds."""

    answered: Sequence[Answered]
    cold_s: float
    cpu_s: float


@dataclass(frozen=True)
class Context:
    """What Lambda tells an instance about its call."""

    aws_request_id: str
    ends_at: float

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the function's timeout."""
        return max(int((self.ends_at - time.monotonic()) * 1000), 0)


def request_of(worker: str) -> dict[str, Any]:
    """Return a signed request for a worker's first page, as API Gateway hands it on."""
    form = {"Location": ["GetCustomersList"], "Worker": [worker], "PageSize": ["30"]}
    signature = sign(TWILIO_AUTH_TOKEN, f"https://{HOST}{PATH}", form)
    return {
        "rawPath": PATH,
        "headers": {"host": HOST, "x-twilio-signature": signature},
        "body": b64encode(urlencode(form, doseq=True).encode()).decode(),
        "isBase64Encoded": True,
    }


def crowd(environment: Mapping[str, str], workers: Sequence[str]) -> Came:
    """Let an instance for each worker go, all of them from a process that has this environment and no other."""
    command = [sys.executable, "-m", __name__]
    given = json.dumps(workers)
    done = subprocess.run(command, input=given, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  it runs this interpreter
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    came = json.loads(done.stdout.splitlines()[-1])
    return Came(**came | {"answered": [Answered(**each) for each in came["answered"]]})


def release(workers: Sequence[str]) -> Came:
    """Let an instance for each worker go, and give what each was answered."""
    handler, cold_s = _started()
    at = time.monotonic() + FORK_S * (len(workers) + 100) / float(os.environ[slow_motion.FACTOR])
    reading, writing = os.pipe()
    children = [_born(handler, worker, at, writing) for worker in workers]
    if time.monotonic() > at:
        raise RuntimeError("not everybody was there in time")
    os.close(writing)
    with os.fdopen(reading) as lines:
        answered = [Answered(**json.loads(line)) for line in lines]
    for child in children:
        os.waitpid(child, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Came(answered, cold_s, used.ru_utime + used.ru_stime)


def _started() -> tuple[Handler, float]:
    """Return the handler in an instance that was called before, and how long a first call takes longer there."""
    handler: Handler = importlib.import_module("functions.crm.app").lambda_handler
    began = time.process_time()
    importlib.import_module(LATE)
    wiring = importlib.import_module("twilio_bridge.wiring.base")
    wiring.configuration()
    cold_s = time.process_time() - began
    wiring.sync_state_table()._client.close()  # a connection is not to be shared
    gc.collect()
    gc.freeze()  # else the first collection copies all of it, a thousand times
    return handler, cold_s


def _born(handler: Handler, worker: str, at: float, writing: int) -> int:
    child = os.fork()
    if child:
        return child
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # its log
    try:
        line = json.dumps(asdict(_ask(handler, worker, at)))
        os.write(writing, f"{line}\n".encode())  # short enough to be written in one piece
    finally:
        os._exit(0)


def _ask(handler: Handler, worker: str, at: float) -> Answered:
    event = request_of(worker)
    time.sleep(max(at - time.monotonic(), 0))
    reply = handler(event, Context(worker, at + LIMIT_S))
    seconds, body = time.monotonic() - at, json.loads(reply["body"])
    shown = body.get("objects", {}).get("customers", [])
    is_friendly = bool(body.get("friendly_error_message"))
    ids = [each["customer_id"] for each in shown]
    return Answered(worker, seconds, reply["statusCode"], ids, is_friendly)


if __name__ == "__main__":
    print(json.dumps(asdict(release(json.loads(sys.stdin.read())))))  # noqa: T201  it is what it is run for
