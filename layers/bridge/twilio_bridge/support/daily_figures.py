"""The figures: what single tasks add to a day as customers, queues and workers see it, and the sums of it.

A customer waits once, over all queues; a queue has its stays. docs/figures.md defines each figure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twilio_bridge.config import flex, schema
from twilio_bridge.support import calendar
from twilio_bridge.support.persons.interactions import Span, group_spans
from twilio_bridge.support.persons.person import FigureRow, Interaction
from twilio_bridge.support.tasks import task_attributes
from twilio_bridge.support.tasks.task_history import ENTERED, Leg, Reservation
from twilio_bridge.support.tasks.task_outcome import Task, classify_leg, measure_wait

STAY, ANSWER, CUSTOMER, PARKING, OFFER, ACTIVITY = (
    "queue#",
    "csat#",
    "customer#",
    "parking#",
    "reservation#",
    "activity#",
)
OUTBOUND = "outbound"
# What became of a customer who was not answered, by the task's outcome.
UNANSWERED = {"open": "waiting", "completed": "ended", "in-transfer": "abandoned"}


def build_rows(task: Task, settled: schema.Config) -> list[FigureRow]:
    """Return all that a task adds to the figures."""
    sync = settled.connectors.twilio_flex.sync
    if task.is_ignored:
        return []
    zone = settled.figures.timezone
    found = (
        [_customer(task, zone), *(_stay(leg, task, settled.figures) for leg in task.history.legs)]
        if task.is_real
        else []
    )
    if task.is_real and sync.agent_activity:
        found += [_offer(offer, task, zone) for offer in task.history.reservations if _begun(offer)]
    if task.score is not None and task.history.end and sync.csat:
        found.append(_answer(task, task.score, task.history.end.at, zone))
    return found


def _customer(task: Task, zone: str) -> FigureRow:
    """Return what the customer saw of a task: one wait over all queues, and whether anybody answered."""
    history = task.history
    began_at = history.entered_at or history.created_at
    wait_s = history.wait_s if history.accepted else measure_wait(history)
    values: dict[str, Any] = {
        "queue": next((leg.queue or leg.queue_sid for leg in history.legs), ""),
        "channel": task.channel,
        "outcome": "answered" if history.accepted else UNANSWERED.get(task.outcome, task.outcome),
        "began_s": history.created_at // 1000,
        "ended_s": history.end.at // 1000 if history.end else 0,
        "last_s": max((offer.answered_at or 0 for offer in history.accepted), default=history.created_at) // 1000,
        **calendar.read_hour(began_at, zone),
    }
    values |= {"wait_s": wait_s} if wait_s is not None else {}
    values |= {"conversation": task.conversation_sid} if task.conversation_sid else {}
    values |= {"direction": OUTBOUND} if task.is_outbound else {}
    day = calendar.read_day(began_at, zone)
    return FigureRow(day=day, key=f"{CUSTOMER}{task.sid}", version=task.version, values=values)


def build_parkings(conversation: Interaction, settled: schema.Config) -> Iterator[FigureRow]:
    """Return the times that a conversation was parked: tasks before and after one are one interaction."""
    for parked_at, until in conversation.parkings:
        values = {"conversation": conversation.sid, "parked_s": parked_at // 1000, "until_s": until // 1000}
        day = calendar.read_day(parked_at, settled.figures.timezone)
        key = f"{PARKING}{conversation.sid}#{parked_at}"
        yield FigureRow(day=day, key=key, version=conversation.version, values=values)


def _stay(leg: Leg, task: Task, figures: flex.Figures) -> FigureRow:
    zone = figures.timezone
    values: dict[str, Any] = {
        "queue": leg.queue or leg.queue_sid,
        "channel": task.channel,
        "outcome": classify_leg(leg, task, figures.short_abandon_s),
        **calendar.read_hour(leg.entered_at, zone),
    }
    values |= {"wait_s": leg.wait_s} if leg.wait_s is not None else {}
    values |= {"direction": OUTBOUND} if task.is_outbound else {}
    day = calendar.read_day(leg.entered_at, zone)
    return FigureRow(day=day, key=_stay_key(task, leg.id), version=task.version, values=values)


def _stay_key(task: Task, entry_id: str) -> str:
    return f"{STAY}{task.sid}#{entry_id}"


def _begun(offer: Reservation) -> int:
    return offer.created_at or offer.answered_at or offer.completed_at or 0


def _offer(offer: Reservation, task: Task, zone: str) -> FigureRow:
    times = {"ring_s": offer.ring_s, "talk_s": offer.talk_s, "handle_s": offer.handle_s}
    values: dict[str, Any] = {"worker": offer.worker or offer.worker_sid, "outcome": offer.outcome}
    values |= {name: value for name, value in times.items() if value is not None}
    values |= calendar.read_hour(_begun(offer), zone)
    day = calendar.read_day(_begun(offer), zone)
    return FigureRow(day=day, key=_offer_key(offer), version=task.version, values=values)


def _offer_key(offer: Reservation) -> str:
    return f"{OFFER}{offer.worker_sid}#{offer.sid}"


def _answer(task: Task, score: float, at: int, zone: str) -> FigureRow:
    queue = task_attributes.read_text(task.attributes, "conversations.queue") or str(task.history.latest("queue"))
    values = {"queue": queue, "channel": task.channel, "score": score, **calendar.read_hour(at, zone)}
    return FigureRow(day=calendar.read_day(at, zone), key=_answer_key(task), version=task.version, values=values)


def _answer_key(task: Task) -> str:
    return f"{ANSWER}{task.sid}"


def clear_rows(task: Task, there: Iterable[FigureRow], settled: schema.Config) -> Iterator[FigureRow]:
    """Return, empty, every row that a task could have had when less was known, beside those that are there."""
    past, zone = task.history, settled.figures.timezone
    entries = ("", *(fact.id for fact in past.facts if fact.kind in ENTERED))
    offers = (_offer_key(offer) for offer in past.reservations)
    answers = [_answer_key(task)] if past.end else []
    keys = (f"{CUSTOMER}{task.sid}", *(_stay_key(task, entry_id) for entry_id in entries), *offers, *answers)

    days = {calendar.read_day(at, zone) for at in (past.created_at, *(fact.at for fact in past.facts))}
    filled = {(row.day, row.key) for row in there}
    places = ((day, key) for day in sorted(days) for key in keys)
    yield from (FigureRow(day=day, key=key, version=task.version) for day, key in places if (day, key) not in filled)


def compare_rows(before: Iterable[FigureRow], after: Iterable[FigureRow], version: int) -> Iterator[FigureRow]:
    """Return the rows to be written; one that holds no more is written empty: a later version has to replace it."""
    old = {(row.day, row.key): row.values for row in before}
    new = {(row.day, row.key): row for row in after}
    yield from (row for place, row in new.items() if old.get(place) != row.values)
    yield from (FigureRow(day=day, key=key, version=version) for day, key in old if (day, key) not in new)


@dataclass(slots=True)
class CustomerDay:
    """What customers saw of a day, an interaction each: `waits` in seconds are those of the answered."""

    service_level_s: int = 20
    interactions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    outbound: int = 0
    waits: list[int] = field(default_factory=list)
    abandon_waits: list[int] = field(default_factory=list)

    def add(self, values: Mapping[str, Any]) -> None:
        """Count one interaction; nobody waits in one that the company began."""
        if values.get("direction") == OUTBOUND:
            self.outbound += 1
            return
        self.interactions += 1
        self.outcomes[values["outcome"]] += 1
        if "wait_s" in values:
            waits = {"answered": self.waits, "abandoned": self.abandon_waits}.get(values["outcome"], [])
            waits.append(values["wait_s"])

    def figures(self) -> dict[str, Any]:
        """Return the sums and means; what nothing is known of is None."""
        answered, abandoned = self.outcomes["answered"], self.outcomes["abandoned"]
        return {
            "interactions": self.interactions,
            "answered": answered,
            "abandoned": abandoned,
            "short_abandons": self.outcomes["short"],
            "expired": self.outcomes["expired"],
            "follow_ups": self.outcomes["follow-up"],
            "waiting": self.outcomes["waiting"],
            "outbound": self.outbound,
            "abandon_rate": _share(abandoned, answered + abandoned),
            "service_level": _share(_within(self.waits, self.service_level_s), answered + abandoned),
            "avg_wait_s": _mean(self.waits),
            "max_wait_s": max(self.waits, default=None),
            "avg_abandon_s": _mean(self.abandon_waits),
        }


@dataclass(slots=True)
class QueueDay:
    """A queue's day, a stay each: `waits` in seconds are those of the accepted."""

    service_level_s: int = 20
    entered: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    outbound: int = 0
    waits: list[int] = field(default_factory=list)
    abandon_waits: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, values: Mapping[str, Any]) -> None:
        """Count one row; of an outbound task only that there was one."""
        if "score" in values:
            self.scores.append(values["score"])
            return
        if values.get("direction") == OUTBOUND:
            self.outbound += 1
            return
        self.entered += 1
        self.outcomes[values["outcome"]] += 1
        if "wait_s" in values:
            waits = {"accepted": self.waits, "abandoned": self.abandon_waits}.get(values["outcome"], [])
            waits.append(values["wait_s"])

    def figures(self) -> dict[str, Any]:
        """Return the sums and means; what nothing is known of is None. Short abandons are no part of the rates."""
        accepted, abandoned = self.outcomes["accepted"], self.outcomes["abandoned"]
        return {
            "entered": self.entered,
            "accepted": accepted,
            "abandoned": abandoned,
            "short_abandons": self.outcomes["short"],
            "expired": self.outcomes["expired"],
            "follow_ups": self.outcomes["follow-up"],
            "moved": self.outcomes["moved"] + self.outcomes["timeout"] + self.outcomes["returned"],
            "waiting": self.outcomes["waiting"],
            "outbound": self.outbound,
            "abandon_rate": _share(abandoned, accepted + abandoned),
            "service_level": _share(_within(self.waits, self.service_level_s), accepted + abandoned),
            "avg_wait_s": _mean(self.waits),
            "max_wait_s": max(self.waits, default=None),
            "avg_abandon_s": _mean(self.abandon_waits),
            "csat": _mean(self.scores),
            "csat_answers": len(self.scores),
        }


@dataclass(slots=True)
class WorkerDay:
    """A worker's day: seconds in each activity, and what became of the offers."""

    accepted: int = 0
    rejected: int = 0
    missed: int = 0
    handle: list[int] = field(default_factory=list)
    talk: list[int] = field(default_factory=list)
    activities: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, values: Mapping[str, Any]) -> None:
        """Count one row."""
        if "activity" in values:
            self.activities[values["activity"]] += values["seconds"]
            return
        self.accepted += values["outcome"] == "accepted"
        self.rejected += values["outcome"] == "rejected"
        self.missed += values["outcome"] == "missed"
        self.handle += [values["handle_s"]] if "handle_s" in values else []
        self.talk += [values["talk_s"]] if "talk_s" in values else []

    def figures(self) -> dict[str, Any]:
        """Return the sums and means."""
        return {
            "accepted": self.accepted,
            "rejected": self.rejected,
            "missed": self.missed,
            "avg_handle_s": _mean(self.handle),
            "handle_s": sum(self.handle),
            "talk_s": sum(self.talk),
            "activities": dict(sorted(self.activities.items())),
        }


Sums = dict[tuple[str, str], dict[str, Any]]


def sum_customers(found: Iterable[FigureRow], figures: flex.Figures = flex.Figures()) -> Sums:  # noqa: B008  it is frozen
    """Return what customers saw by day and channel."""
    days: defaultdict[tuple[str, str], CustomerDay] = defaultdict(lambda: CustomerDay(figures.service_level_s))
    for row in merge_customers(found, figures.same_interaction_s):
        days[row.day, row.values["channel"]].add(row.values)
    return {place: days[place].figures() for place in sorted(days)}


def merge_customers(found: Iterable[FigureRow], same_s: int) -> list[FigureRow]:
    """Return a row an interaction, on the day it began: tasks of one conversation may be one."""
    every = [row for row in found if row.values]
    tasks = {row.key: row for row in every if row.key.startswith(CUSTOMER)}
    parkings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in every:
        if row.key.startswith(PARKING):
            parkings[row.values["conversation"]].append((row.values["parked_s"] * 1000, row.values["until_s"] * 1000))
    groups = group_spans(map(_span, tasks.values()), parkings, same_s)
    return [_merge([tasks[span.sid] for span in group]) for group in groups]


def _span(row: FigureRow) -> Span:
    values = row.values
    times = (values[name] * 1000 for name in ("began_s", "ended_s", "last_s"))
    return Span(row.key, values.get("conversation", ""), *times)


def _merge(group: list[FigureRow]) -> FigureRow:
    """Return the first task's row; a task of the interaction that was answered makes it answered."""
    answered = next((row for row in group if row.values["outcome"] == "answered"), None)
    if answered is None or answered is group[0]:
        return group[0]
    return replace(group[0], values={**group[0].values, "outcome": "answered", "wait_s": answered.values.get("wait_s")})


def sum_queues(found: Iterable[FigureRow], figures: flex.Figures = flex.Figures()) -> Sums:  # noqa: B008  it is frozen
    """Return each queue's figures by day and queue."""
    days: defaultdict[tuple[str, str], QueueDay] = defaultdict(lambda: QueueDay(figures.service_level_s))
    for row in found:
        if row.values and row.key.startswith((STAY, ANSWER)):
            days[row.day, row.values["queue"]].add(row.values)
    return {place: days[place].figures() for place in sorted(days)}


def sum_workers(found: Iterable[FigureRow], _figures: flex.Figures = flex.Figures()) -> Sums:  # noqa: B008  it is frozen
    """Return each worker's figures by day and worker."""
    days: defaultdict[tuple[str, str], WorkerDay] = defaultdict(WorkerDay)
    for row in found:
        if row.values and row.key.startswith((OFFER, ACTIVITY)):
            days[row.day, row.values["worker"]].add(row.values)
    return {place: days[place].figures() for place in sorted(days)}


def _within(waits: Iterable[int], limit_s: int) -> int:
    return sum(wait_s <= limit_s for wait_s in waits)


def _mean(values: list[int] | list[float]) -> float | None:
    return round(sum(values) / len(values), 1) if values else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
