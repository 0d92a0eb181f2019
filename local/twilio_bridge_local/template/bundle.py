"""What the template describes, as plain data; made by `template.read`, used by every part of the local stack.

Names are logical ids, as `sam local invoke` resolves them, so that both reach the same tables. Only the names
of FIFO queues (`.fifo` is part of them by SQS's rules) and of buckets (lower case by S3's rules) differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

DEFAULT_ROUTE: Final = "$default"


@dataclass(frozen=True)
class Route:
    """A method (or ANY) and a path on the HTTP API; the path `$default` takes what no other route takes.

    `signed` routes want AWS Signature Version 4 (the authorizer AWS_IAM).
    """

    method: str
    path: str
    signed: bool = False

    @property
    def key(self) -> str:
        """The route key as API Gateway writes it."""
        return DEFAULT_ROUTE if self.path == DEFAULT_ROUTE else f"{self.method} {self.path}"


@dataclass(frozen=True)
class QueueSource:
    """An SQS event source mapping; `queue` is the queue's logical id."""

    queue: str
    batch_size: int = 10
    window_s: float = 0
    partial_responses: bool = False
    concurrency: int = 2


@dataclass(frozen=True)
class StreamSource:
    """A Kinesis event source mapping; `stream` is the stream's logical id, -1 means without a limit.

    `starting_timestamp` (seconds since 1970) goes with AT_TIMESTAMP; `on_failure` is a queue's or bucket's ARN.
    """

    stream: str
    batch_size: int = 100
    window_s: float = 0
    starting_position: str = "LATEST"
    partial_responses: bool = False
    bisect: bool = False
    retries: int = -1
    record_age_s: int = -1
    parallelization: int = 1
    on_failure: str | None = None
    starting_timestamp: float | None = None


@dataclass(frozen=True)
class Schedule:
    """A timer of `aws.scheduler` (ScheduleV2) or `aws.events` (Schedule); `payload` is the given input."""

    name: str
    expression: str
    source: str
    payload: str | None = None


@dataclass(frozen=True)
class Function:
    """A Lambda function with everything that may call it."""

    name: str
    folder: Path
    handler: str
    timeout_s: float
    memory_mb: int
    environment: Mapping[str, str]
    routes: tuple[Route, ...] = ()
    queues: tuple[QueueSource, ...] = ()
    streams: tuple[StreamSource, ...] = ()
    schedules: tuple[Schedule, ...] = ()


@dataclass(frozen=True)
class Table:
    """A DynamoDB table; `definition` is what CreateTable takes besides the name."""

    name: str
    definition: Mapping[str, Any]
    ttl_attribute: str | None = None


@dataclass(frozen=True)
class Queue:
    """An SQS queue; `attributes` are what CreateQueue takes, without the redrive policy."""

    logical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    dead_letters: str | None = None
    max_receives: int = 0

    @property
    def name(self) -> str:
        """The queue's name in SQS."""
        return queue_name(self.logical_id, fifo=self.attributes.get("FifoQueue") == "true")


@dataclass(frozen=True)
class Stream:
    """A Kinesis stream; without `shards` its capacity is on demand. `key_id` encrypts it."""

    name: str
    shards: int | None = 1
    retention_hours: int = 24
    key_id: str | None = None


@dataclass(frozen=True)
class Bundle:
    """Everything of the template that runs on this machine; `buckets` are their names in S3."""

    functions: tuple[Function, ...]
    tables: tuple[Table, ...] = ()
    queues: tuple[Queue, ...] = ()
    buckets: tuple[str, ...] = ()
    streams: tuple[Stream, ...] = ()


def queue_name(logical_id: str, *, fifo: bool) -> str:
    """A queue's name from its logical id."""
    return f"{logical_id}.fifo" if fifo else logical_id


def bucket_name(logical_id: str, stack_name: str) -> str:
    """A bucket's name from its logical id, as CloudFormation makes it, without the random end."""
    return f"{stack_name}-{logical_id}".lower()
