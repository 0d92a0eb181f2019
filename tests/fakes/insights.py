"""The ports of Flex Insights as dictionaries; see `base`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from twilio_bridge.errors import ChangedError, NotFoundError, RefusedError
from twilio_bridge.insights.ports import FINISHED, End, Task, Worker

ENDS = {"completed": frozenset(("assigned", "wrapping")), "canceled": frozenset(("pending", "reserved"))}


@dataclass
class FakeTasks:
    """The port Tasks; `before_write` is called before each write, to let somebody else be first."""

    kept: dict[str, Task] = field(default_factory=dict)
    writes: int = 0
    reads: int = 0
    before_write: Callable[[], None] = lambda: None

    def put(self, sid: str, attributes: str, status: str = "pending") -> None:
        """Put a task there, or write as another program does."""
        before = self.kept.get(sid)
        revision = int(before.etag.strip('"')) + 1 if before else 0
        self.kept[sid] = Task(sid=sid, attributes=attributes, etag=f'"{revision}"', status=status)

    def fetch_task(self, sid: str) -> Task | None:
        """Return a task."""
        self.reads += 1
        return self.kept.get(sid)

    def write_attributes(self, task: Task, attributes: str) -> None:
        """Write, unless the version is another by now."""
        self._change(task, attributes, "")

    def end_task(self, task: Task, end: End, reason: str, attributes: str) -> None:
        """Write attributes, status and reason."""
        there = self.kept.get(task.sid)
        if there and there.etag == task.etag and there.status not in ENDS[end]:
            raise RefusedError("twilio", "the task is not in a status for that", code=20001)
        self._change(task, attributes, end)
        self.kept[task.sid] = replace(self.kept[task.sid], reason=reason)

    def list_open_tasks(self) -> Iterator[Task]:
        """Return the tasks that are not finished."""
        yield from (task for task in self.kept.values() if task.status not in FINISHED)

    def list_ended_tasks(self) -> Iterator[Task]:
        """Return the finished ones."""
        yield from (task for task in self.kept.values() if task.status in FINISHED)

    def _change(self, task: Task, attributes: str, status: str) -> None:
        self.before_write()
        there = self.kept.get(task.sid)
        if there is None:
            raise NotFoundError("twilio: there is no such task or worker")
        if there.etag != task.etag:
            raise ChangedError("twilio", "it has changed since it was read")
        self.writes += 1
        self.put(task.sid, attributes, status or there.status)


@dataclass
class FakeWorkers:
    """The port Workers."""

    kept: dict[str, Worker] = field(default_factory=dict)
    writes: int = 0

    def put(self, sid: str, friendly_name: str, attributes: str) -> None:
        """Put a worker there, or write as another program does."""
        before = self.kept.get(sid)
        revision = int(before.etag.strip('"')) + 1 if before else 0
        self.kept[sid] = Worker(sid=sid, friendly_name=friendly_name, attributes=attributes, etag=f'"{revision}"')

    def list_workers(self) -> Iterator[Worker]:
        """Return every worker, without the version, as a list has them."""
        yield from (replace(worker, etag="") for worker in self.kept.values())

    def fetch_worker(self, sid: str) -> Worker | None:
        """Return a worker."""
        return self.kept.get(sid)

    def write_worker_attributes(self, worker: Worker, attributes: str) -> None:
        """Write, unless the version is another by now."""
        there = self.kept.get(worker.sid)
        if there is None:
            raise NotFoundError("twilio: there is no such task or worker")
        if there.etag != worker.etag:
            raise ChangedError("twilio", "it has changed since it was read")
        self.writes += 1
        self.put(worker.sid, there.friendly_name, attributes)


@dataclass
class FakeInsightsMetrics:
    """The port InsightsMetrics: a list of what was counted."""

    counted: list[tuple[int, int, int | None]] = field(default_factory=list)

    def count_enriched(self, *, retries: int, cut: int, late_s: int | None) -> None:
        """Keep it."""
        self.counted.append((retries, cut, late_s))
