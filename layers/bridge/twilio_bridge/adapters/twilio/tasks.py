"""TaskRouter's tasks and workers through the SDK; every request takes a slot of TaskRouter's limit first.

A write names the version that was read, so that nobody's change in between is lost:
https://www.twilio.com/docs/usage/mutation-and-conflict-resolution
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from twilio_bridge import deadline
from twilio_bridge.adapters.twilio.client import REPEATABLE, Account, call_twilio, require_resource
from twilio_bridge.adapters.twilio.failures import TWILIO
from twilio_bridge.errors import ChangedError, NotFoundError, RateLimitedError, RefusedError, UnavailableError
from twilio_bridge.insights.ports import FINISHED, End, Task, Worker
from twilio_bridge.retry import Retry

T = TypeVar("T")

NOT_FOUND, CHANGED = 20404, 20412
PAGE_SIZE = 1_000
OPEN = ["pending", "reserved", "assigned", "wrapping"]
PATIENCE_S = 30.0
# A write that was done, and whose answer was lost, is refused the second time, for the version is another then: whoever
# reads the task again finds that nothing is left to write.
POLICY: Retry = REPEATABLE


class Limiter(Protocol):
    """TaskRouter's limit, shared by all functions."""

    def reserve_slot(self, patience_s: float) -> None:
        """Wait for a slot; raise RateLimitedError where that takes longer."""

    def block_slots(self, seconds: float) -> None:
        """Let nobody ask for a while."""


class TaskRouterRequests:
    """One workspace's requests, each in a slot; `count` is how many were sent."""

    def __init__(self, account: Account, workspace_sid: str, limiter: Limiter, patience_s: float = PATIENCE_S) -> None:
        self._client = account.make_client()
        self._workspace_sid = workspace_sid
        self._limiter = limiter
        self._patience_s = patience_s
        self.count = 0

    @property
    def workspace(self) -> Any:  # noqa: ANN401  the SDK has no types
        """Return the SDK's workspace."""
        return self._client.taskrouter.v1.workspaces(self._workspace_sid)

    def send(self, request: Callable[[], T]) -> T:
        """Make a request when its slot comes; ChangedError for a 412, NotFoundError for a 404."""

        def once() -> T:
            self._limiter.reserve_slot(deadline.seconds_left(self._patience_s))
            self.count += 1
            try:
                return request()
            except RateLimitedError as error:
                self._limiter.block_slots(error.retry_after)
                raise

        try:
            return call_twilio(once, POLICY)
        except RefusedError as error:
            if error.code == CHANGED:
                raise ChangedError(TWILIO, "it has changed since it was read") from error
            if error.code == NOT_FOUND:
                raise NotFoundError("twilio: there is no such task or worker") from error
            raise


class TwilioTasks:
    """The port Tasks."""

    def __init__(self, requests: TaskRouterRequests) -> None:
        self._requests = requests

    def fetch_task(self, sid: str) -> Task | None:
        """Read it with its version."""
        try:
            fetch = self._requests.workspace.tasks(sid).fetch_with_http_info
            answer = self._requests.send(lambda: _require(fetch()))
        except NotFoundError:
            return None
        return _task(answer.data, _read_etag(answer.headers))

    def write_attributes(self, task: Task, attributes: str) -> None:
        """Write under If-Match."""
        self._update(task, attributes=attributes)

    def end_task(self, task: Task, end: End, reason: str, attributes: str) -> None:
        """Write attributes, status and reason in one request: Insights reads all of them at the end."""
        changed = {} if attributes == task.attributes else {"attributes": attributes}
        self._update(task, assignment_status=end, reason=reason, **changed)

    def list_open_tasks(self) -> Iterator[Task]:
        """List a thousand a request; a task whose attributes the list leaves out is read by itself."""
        return self._list(OPEN)

    def list_ended_tasks(self) -> Iterator[Task]:
        """List them likewise."""
        return self._list(sorted(FINISHED))

    def _list(self, statuses: list[str]) -> Iterator[Task]:
        tasks = self._requests.workspace.tasks
        page = self._requests.send(lambda: tasks.page(assignment_status=statuses, page_size=PAGE_SIZE))
        for found in _iterate(self._requests, page):
            if found.attributes is not None:
                yield _task(found, "")
            elif task := self.fetch_task(str(found.sid)):
                yield task

    def _update(self, task: Task, **changes: str) -> None:
        update = self._requests.workspace.tasks(task.sid).update
        self._requests.send(lambda: require_resource(update(if_match=task.etag, **changes)))


class TwilioWorkers:
    """The port Workers."""

    def __init__(self, requests: TaskRouterRequests) -> None:
        self._requests = requests

    def list_workers(self) -> Iterator[Worker]:
        """List a thousand a request; one whose attributes the list leaves out is read singly."""
        workers = self._requests.workspace.workers
        page = self._requests.send(lambda: workers.page(page_size=PAGE_SIZE))
        for found in _iterate(self._requests, page):
            if found.attributes is not None:
                yield _worker(found, "")
            elif worker := self.fetch_worker(str(found.sid)):
                yield worker

    def fetch_worker(self, sid: str) -> Worker | None:
        """Read one with the version."""
        try:
            fetch = self._requests.workspace.workers(sid).fetch_with_http_info
            answer = self._requests.send(lambda: _require(fetch()))
        except NotFoundError:
            return None
        return _worker(answer.data, _read_etag(answer.headers))

    def write_worker_attributes(self, worker: Worker, attributes: str) -> None:
        """Write under If-Match."""
        update = self._requests.workspace.workers(worker.sid).update
        self._requests.send(lambda: require_resource(update(if_match=worker.etag, attributes=attributes)))


def _iterate(requests: TaskRouterRequests, page: Any) -> Iterator[Any]:  # noqa: ANN401  the SDK has no types
    while page is not None:
        yield from page
        page = requests.send(page.next_page) if page.next_page_url else None


def _require(answer: Any) -> Any:  # noqa: ANN401  as above
    require_resource(answer.data)
    if not _read_etag(answer.headers) or not isinstance(answer.data.attributes, str):
        raise UnavailableError(TWILIO, "an answer has no version, or no attributes")
    return answer


def _read_etag(headers: Mapping[str, str]) -> str:
    """Return the version, in whatever case the HTTP layer has the header's name."""
    return next((value for name, value in headers.items() if name.casefold() == "etag"), "")


def _task(found: Any, etag: str) -> Task:  # noqa: ANN401  as above
    return Task(
        sid=str(found.sid),
        attributes=found.attributes,
        etag=etag,
        status=str(found.assignment_status or ""),
        reason=found.reason or "",
        channel=found.task_channel_unique_name or "",
        created_at=_epoch_ms(found.date_created),
        updated_at=_epoch_ms(found.date_updated),
    )


def _worker(found: Any, etag: str) -> Worker:  # noqa: ANN401  as above
    return Worker(sid=str(found.sid), friendly_name=found.friendly_name or "", attributes=found.attributes, etag=etag)


def _epoch_ms(at: datetime | None) -> int:
    return int(at.timestamp() * 1000) if at else 0
