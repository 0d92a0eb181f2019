"""What must follow from a month, reckoned from what happened and from nothing of the product's.

Its rules are those of docs/figures.md, written down a second time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.unit.support.month import Month, Task

SHORT_S, LEVEL_S = 5, 20


@dataclass
class Expected:
    """What Brevo must have of a customer."""

    interactions: set[str] = field(default_factory=set)
    waits: list[int] = field(default_factory=list)
    score: float | None = None
    scored_s: int = -1
    events: Counter[str] = field(default_factory=Counter)

    def attributes(self) -> dict[str, float]:
        found: dict[str, float] = {}
        if self.interactions:
            found["SUPPORT_TICKET_COUNT"] = len(self.interactions)
        if self.waits:
            found["AVG_WAIT_TIME"] = round(sum(self.waits) / len(self.waits), 1)
        if self.score is not None:
            found["CSAT_SCORE"] = self.score
        return found


def expect_contacts(month: Month) -> dict[str, Expected]:
    """Return what must be known of each customer, by their external id."""
    found: defaultdict[str, Expected] = defaultdict(Expected)
    for tasks in _interactions(month):
        customer = tasks[0].customer
        if customer is None:
            continue
        expected = found[customer.external_id]
        if tasks[0].is_survey:
            _answer(tasks[0], expected)
            continue
        expected.interactions.add(tasks[0].interaction)
        wait_s = _wait_s(tasks)
        expected.waits += [] if wait_s is None else [wait_s]
        expected.events.update(_events(tasks))
    for sid, _, state in month.conversations:
        owner = next((task.customer for task in month.tasks if task.conversation == sid), None)
        if state == "closed" and owner:
            found[owner.external_id].events["CONVERSATION_ENDED"] += 1
    return dict(found)


def _interactions(month: Month) -> Iterable[list[Task]]:
    groups: defaultdict[str, list[Task]] = defaultdict(list)
    for task in month.tasks:
        if not task.is_ignored:
            groups[task.interaction].append(task)
    return groups.values()


def _answer(survey: Task, expected: Expected) -> None:
    if survey.score is None:
        return
    expected.events["CSAT_SUBMITTED"] += 1
    if survey.end_s >= expected.scored_s:
        expected.score, expected.scored_s = survey.score, survey.end_s


def _wait_s(tasks: list[Task]) -> int | None:
    """Return the time from the first entry to the first answer, None where nobody answered or the company called."""
    if tasks[0].is_outbound:
        return None
    return next((task.talks[0][0] - task.stays[0].entered_s for task in tasks if task.talks), None)


def _events(tasks: list[Task]) -> list[str]:
    first, last = tasks[0], tasks[-1]
    events = [] if first.is_outbound else ["SUPPORT_REQUESTED"]
    if last.end == "completed":
        events.append("SUPPORT_RESOLVED")
    elif not first.is_outbound and not last.talks and last.stated != "Follow-Up":
        events.append("SUPPORT_ABANDONED")
    return events


def expect_customers(month: Month) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what customers saw, by the day and channel they began on."""
    days: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: {"counts": Counter(), "waits": []})
    for tasks in _interactions(month):
        first = tasks[0]
        if first.is_survey:
            continue
        day = days[_day(first.stays[0].entered_s), first.channel]
        outcome = (
            "outbound"
            if first.is_outbound
            else "answered"
            if any(each.talks for each in tasks)
            else _gone(first, first.stays[0].entered_s)
        )
        day["counts"][outcome] += 1
        wait_s = _wait_s(tasks)
        day["waits"] += [wait_s] if wait_s is not None and not first.is_outbound else []
    return dict(days)


def _gone(task: Task, since_s: int) -> str:
    """Return how somebody gave up: to a customer since they began to wait, to a queue since they came into it."""
    if task.stated == "Follow-Up":
        return "follow_ups"
    if task.reason.startswith("Task TTL"):
        return "expired"
    return "short_abandons" if task.end_s - since_s < SHORT_S else "abandoned"


def expect_queues(month: Month) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what queues saw, by the day each stay began on."""
    days: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: {"counts": Counter(), "waits": []})
    for task in month.tasks:
        if task.is_survey or task.is_ignored:
            continue
        for stay in task.stays:
            day = days[_day(stay.entered_s), stay.queue]
            if task.is_outbound:
                day["counts"]["outbound"] += 1
                continue
            day["counts"]["entered"] += 1
            how = {"accepted": "accepted", "moved": "moved", "returned": "moved"}.get(stay.how)
            day["counts"][how or ("abandoned" if task.talks else _gone(task, stay.entered_s))] += 1
            day["waits"] += [stay.left_s - stay.entered_s] if how == "accepted" else []
    return dict(days)


def _day(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).date().isoformat()
