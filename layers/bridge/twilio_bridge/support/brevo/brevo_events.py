"""What Brevo gets of tasks and conversations: the derived events, and each interaction's share in the numbers.

Everything here follows from the facts alone. An event that has just been derived, or changed, waits for stragglers:
events that Twilio sends in one moment arrive in any order.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.support.persons.person import Interaction, TimelineEvent
from twilio_bridge.support.persons.person_keys import KeyRules, build_rules, normalize_email, normalize_phone
from twilio_bridge.support.tasks import task_attributes, task_customer
from twilio_bridge.support.tasks.facts import RANKS, Fact, KnownFacts
from twilio_bridge.support.tasks.task_history import ENDS, PLUGIN
from twilio_bridge.support.tasks.task_outcome import UNSERVED, Task, is_wanted_channel, measure_wait

SETTLE_MS = 3_000
# How long a resolved task waits for the reservation that must have been: later, what is missing is left out.
HOLD_MS = 15 * 60_000
CLOSED = ("conversation.closed", "conversation.removed")
ACTIVE, INACTIVE = "conversation.active", "conversation.inactive"
STATES = frozenset((*CLOSED, ACTIVE, INACTIVE))
# Why a conversation became inactive that nobody touched; any other reason is somebody's doing.
TIMER = "TIMER"
# What there can be of a task or a conversation, and the facts of which it takes one.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "requested": ("task.created",),
    "resolved": ("task.completed", PLUGIN),
    "abandoned": ("task.canceled",),
    "csat": (*ENDS, PLUGIN),
    "ended": CLOSED,
}


def of_task(task: Task, settled: schema.Config, now: int) -> list[TimelineEvent]:
    """Return the events of a task as they are derived at the moment `now` (epoch ms)."""
    flex = settled.connectors.twilio_flex
    if task.is_ignored:
        return []
    events = list(_of_support(task, now)) if flex.sync.tasks and task.is_real else []
    if flex.sync.csat and task.score is not None and task.history.end:
        events.append(_submitted(task, now))
    return _named(events, settled)


def of_conversation(known: KnownFacts, settled: schema.Config, now: int) -> list[TimelineEvent]:
    """Return the end of a conversation, where it has ended."""
    closed = find_closure(known)
    if closed is None or not settled.connectors.twilio_flex.sync.conversations:
        return []
    reason = closed.values.get("reason", "")
    properties = {"conversation_sid": known.sid, "channel": conversation_channel(known), "reason": reason}
    ended = _event(f"{known.sid}#ended", "conversation.ended", closed.at, known.version, properties, now)
    return _named([ended], settled)


def is_wanted_conversation(known: KnownFacts, settled: schema.Config) -> bool:
    """Return whether a conversation is something to this job."""
    flex = settled.connectors.twilio_flex
    return flex.enabled and is_wanted_channel(conversation_channel(known), flex.channels)


def find_closure(known: KnownFacts) -> Fact | None:
    """Return the fact that closed a conversation, for good."""
    return next((fact for fact in known.facts if fact.kind in CLOSED), None)


def build_conversation(known: KnownFacts) -> Interaction | None:
    """Return what tasks of a conversation need to know of it: when it was parked or closed; None for neither."""
    closed, parkings = find_closure(known), tuple(_find_parkings(known))
    if not (closed or parkings):
        return None
    return Interaction(
        sid=known.sid,
        version=known.version,
        created_at=known.facts[0].at,
        last_at=known.facts[-1].at,
        conversation_sid=known.sid,
        ended_at=closed.at if closed else 0,
        parkings=parkings,
    )


def _find_parkings(known: KnownFacts) -> Iterator[tuple[int, int]]:
    """Return when workers put the conversation aside; one that only became inactive by its timer is not parked."""
    parked_at = 0
    for fact in known.facts:
        if fact.kind not in STATES:
            continue
        is_parking = fact.kind == INACTIVE and str(fact.values.get("reason", "")).upper() != TIMER
        if parked_at and not is_parking:
            yield parked_at, fact.at
        parked_at = (parked_at or fact.at) if is_parking else 0

    if parked_at:
        yield parked_at, 0


def clear_events(known: KnownFacts, there: Iterable[TimelineEvent]) -> Iterator[TimelineEvent]:
    """Return, withdrawn, every event that there could have been when less was known, beside those that there are."""
    kinds, filled = {fact.kind for fact in known.facts}, {event.key for event in there}
    names = (name for name, needed in NEEDED.items() if not kinds.isdisjoint(needed))
    keys = (key for name in names if (key := f"{known.sid}#{name}") not in filled)
    yield from (TimelineEvent(key=key, name="", at=0, version=known.version, status="withdrawn") for key in keys)


def build_interaction(task: Task, settled: schema.Config, keys: Iterable[str]) -> Interaction:
    """Return a task's share in its customer's numbers."""
    history, end = task.history, task.history.end
    score = task.score if settled.connectors.twilio_flex.sync.csat and end else None
    return Interaction(
        sid=task.sid,
        version=task.version,
        channel=task.channel,
        counts=task.is_real,
        created_at=history.created_at,
        last_at=history.last_at,
        wait_s=None if task.is_outbound else history.wait_s,
        score=score,
        scored_at=end.at if end and score is not None else 0,
        values=task_customer.read_fields(task.attributes, settled, build_rules(settled)),
        conversation_sid=task.conversation_sid,
        ended_at=end.at if end else 0,
        talk_s=history.talk_s,
        keys=tuple(key for key in keys if not key.startswith(("task#", "conversation#"))),
    )


def _of_support(task: Task, now: int) -> Iterator[TimelineEvent]:
    """Return what Brevo shows of a task; with an outbound one nobody asked for support, or gave up waiting for it."""
    past, end = task.history, task.history.end
    if past.created and not task.is_outbound:
        yield _event(f"{task.sid}#requested", "task.created", past.created.at, task.version, _place(task), now)
    if end and task.outcome == "completed":
        resolved = _event(f"{task.sid}#resolved", "task.completed", end.at, task.version, _service(task), now)
        yield replace(resolved, due_at=now + HOLD_MS) if _is_early(task, end) else resolved
    elif end and task.outcome in UNSERVED and not task.is_outbound:
        reason = end.values.get("reason", "")
        properties = {**_place(task), "queue": _queue(task), "wait_s": measure_wait(past), "reason": reason}
        yield _event(f"{task.sid}#abandoned", "task.canceled", end.at, task.version, properties, now)


def _is_early(task: Task, end: Fact) -> bool:
    """Return whether more must be to come: the reservation of a completed task, or TaskRouter's own completion."""
    if end.kind == PLUGIN:
        return any(fact.kind in RANKS for fact in task.history.facts)
    return end.kind == "task.completed" and not task.history.accepted


def _submitted(task: Task, now: int) -> TimelineEvent:
    queue = task_attributes.read_text(task.attributes, "conversations.queue") or _queue(task)
    properties = {**_place(task), "queue": queue, "score": task.score}
    end = task.history.end
    return _event(f"{task.sid}#csat", "survey.completed", end.at if end else 0, task.version, properties, now)


def _place(task: Task) -> dict[str, Any]:
    return {
        "task_sid": task.sid,
        "conversation_sid": task.conversation_sid,
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
        "wait_s": None if task.is_outbound else past.wait_s,
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


def _event(key: str, occasion: str, at: int, version: int, given: Mapping[str, Any], now: int) -> TimelineEvent:
    properties = {name: value for name, value in given.items() if value not in ("", None)} | {"key": key}
    return TimelineEvent(key=key, name=occasion, at=at, version=version, properties=properties, due_at=now + SETTLE_MS)


def _named(events: list[TimelineEvent], settled: schema.Config) -> list[TimelineEvent]:
    """Return events their names in Brevo, without those that have none."""
    names = {str(occasion): name for occasion, name in settled.event_mapping.items()}
    return [replace(event, name=names[event.name]) for event in events if event.name in names]


def conversation_channel(known: KnownFacts) -> str:
    """Return a conversation's channel as its participants show it, empty where none does."""
    for fact in known.facts:
        kind = str(fact.values.get("type", "")).casefold()
        if phone.is_whatsapp(str(fact.values.get("address", ""))):
            return "whatsapp"
        if kind:
            return task_attributes.CHANNELS.get(kind, kind)
    return ""


def conversation_keys(known: KnownFacts, rules: KeyRules) -> list[str]:
    """Return the keys that a conversation's customer is found by: the first address that takes part and is not ours."""
    addresses = [str(fact.values.get("address", "")) for fact in known.facts]
    emails = (normalize_email(address, rules) for address in addresses)
    email = next((email for email in emails if email), "")
    numbers = (normalize_phone(address, rules) for address in addresses)
    number = next((number for number in numbers if number and number not in rules.own_numbers), "")
    return [*([f"email#{email}"] if email else []), *([f"phone#{number}"] if number else [])]
