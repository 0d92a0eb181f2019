"""The figures: what single tasks add to a queue's and a worker's day, and the sums of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from twilio_bridge.config import schema
from twilio_bridge.support import task_attributes
from twilio_bridge.support.person import FigureRow
from twilio_bridge.support.task_history import ENTERED, Leg, Reservation
from twilio_bridge.support.task_outcome import Task, classify_leg, is_wanted_channel
from twilio_bridge.support.worker_activity import day_of


def build_rows(task: Task, settled: schema.Config) -> list[FigureRow]:
    """Return all that a task adds to the figures."""
    flex = settled.connectors.twilio_flex
    if not flex.enabled or not is_wanted_channel(task.channel, flex.channels):
        return []
    found = [_stay(leg, task) for leg in task.history.legs] if task.is_real else []
    if task.is_real and flex.sync.agent_activity:
        found += [_offer(offer, task) for offer in task.history.reservations if _begun(offer)]
    if task.score is not None and task.history.end and flex.sync.csat:
        found.append(_answer(task, task.score, task.history.end.at))
    return found


def _stay(leg: Leg, task: Task) -> FigureRow:
    values: dict[str, Any] = {
        "queue": leg.queue or leg.queue_sid,
        "channel": task.channel,
        "outcome": classify_leg(leg, task),
    }
    if leg.wait_s is not None:
        values["wait_s"] = leg.wait_s
    day = day_of(leg.entered_at // 1000)
    return FigureRow(day=day, key=_stay_key(task, leg.id), version=task.version, values=values)


def _stay_key(task: Task, entry_id: str) -> str:
    return f"queue#{task.sid}#{entry_id}"


def _begun(offer: Reservation) -> int:
    return offer.created_at or offer.answered_at or offer.completed_at or 0


def _offer(offer: Reservation, task: Task) -> FigureRow:
    known = {"ring_s": offer.ring_s, "talk_s": offer.talk_s, "handle_s": offer.handle_s}
    values: dict[str, Any] = {"worker": offer.worker or offer.worker_sid, "outcome": offer.outcome}
    values |= {name: value for name, value in known.items() if value is not None}
    return FigureRow(day=day_of(_begun(offer) // 1000), key=_offer_key(offer), version=task.version, values=values)


def _offer_key(offer: Reservation) -> str:
    return f"reservation#{offer.worker_sid}#{offer.sid}"


def _answer(task: Task, score: float, at: int) -> FigureRow:
    queue = task_attributes.read_text(task.attributes, "conversations.queue") or str(task.history.latest("queue"))
    values = {"queue": queue, "channel": task.channel, "score": score}
    return FigureRow(day=day_of(at // 1000), key=_answer_key(task), version=task.version, values=values)


def _answer_key(task: Task) -> str:
    return f"csat#{task.sid}"


def clear_rows(task: Task, there: Iterable[FigureRow]) -> Iterator[FigureRow]:
    """Give, empty, every row that a task could have had when less was known of it, beside those that are there."""
    past = task.history
    entries = ("", *(fact.id for fact in past.facts if fact.kind in ENTERED))
    offers = (_offer_key(offer) for offer in past.reservations)
    answers = [_answer_key(task)] if past.end else []
    keys = (*(_stay_key(task, entry_id) for entry_id in entries), *offers, *answers)
    days = {day_of(at // 1000) for at in (past.created_at, *(fact.at for fact in past.facts))}
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
class QueueDay:
    """A queue's day: `waits` are those of accepted tasks in seconds."""

    entered: int = 0
    accepted: int = 0
    abandoned: int = 0
    short_abandons: int = 0
    expired: int = 0
    follow_ups: int = 0
    waits: list[int] = field(default_factory=list)
    abandon_waits: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def add(self, values: Mapping[str, Any]) -> None:
        """Count one row."""
        if "score" in values:
            self.scores.append(values["score"])
            return
        self.entered += 1
        self.accepted += values["outcome"] == "accepted"
        self.abandoned += values["outcome"] == "abandoned"
        self.short_abandons += values["outcome"] == "short"
        self.expired += values["outcome"] == "expired"
        self.follow_ups += values["outcome"] == "follow-up"
        if "wait_s" in values:
            waits = {"accepted": self.waits, "abandoned": self.abandon_waits}.get(values["outcome"], [])
            waits.append(values["wait_s"])

    def figures(self) -> dict[str, Any]:
        """Return the sums and means; what nothing is known of is None. Short abandons are no part of the rate."""
        return {
            "entered": self.entered,
            "accepted": self.accepted,
            "abandoned": self.abandoned,
            "short_abandons": self.short_abandons,
            "expired": self.expired,
            "follow_ups": self.follow_ups,
            "abandon_rate": _share(self.abandoned, self.accepted + self.abandoned),
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


def sum_queues(found: Iterable[FigureRow]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return each queue's figures by day and queue."""
    days: defaultdict[tuple[str, str], QueueDay] = defaultdict(QueueDay)
    for row in found:
        if "queue" in row.values:
            days[row.day, row.values["queue"]].add(row.values)
    return {place: days[place].figures() for place in sorted(days)}


def sum_workers(found: Iterable[FigureRow]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return each worker's figures by day and worker."""
    days: defaultdict[tuple[str, str], WorkerDay] = defaultdict(WorkerDay)
    for row in found:
        if "worker" in row.values:
            days[row.day, row.values["worker"]].add(row.values)
    return {place: days[place].figures() for place in sorted(days)}


def _mean(values: list[int] | list[float]) -> float | None:
    return round(sum(values) / len(values), 1) if values else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
