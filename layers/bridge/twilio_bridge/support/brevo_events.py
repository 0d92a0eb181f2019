"""What Brevo is told of tasks and conversations: the derived events, and each interaction's share in the numbers.

Everything here follows from the facts alone. An event that has just been derived, or changed, waits for stragglers:
events that Twilio sends in one moment arrive in any order.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.support import task_attributes
from twilio_bridge.support.facts import KnownFacts
from twilio_bridge.support.person import Interaction, TimelineEvent
from twilio_bridge.support.task_history import ENDS
from twilio_bridge.support.task_outcome import UNSERVED, Task, is_wanted_channel, measure_wait

SETTLE_MS = 3_000
# How long a resolved task waits for the reservation that must have been: later, what is missing is left out.
HOLD_MS = 15 * 60_000
CLOSED = ("conversation.closed", "conversation.removed")
# What there can be of a task or a conversation, and the facts of which it takes one.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "requested": ("task.created",),
    "resolved": ("task.completed", "plugin.completed"),
    "abandoned": ("task.canceled",),
    "csat": (*ENDS, "plugin.completed"),
    "ended": CLOSED,
}


def of_task(task: Task, settled: schema.Config, now: int) -> list[TimelineEvent]:
    """Return the events of a task as they are derived at the moment `now` (epoch ms)."""
    flex = settled.connectors.twilio_flex
    if not flex.enabled or not is_wanted_channel(task.channel, flex.channels):
        return []
    events = list(_of_support(task, now)) if flex.sync.tasks and task.is_real else []
    if flex.sync.csat and task.score is not None and task.history.end:
        events.append(_submitted(task, now))
    return _named(events, settled)


def of_conversation(known: KnownFacts, settled: schema.Config, now: int) -> list[TimelineEvent]:
    """Return the end of a conversation, where it has ended."""
    flex = settled.connectors.twilio_flex
    closed = next((fact for fact in known.facts if fact.kind in CLOSED), None)
    channel = conversation_channel(known)
    if closed is None or not flex.enabled or not flex.sync.conversations:
        return []
    if not is_wanted_channel(channel, flex.channels):
        return []
    told = {"conversation_sid": known.sid, "channel": channel, "reason": closed.values.get("reason", "")}
    ended = _event(f"{known.sid}#ended", "conversation.ended", closed.at, known.version, told, now)
    return _named([ended], settled)


def cleared(known: KnownFacts, there: Iterable[TimelineEvent]) -> Iterator[TimelineEvent]:
    """Give, withdrawn, every event that there could have been when less was known, beside those that there are."""
    kinds, filled = {fact.kind for fact in known.facts}, {event.key for event in there}
    names = (name for name, needed in NEEDED.items() if not kinds.isdisjoint(needed))
    keys = (key for name in names if (key := f"{known.sid}#{name}") not in filled)
    yield from (TimelineEvent(key=key, name="", at=0, version=known.version, status="withdrawn") for key in keys)


def interaction(task: Task, settled: schema.Config) -> Interaction:
    """Return a task's share in its customer's numbers."""
    flex = settled.connectors.twilio_flex
    wanted = is_wanted_channel(task.channel, flex.channels)
    end = task.history.end
    scored = task.score if wanted and flex.sync.csat and end else None
    return Interaction(
        sid=task.sid,
        version=task.version,
        channel=task.channel,
        counts=task.is_real and wanted,
        created_at=task.history.created_at,
        last_at=task.history.facts[-1].at,
        wait_s=task.history.wait_s,
        score=scored,
        scored_at=end.at if end and scored is not None else 0,
        values=task_attributes.read_fields(task.attributes, settled.field_mapping),
    )


def _of_support(task: Task, now: int) -> Iterator[TimelineEvent]:
    past, end = task.history, task.history.end
    if past.created:
        yield _event(f"{task.sid}#requested", "task.created", past.created.at, task.version, _place(task), now)
    if end and task.outcome == "completed":
        resolved = _event(f"{task.sid}#resolved", "task.completed", end.at, task.version, _service(task), now)
        is_early = end.kind == "task.completed" and not past.accepted
        yield replace(resolved, due_at=now + HOLD_MS) if is_early else resolved
    elif end and task.outcome in UNSERVED:
        reason = end.values.get("reason", "")
        told = {**_place(task), "queue": _queue(task), "wait_s": measure_wait(past), "reason": reason}
        yield _event(f"{task.sid}#abandoned", "task.canceled", end.at, task.version, told, now)


def _submitted(task: Task, now: int) -> TimelineEvent:
    queue = task_attributes.read_text(task.attributes, "conversations.queue") or _queue(task)
    told = {**_place(task), "queue": queue, "score": task.score}
    end = task.history.end
    return _event(f"{task.sid}#csat", "survey.completed", end.at if end else 0, task.version, told, now)


def _place(task: Task) -> dict[str, Any]:
    return {
        "task_sid": task.sid,
        "conversation_sid": task_attributes.read_text(task.attributes, "conversationSid"),
        "channel": task.channel,
        "direction": task_attributes.read_direction(task.attributes),
    }


def _service(task: Task) -> dict[str, Any]:
    past = task.history
    values = past.end.values if past.end else {}
    return {
        **_place(task),
        "queue": _queue(task),
        "worker": past.accepted[-1].worker if past.accepted else "",
        "wait_s": past.wait_s,
        "talk_s": past.talk_s,
        "duration_s": _duration_s(task),
        "reason": values.get("reason", ""),
    }


def _duration_s(task: Task) -> int | None:
    past = task.history
    if past.end and (past.created or past.latest("created_at")):
        return max(past.end.at // 1000 - past.created_at // 1000, 0)
    age = past.end.values.get("age") if past.end else None
    return int(age) if age else None


def _queue(task: Task) -> str:
    return str(task.history.latest("queue"))


def _event(key: str, occasion: str, at: int, version: int, told: Mapping[str, Any], now: int) -> TimelineEvent:
    properties = {name: value for name, value in told.items() if value not in ("", None)} | {"key": key}
    return TimelineEvent(key=key, name=occasion, at=at, version=version, properties=properties, due_at=now + SETTLE_MS)


def _named(events: list[TimelineEvent], settled: schema.Config) -> list[TimelineEvent]:
    """Return events their names in Brevo, without those that have none."""
    names = {str(occasion): name for occasion, name in settled.event_mapping.items()}
    return [replace(event, name=names[event.name]) for event in events if event.name in names]


def conversation_channel(known: KnownFacts) -> str:
    """Return a conversation's channel as its participants show it, empty where none does."""
    for fact in known.facts:
        told = str(fact.values.get("type", ""))
        if phone.is_whatsapp(str(fact.values.get("address", ""))):
            return "whatsapp"
        if told:
            return task_attributes.CHANNELS.get(told.casefold(), told.casefold())
    return ""


def conversation_keys(known: KnownFacts) -> list[str]:
    """Return the keys that a conversation's customer is found by: the first address that takes part."""
    addresses = (str(fact.values.get("address", "")) for fact in known.facts)
    number = next((found for address in addresses if (found := phone.parse_number(address))), None)
    return [f"phone#{number}"] if number else []
