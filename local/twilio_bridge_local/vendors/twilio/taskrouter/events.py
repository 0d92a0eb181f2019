"""The events that follow from what happens to tasks and workers; used by `workspace`.

https://www.twilio.com/docs/taskrouter/api/event/reference has them and their fields.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from twilio_bridge_local.samples.envelopes import taskrouter

OF_STATUS: Final = {"wrapping": "task.wrapup", "completed": "task.completed", "canceled": "task.canceled"}
_numbers = count(1)


def of_creation(resource: Mapping[str, Any], at_s: float) -> dict[str, Any]:
    """Return the event of a new task or worker."""
    if str(resource["sid"]).startswith("WT"):
        return of_task("task.created", resource, at_s)
    return of_worker("worker.created", resource, at_s)


def of_change(resource: Mapping[str, Any], form: Mapping[str, str], at_s: float) -> Iterator[dict[str, Any]]:
    """Yield the events of an update: one where attributes were written, the same or not, and one of a new status."""
    is_task = str(resource.get("sid", "")).startswith("WT")
    if "Attributes" in form and is_task:
        yield of_task("task.updated", resource, at_s)
    elif "Attributes" in form:
        yield of_worker("worker.attributes.update", resource, at_s)
    if kind := OF_STATUS.get(form.get("AssignmentStatus", "")):
        yield of_task(kind, resource, at_s)


def of_task(kind: str, task: Mapping[str, Any], at_s: float, worker_sid: str = "") -> dict[str, Any]:
    """Return an event about a task."""
    payload = {
        "resource_type": kind.partition(".")[0],
        "resource_sid": task["sid"],
        "task_sid": task["sid"],
        "task_attributes": task["attributes"],
        "task_age": task["age"],
        "task_priority": task["priority"],
        "task_assignment_status": task["assignment_status"],
        "task_date_created": task["date_created"],
        "task_channel_unique_name": task["task_channel_unique_name"],
        "task_queue_sid": task["task_queue_sid"],
        "task_queue_name": task["task_queue_friendly_name"],
        "workflow_sid": task["workflow_sid"],
        "task_completed_reason": task["reason"] if kind == "task.completed" else None,
        "task_canceled_reason": task["reason"] if kind == "task.canceled" else None,
        "reason": task["reason"] if kind == "task.wrapup" else None,
    }
    if worker_sid:
        payload |= {"worker_sid": worker_sid, "reservation_sid": f"WR{_number()}"}
    return _event(kind, task, payload, at_s)


def of_worker(kind: str, worker: Mapping[str, Any], at_s: float) -> dict[str, Any]:
    """Return an event about a worker."""
    payload = {
        "resource_type": "worker",
        "resource_sid": worker["sid"],
        "worker_sid": worker["sid"],
        "worker_name": worker["friendly_name"],
        "worker_attributes": worker["attributes"],
        "worker_activity_name": worker["activity_name"],
    }
    return _event(kind, worker, payload, at_s)


def _event(kind: str, resource: Mapping[str, Any], payload: Mapping[str, Any], at_s: float) -> dict[str, Any]:
    whose = {"account_sid": resource["account_sid"], "workspace_sid": resource["workspace_sid"]}
    return taskrouter(kind, int(at_s * 1000), {**whose, **payload}, f"EV{_number()}")


def _number() -> str:
    return f"{next(_numbers):032x}"
