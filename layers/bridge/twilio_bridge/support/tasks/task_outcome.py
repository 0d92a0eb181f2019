"""What a task's end means: answered, abandoned or something else, or no customer's task at all but a survey.

https://www.twilio.com/docs/flex/developer/insights/abandoned-conversations separates abandoned from canceled.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from twilio_bridge.config import flex, schema
from twilio_bridge.support.persons.person_keys import build_rules
from twilio_bridge.support.tasks import task_attributes, task_customer
from twilio_bridge.support.tasks.facts import KnownFacts
from twilio_bridge.support.tasks.task_history import PLUGIN, History, Leg, build_history, count_seconds

EXPIRED = "task ttl exceeded"
STATED = {"follow-up": "follow-up", "no": "ended", "yes": "abandoned"}
# Customers who were not served, whether they hung up or were left waiting.
UNSERVED = frozenset(("abandoned", "short", "expired"))
BEGINNINGS = frozenset(("task.created", "task-queue.entered"))
DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")


class Kind(StrEnum):
    """What a task is to the support job; decided once, where the task is read."""

    SUPPORT = "support"
    SURVEY = "survey"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Task:
    """A task as everything further needs it: its history, its attributes, and what it is.

    `is_virtual` means that it stands in for something else, such as a callback that was asked for.
    """

    sid: str
    version: int
    history: History
    attributes: Mapping[str, Any]
    channel: str
    kind: Kind
    is_virtual: bool
    is_outbound: bool
    outcome: str
    score: float | None

    @property
    def is_survey(self) -> bool:
        """Return whether it asks a customer how the support was."""
        return self.kind is Kind.SURVEY

    @property
    def is_ignored(self) -> bool:
        """Return whether it is nothing to this job."""
        return self.kind is Kind.IGNORED

    @property
    def is_real(self) -> bool:
        """Return whether a customer and the company were in contact: neither a survey nor a stand-in for a callback."""
        return self.kind is Kind.SUPPORT and not self.is_virtual

    @property
    def conversation_sid(self) -> str:
        """Return the conversation it belongs to, empty where there is none."""
        return task_attributes.read_text(self.attributes, "conversationSid")


def assess_task(known: KnownFacts, settled: schema.Config) -> Task:
    """Return what a task is and what became of it."""
    attributes, history = known.latest_attributes(), build_history(known)
    channel = task_attributes.read_channel(attributes, history.latest("channel"))
    kind = _classify(history, attributes, channel, settled)
    has_score = kind is Kind.SURVEY or (kind is Kind.SUPPORT and settled.surveys.on_ordinary_tasks)
    return Task(
        sid=known.sid,
        version=known.version,
        history=history,
        attributes=attributes,
        channel=channel,
        kind=kind,
        is_virtual=task_attributes.read_text(attributes, "conversations.virtual").casefold() == "yes",
        is_outbound=task_attributes.is_outbound(attributes),
        outcome=_outcome(history, attributes, settled.figures.short_abandon_s),
        score=_find_answer(known, history, attributes, kind, settled.surveys) if has_score else None,
    )


def _classify(history: History, attributes: Mapping[str, Any], channel: str, settled: schema.Config) -> Kind:
    """Decide what a task is; a survey on a channel of its own is on nobody's list of channels."""
    flex, surveys = settled.connectors.twilio_flex, settled.surveys
    is_survey = _is_survey(history, attributes, surveys)
    has_own_channel = is_survey and channel in surveys.channels
    if not flex.enabled or not (has_own_channel or is_wanted_channel(channel, flex.channels)):
        return Kind.IGNORED
    if is_survey:
        return Kind.SURVEY
    is_internal = task_customer.is_between_agents(attributes, build_rules(settled))
    return Kind.IGNORED if is_internal else Kind.SUPPORT


def _is_survey(past: History, attributes: Mapping[str, Any], surveys: flex.Surveys) -> bool:
    if task_attributes.read_text(attributes, "conversations.kind").casefold() == "survey":
        return True
    if task_attributes.read_text(attributes, "isSurveyTask").casefold() in {"true", "yes", "1"}:
        return True

    places = {leg.queue_sid for leg in past.legs} | {past.latest("queue_sid")}
    return (
        past.latest("channel") in surveys.channels
        or past.latest("workflow") in surveys.workflows
        or not places.isdisjoint(surveys.queues)
    )


def _outcome(past: History, attributes: Mapping[str, Any], short_s: int) -> str:
    """Return open, completed, deleted, or what a cancellation means; the first rule that fits counts."""
    if past.end is None:
        return "open"
    if past.end.kind != "task.canceled":
        return "completed" if past.end.kind in {"task.completed", PLUGIN} else "deleted"
    if stated := STATED.get(task_attributes.read_text(attributes, "conversations.abandoned").casefold()):
        return _phase(past, short_s) if stated == "abandoned" else stated
    if _is_expired(past):
        return "expired"
    if task_attributes.is_outbound(attributes):
        return "gave-up"
    return "in-transfer" if past.accepted else _phase(past, short_s)


def _is_expired(past: History) -> bool:
    reason = past.end.values.get("reason", "") if past.end else ""
    return str(reason).casefold().startswith(EXPIRED)


def _phase(past: History, short_s: int) -> str:
    waited = measure_wait(past)
    return "short" if waited is not None and waited < short_s else "abandoned"


def measure_wait(past: History) -> int | None:
    """Return the seconds that a customer waited who was not answered: from the first entry to the end."""
    if past.end and past.entered_at is not None:
        return count_seconds(past.entered_at, past.end.at)
    values = past.end.values if past.end else {}
    stated = values.get("age_in_queue") or values.get("age")
    return int(stated) if stated else None


def classify_leg(leg: Leg, task: Task, short_s: int) -> str:
    """Return what became of one stay in a queue; a short abandon is one that waited shortly in this queue."""
    if leg.outcome != "ended":
        return leg.outcome
    if task.outcome in {"abandoned", "short"} and leg.wait_s is not None:
        return "short" if leg.wait_s < short_s else "abandoned"
    return {"in-transfer": "abandoned", "completed": "ended"}.get(task.outcome, task.outcome)


def read_score(attributes: Mapping[str, Any], surveys: flex.Surveys) -> float | None:
    """Return the score: the first place that holds a number, where that is in the range."""
    numbers = (_number(attributes.get(path)) for path in surveys.score)
    value = next((number for number in numbers if number is not None), None)
    return value if value is not None and surveys.lowest <= value <= surveys.highest else None


def _find_answer(
    known: KnownFacts, past: History, attributes: Mapping[str, Any], kind: Kind, surveys: flex.Surveys
) -> float | None:
    """Return the score that the customer gave.

    A survey may begin as a copy of the task it asks about, score included; that one is no answer, and where the
    survey expired without a known beginning nobody knows that there was one.
    """
    score = read_score(attributes, surveys)
    if kind is not Kind.SURVEY or score is None:
        return score

    begun = next((fact for fact in known.facts if fact.kind in BEGINNINGS), None)
    if begun and begun.attributes and read_score(known.attributes[begun.attributes], surveys) == score:
        return None
    is_left = _is_expired(past) or _is_unfinished(attributes)
    return None if is_left and (begun is None or not surveys.partial) else score


def _is_unfinished(attributes: Mapping[str, Any]) -> bool:
    return task_attributes.read_text(attributes, "conversations.abandoned").casefold() == "yes"


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = value.replace(",", ".") if isinstance(value, str) and DECIMAL_COMMA.fullmatch(value) else value
    try:
        found = float(text)
    except ValueError:
        return None
    if abs(found) < float("inf"):  # which is false for what is no number, too
        return int(found) if found.is_integer() else found
    return None


def is_wanted_channel(channel: str, channels: Iterable[str]) -> bool:
    """Return whether a channel is one of those wanted; an unknown one is."""
    return not channel or channel in channels
