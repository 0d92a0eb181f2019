"""What a task's end means: answered, abandoned or something else, or no customer's task at all but a survey.

https://www.twilio.com/docs/flex/developer/insights/abandoned-conversations tells abandoned from other cancellations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twilio_bridge.config import flex, schema
from twilio_bridge.support import task_attributes
from twilio_bridge.support.facts import KnownFacts
from twilio_bridge.support.task_history import History, Leg, build_history

EXPIRED = "task ttl exceeded"
SAID = {"follow-up": "follow-up", "no": "ended", "yes": "abandoned"}
# Customers who were not served, whether they hung up or were left waiting.
UNSERVED = frozenset(("abandoned", "short", "expired"))


@dataclass(frozen=True, slots=True)
class Task:
    """A task as everything further needs it: its history, its attributes, and what it is."""

    sid: str
    version: int
    history: History
    attributes: Mapping[str, Any]
    channel: str
    is_survey: bool
    is_virtual: bool
    outcome: str
    score: float | None

    @property
    def is_real(self) -> bool:
        """Return whether a customer asked for support: neither a survey nor a stand-in for a callback."""
        return not self.is_survey and not self.is_virtual


def assess_task(known: KnownFacts, settled: schema.Config) -> Task:
    """Say what a task is and what became of it."""
    told, past = known.latest_attributes(), build_history(known)
    is_survey = _is_survey(past, told, settled.surveys)
    return Task(
        sid=known.sid,
        version=known.version,
        history=past,
        attributes=told,
        channel=task_attributes.read_channel(told, past.latest("channel")),
        is_survey=is_survey,
        is_virtual=task_attributes.read_text(told, "conversations.virtual").casefold() == "yes",
        outcome=_outcome(past, told, settled.figures.short_abandon_s),
        score=read_score(told, settled.surveys) if is_survey or settled.surveys.on_ordinary_tasks else None,
    )


def _is_survey(past: History, told: Mapping[str, Any], surveys: flex.Surveys) -> bool:
    if task_attributes.read_text(told, "conversations.kind").casefold() == "survey":
        return True
    if task_attributes.read_text(told, "isSurveyTask").casefold() in {"true", "yes", "1"}:
        return True
    places = {leg.queue_sid for leg in past.legs} | {past.latest("queue_sid")}
    return (
        past.latest("channel") in surveys.channels
        or past.latest("workflow") in surveys.workflows
        or not places.isdisjoint(surveys.queues)
    )


def _outcome(past: History, told: Mapping[str, Any], short_s: int) -> str:
    """Return open, completed, deleted, or what a cancellation means; the first rule that fits counts."""
    if past.end is None:
        return "open"
    if past.end.kind != "task.canceled":
        return "completed" if past.end.kind in {"task.completed", "plugin.completed"} else "deleted"
    if said := SAID.get(task_attributes.read_text(told, "conversations.abandoned").casefold()):
        return _phase(past, short_s) if said == "abandoned" else said
    if str(past.end.values.get("reason", "")).casefold().startswith(EXPIRED):
        return "expired"
    if task_attributes.read_direction(told).startswith("outbound"):
        return "gave-up"
    return "in-transfer" if past.accepted else _phase(past, short_s)


def _phase(past: History, short_s: int) -> str:
    waited = measure_wait(past)
    return "short" if waited is not None and waited < short_s else "abandoned"


def measure_wait(past: History) -> int | None:
    """Return how long the customer waited in the last queue before the task ended, as well as it is known."""
    if past.legs and past.legs[-1].outcome == "ended":
        return past.legs[-1].wait_s
    values = past.end.values if past.end else {}
    told = values.get("age_in_queue") or values.get("age")
    return int(told) if told else None


def classify_leg(leg: Leg, task: Task) -> str:
    """Say what became of one stay in a queue."""
    if leg.outcome != "ended":
        return leg.outcome
    return {"in-transfer": "abandoned", "completed": "ended"}.get(task.outcome, task.outcome)


def read_score(told: Mapping[str, Any], surveys: flex.Surveys) -> float | None:
    """Return the survey's score: the first place that holds a number, where that is in the range."""
    value = next((number for path in surveys.score if (number := _number(told.get(path))) is not None), None)
    return value if value is not None and surveys.lowest <= value <= surveys.highest else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    if abs(found) < float("inf"):  # which is false for what is no number, too
        return int(found) if found.is_integer() else found
    return None


def is_wanted_channel(channel: str, channels: Iterable[str]) -> bool:
    """Return whether a channel is one of those wanted; one that is not told is."""
    return not channel or channel in channels
