"""What becomes of tasks: each life emits TaskRouter's events of one task, from its creation to its end."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twilio_bridge_local.samples.customers import Customer
from twilio_bridge_local.samples.envelopes import CloudEvent, sid, stamp, taskrouter

QUEUES = tuple((f"WQ{number:032x}", name) for number, name in enumerate(("Support", "Billing", "Sales", "Overflow"), 1))
OVERFLOW = QUEUES[-1]
WORKFLOW, SURVEYS = f"WW{1:032x}", f"WW{2:032x}"
TASK_CHANNELS = {"voice": f"TC{1:032x}", "chat": f"TC{2:032x}"}
RING_S = 30
TTL_S = 86_400
# The states that a step puts a task into, as TaskRouter names them.
STATES = {
    "reservation.created": "reserved",
    "reservation.accepted": "assigned",
    "reservation.wrapup": "wrapping",
    "task.completed": "completed",
    "task.canceled": "canceled",
}


@dataclass(frozen=True, slots=True)
class Worker:
    """An agent."""

    sid: str
    name: str


@dataclass(slots=True)
class Life:
    """A task on its way: what holds for it now, and its events so far (epoch ms)."""

    chance: Random
    customer: Customer
    channel: str
    attributes: dict[str, Any]
    now: int
    workers: Sequence[Worker]
    queue: tuple[str, str] = QUEUES[0]
    workflow: str = WORKFLOW
    sid: str = ""
    created_at: int = 0
    entered_at: int = 0
    state: str = "pending"
    version: int = 0
    offer: Mapping[str, Any] = field(default_factory=dict)
    events: list[CloudEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sid, self.created_at = sid("WT", self.chance), self.now

    def wait(self, least_s: float, most_s: float) -> "Life":
        """Let time pass."""
        self.now += self.chance.randint(int(least_s * 1000), int(most_s * 1000))
        return self

    def emit(self, kind: str, **more: Any) -> "Life":  # noqa: ANN401  a payload's fields
        """Add an event."""
        self.state = STATES.get(kind, self.state)
        self.version += kind.startswith("task.")
        about = self.offer if kind.startswith("reservation.") else {}
        payload = {**self._task(), **self._place(kind), **about, **more}
        self.events.append(taskrouter(kind, self.now, payload, sid("EV", self.chance)))
        return self

    def set_conversations(self, **conversations: Any) -> "Life":  # noqa: ANN401  Flex Insights' attributes
        """Add to the attributes what Flex Insights reads."""
        self.attributes = {
            **self.attributes,
            "conversations": {**self.attributes.get("conversations", {}), **conversations},
        }
        return self

    def _task(self) -> dict[str, Any]:
        named = task_channel(self.channel)
        return {
            "task_sid": self.sid,
            "task_attributes": json.dumps(self.attributes, separators=(",", ":")),
            "task_age": (self.now - self.created_at) // 1000,
            "task_date_created": stamp(self.created_at),
            "task_priority": 0,
            "task_assignment_status": self.state,
            "task_channel_sid": TASK_CHANNELS[named],
            "task_channel_unique_name": named,
            "task_version": self.version,
            "workflow_sid": self.workflow,
            "resource_type": "task",
            "resource_sid": self.sid,
        }

    def _place(self, kind: str) -> dict[str, Any]:
        if kind == "task.created":
            return {}
        place = {"task_queue_sid": self.queue[0], "task_queue_name": self.queue[1]}
        age = (self.now - self.entered_at) // 1000
        return {**place, "task_age_in_queue": age, "task_queue_entered_date": stamp(self.entered_at)}


def task_channel(channel: str) -> str:
    """Return TaskRouter's channel: all messaging is chat there."""
    return "voice" if channel == "voice" else "chat"


def begin(life: Life) -> Life:
    """Create the task and put it into its queue."""
    return enter(life.emit("task.created").wait(0, 0.4), life.queue)


def enter(life: Life, queue: tuple[str, str]) -> Life:
    """Put the task into a queue."""
    life.queue, life.entered_at = queue, life.now
    return life.emit("task-queue.entered")


def ring(life: Life) -> Life:
    """Offer the task to a worker."""
    worker = life.chance.choice(life.workers)
    whose = {"worker_sid": worker.sid, "worker_name": worker.name, "reservation_timeout": RING_S}
    life.offer = {"reservation_sid": sid("WR", life.chance), **whose}
    return life.emit("reservation.created")


def serve(life: Life) -> Life:
    """Have a worker accept and talk."""
    ring(life.wait(0.5, 120)).wait(1, RING_S - 2).emit("reservation.accepted")
    return life.wait(20, 900)


def wrap_up(life: Life) -> Life:
    """Have the worker finish: TaskRouter sends reservation and task in the same millisecond."""
    life.emit("reservation.wrapup").emit("task.wrapup").wait(2, 60)
    life.set_conversations(outcome=life.chance.choice(("Resolved", "Escalated"))).emit("reservation.completed")
    return life.emit("task.completed", task_completed_reason="All reservations were completed")


def leave(life: Life, reason: str) -> Life:
    """Cancel the task."""
    return life.emit("task.canceled", task_canceled_reason=reason)


def answered(life: Life) -> Life:
    """A worker answers."""
    return wrap_up(serve(begin(life)))


def refused(life: Life) -> Life:
    """One worker rejects the offer, another accepts."""
    ring(begin(life).wait(0.5, 60)).wait(1, 20).emit("reservation.rejected", reservation_reason_code=1)
    return wrap_up(serve(life))


def missed(life: Life) -> Life:
    """One worker does not answer, another does."""
    ring(begin(life).wait(0.5, 60)).wait(RING_S, RING_S).emit("reservation.timeout")
    return wrap_up(serve(life))


def moved(life: Life) -> Life:
    """Nobody is free; the next queue answers."""
    begin(life).wait(60, 61).emit("task-queue.timeout")
    previous = {"previous_task_queue_sid": life.queue[0], "previous_task_queue_name": life.queue[1]}
    life.queue, life.entered_at = OVERFLOW, life.now
    return wrap_up(serve(enter(life.emit("task-queue.moved", **previous), OVERFLOW)))


def handed_over(life: Life) -> Life:
    """Have the worker pass the customer on to another queue."""
    serve(begin(life)).emit("task.transfer-initiated", transfer_mode="COLD", transfer_type="QUEUE", **_transfer(life))
    life.emit("reservation.wrapup").emit("reservation.completed").wait(0, 0.2)
    return enter(life, OVERFLOW)


def _transfer(life: Life) -> dict[str, Any]:
    return {
        "task_transfer_sid": sid("TT", life.chance),
        "transfer_to": OVERFLOW[0],
        "transfer_started": stamp(life.now),
    }


def transferred(life: Life) -> Life:
    """The second worker answers, too."""
    handed_over(life)
    return wrap_up(serve(life).emit("task.transfer-completed", transfer_status="completed", **_transfer(life)))


def lost_in_transfer(life: Life) -> Life:
    """The customer hangs up before the second worker answers."""
    handed_over(life).wait(10, 120)
    return leave(life.emit("task.transfer-failed", transfer_status="failed", **_transfer(life)), "hangup")


def abandoned(life: Life) -> Life:
    """The customer gives up waiting."""
    return leave(begin(life).wait(6, 240), "hangup")


def short(life: Life) -> Life:
    """The customer leaves at once."""
    return leave(begin(life).wait(1, 3.9), "hangup")


def while_ringing(life: Life) -> Life:
    """The customer leaves while a worker's phone rings."""
    ring(begin(life).wait(20, 60)).wait(2, 20).emit("reservation.canceled")
    return leave(life, "hangup")


def callback(life: Life) -> Life:
    """The customer asks to be called back."""
    begin(life).wait(30, 120).set_conversations(abandoned="Follow-Up", abandoned_phase="Callback Request")
    return leave(life, "Callback requested")


def expired(life: Life) -> Life:
    """Nobody ever answers."""
    return leave(begin(life).wait(TTL_S, TTL_S), "Task TTL Exceeded")


# How often of a hundred each comes.
LIVES: dict[Callable[[Life], Life], int] = {
    answered: 52,
    refused: 6,
    missed: 6,
    moved: 6,
    transferred: 6,
    lost_in_transfer: 3,
    abandoned: 9,
    short: 4,
    while_ringing: 2,
    callback: 5,
    expired: 1,
}
SERVED = frozenset((answered, refused, missed, moved, transferred))


def any_of(chance: Random) -> Callable[[Life], Life]:
    """Return what becomes of the next task."""
    return chance.choices([*LIVES], weights=[*LIVES.values()])[0]
