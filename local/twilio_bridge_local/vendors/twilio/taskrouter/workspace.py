"""Tasks and workers as TaskRouter keeps them: with versions, limits of their attributes, and an end.

Used by `rest` and by tests. What is stored stands in the described API's collections, so that lists, filters and pages
are those of the description; what a task or worker may become, and when it is gone, is decided here, under one lock.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, Final
from urllib.parse import unquote

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.openapi.account import ApiAnswer, ApiRequest, TwilioApi
from twilio_bridge_local.vendors.twilio.records import new_sid
from twilio_bridge_local.vendors.twilio.taskrouter import events, rules

PRODUCT: Final = "taskrouter"
KEPT_S: Final = 120.0
"""How long a finished task can still be read and changed, in seconds.

https://www.twilio.com/docs/flex/developer/insights/enhance-integration has two minutes; an older page has five.
"""
NEW_TASK: Final[Mapping[str, Any]] = {
    "assignment_status": "pending",
    "attributes": "{}",
    "timeout": 86_400,
    "reason": None,
    "task_queue_entered_date": None,
    "task_channel_unique_name": "default",
    "addons": "{}",
    "routing_target": None,
    "ignore_capacity": False,
}
# What a create's parameters become where the description has another name for it.
GIVEN: Final[Mapping[str, str]] = {"Attributes": "attributes", "TaskChannel": "task_channel_unique_name"}
NEW_WORKER: Final[Mapping[str, Any]] = {"attributes": "{}", "activity_name": "Offline", "available": False}


@dataclass(frozen=True)
class Versioned:
    """An answer, and the ETag that goes with a single task or worker."""

    answer: ApiAnswer
    etag: str | None = None


@dataclass
class TaskRouter:
    """The tasks and workers of every workspace.

    Attributes:
        publish: Gets the event of each change.
        clock: Epoch seconds.
        kept_s: How long a finished task stays.
        lists_attributes: Whether lists show attributes; the reference has them null there, samples have them.
    """

    api: TwilioApi
    publish: Callable[[Mapping[str, Any]], None]
    clock: Callable[[], float] = time.time
    kept_s: float = KEPT_S
    lists_attributes: bool = True
    lock: RLock = field(default_factory=RLock, repr=False)
    _revisions: dict[str, int] = field(default_factory=dict, repr=False)
    _finished_at: dict[str, float] = field(default_factory=dict, repr=False)

    def clear(self) -> None:
        """Forget every task and worker."""
        with self.lock:
            self.api.clear()
            self._revisions.clear()
            self._finished_at.clear()

    def answer(self, request: ApiRequest, if_match: str | None) -> Versioned:
        """Answer a request for tasks or workers, or raise TwilioError."""
        with self.lock:
            self._remove_finished()
            sid = _single(request.path)
            if request.method == "GET" and not sid:
                return Versioned(self._list(request))
            if request.method == "GET":
                return self._with_etag(self.api.answer(request), sid)
            return self._change(request, sid, if_match) if sid else self._create(request)

    def add_task(self, workspace: str, attributes: str = "{}", **values: Any) -> str:  # noqa: ANN401  any JSON
        """Put a pending task there, without an event, whatever its attributes are; return its SID."""
        return self._add(f"/v1/Workspaces/{workspace}/Tasks", {**NEW_TASK, "attributes": attributes, **values})

    def add_worker(self, workspace: str, attributes: str = "{}", **values: Any) -> str:  # noqa: ANN401  as above
        """Put a worker there, without an event; return the SID."""
        return self._add(f"/v1/Workspaces/{workspace}/Workers", {**NEW_WORKER, "attributes": attributes, **values})

    def find_workspace(self) -> str:
        """Return the SID of the workspace that Flex has, the last in the list; empty where there is none."""
        found = (self._ask("GET", "/v1/Workspaces").content or {}).get("workspaces") or [{"sid": ""}]
        return str(found[-1]["sid"])

    def find(self, workspace: str, sid: str) -> Mapping[str, Any]:
        """Return a task or worker as it is now; raise TwilioError where there is none."""
        with self.lock:
            self._remove_finished()
            return self._resource(f"/v1/Workspaces/{workspace}/{_collection(sid)}/{sid}")

    def offer_task(self, workspace: str, sid: str, worker_sid: str) -> None:
        """Reserve a pending task for a worker, as TaskRouter's workflow does."""
        self._move(workspace, sid, "reserved", "reservation.created", worker_sid)

    def accept_task(self, workspace: str, sid: str, worker_sid: str) -> None:
        """Let a worker accept a task that is offered to them."""
        self._move(workspace, sid, "assigned", "reservation.accepted", worker_sid)

    def _add(self, path: str, values: Mapping[str, Any]) -> str:
        with self.lock:
            sid = str(values.get("sid") or new_sid("WT" if path.endswith("/Tasks") else "WK"))
            self.api.add_rows(PRODUCT, path, [{**values, "sid": sid, "workspace_sid": path.split("/")[3]}])
            return sid

    def _move(self, workspace: str, sid: str, status: str, kind: str, worker_sid: str) -> None:
        with self.lock:
            path = f"/v1/Workspaces/{workspace}/Tasks/{sid}"
            task = {**self._resource(path), "assignment_status": status}
            self._store(path, task)
        self.publish(events.of_task(kind, task, self.clock(), worker_sid))

    def _create(self, request: ApiRequest) -> Versioned:
        form = dict(request.form)
        rules.check_attributes(form.get("Attributes", "{}"))
        rules.check_friendly_name(form.get("FriendlyName", ""))

        answer = self.api.answer(request)
        is_task = request.path.endswith("/Tasks")
        given = {GIVEN[name]: value for name, value in form.items() if name in GIVEN}
        made = {**(answer.content or {}), **(NEW_TASK if is_task else NEW_WORKER), **given}
        made |= {"sid": new_sid("WT" if is_task else "WK")}
        self._remove(f"{request.path}/{(answer.content or {})['sid']}")
        self._store(f"{request.path}/{made['sid']}", made)
        self.publish(events.of_creation(made, self.clock()))
        return self._with_etag(replace(answer, content=made), str(made["sid"]))

    def _change(self, request: ApiRequest, sid: str, if_match: str | None) -> Versioned:
        before = self._resource(request.path)
        rules.check_version(if_match, self._revisions.get(sid, 0))
        form = dict(request.form)
        if "Attributes" in form:
            rules.check_attributes(form["Attributes"])
        rules.check_friendly_name(form.get("FriendlyName", ""))
        status = form.get("AssignmentStatus")
        if status:
            rules.check_move(sid, str(before["assignment_status"]), status)

        answer = self.api.answer(request)
        self._revisions[sid] = self._revisions.get(sid, 0) + 1
        if request.method == "DELETE":
            return Versioned(answer)
        if status in rules.FINISHED:
            self._finished_at[request.path] = self.clock()
        for event in events.of_change(answer.content or {}, form, self.clock()):
            self.publish(event)
        return self._with_etag(answer, sid)

    def _list(self, request: ApiRequest) -> ApiAnswer:
        answer = self.api.answer(request)
        if self.lists_attributes or answer.content is None:
            return answer
        key = "tasks" if request.path.endswith("/Tasks") else "workers"
        rows = [{**row, "attributes": None} for row in answer.content[key]]
        return replace(answer, content={**answer.content, key: rows})

    def _with_etag(self, answer: ApiAnswer, sid: str) -> Versioned:
        return Versioned(answer, f'"{self._revisions.get(sid, 0)}"')

    def _resource(self, path: str) -> dict[str, Any]:
        return self._ask("GET", path).content or {}

    def _ask(self, method: str, path: str) -> ApiAnswer:
        user, password = self.api.account_sid, self.api.auth_token
        return self.api.answer(ApiRequest(PRODUCT, method, path, user=user, password=password))

    def _store(self, path: str, resource: Mapping[str, Any]) -> None:
        self.api.add_rows(PRODUCT, path.rpartition("/")[0], [dict(resource)])
        sid = str(resource["sid"])
        self._revisions[sid] = self._revisions.get(sid, -1) + 1

    def _remove_finished(self) -> None:
        """Forget the tasks that ended so long ago; no event is sent: their end was one."""
        gone = [path for path, at in self._finished_at.items() if at + self.kept_s <= self.clock()]
        for path in gone:
            del self._finished_at[path]
            self._remove(path)

    def _remove(self, path: str) -> None:
        self._ask("DELETE", path)


def _single(path: str) -> str:
    """Return the SID that a path ends with; empty for a collection's."""
    last = unquote(path.rpartition("/")[2])
    return "" if last in {"Tasks", "Workers"} else last


def _collection(sid: str) -> str:
    if sid[:2] not in {"WT", "WK"}:
        raise refusal(20404, sid)
    return "Tasks" if sid.startswith("WT") else "Workers"
