"""Tasks once more: what they lack of the mapping, and what has them completed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twilio_bridge.config.insights import Insights
from twilio_bridge.flex_insights.lint import lint_task_attributes
from twilio_bridge.flex_insights.model import is_kept_under_hipaa
from twilio_bridge.flex_insights.together import TaskState
from twilio_bridge.insights.json_text import MalformedError, parse_attributes
from twilio_bridge.insights.merging import read_place
from twilio_bridge.insights.ports import Task
from twilio_bridge.support.tasks.enrichment import EnrichRequest

KIND = "backfill"
# The status of a task that TaskRouter no longer has.
GONE = "gone"


@dataclass(frozen=True, slots=True)
class Lack:
    """What a task lacks: mapped attributes that it has not, or null, and the rules that it breaks, by code.

    Not everything that is missing can be filled in: for some of it nothing may be known.
    """

    sid: str
    status: str
    is_finished: bool
    missing: tuple[str, ...]
    codes: tuple[str, ...]


def find_lack(task: Task, insights: Insights) -> Lack:
    """Return what a task lacks; of one that is gone nothing is known."""
    if task.status == GONE:
        return Lack(task.sid, task.status, True, (), ())
    try:
        attributes: Mapping[str, Any] = parse_attributes(task.attributes)
    except MalformedError:
        return Lack(task.sid, task.status, task.is_finished, (), ("FI009",))
    state = TaskState(task.status, task.reason, task.channel)
    findings = lint_task_attributes(attributes, is_hipaa=insights.hipaa, task=state)
    codes = dict.fromkeys(finding.code for finding in findings)
    kept = (place for place in insights.sources if not insights.hipaa or is_kept_under_hipaa(place))
    missing = tuple(place for place in kept if read_place(attributes, place) is None)
    return Lack(task.sid, task.status, task.is_finished, missing, tuple(codes))


def make_request(task: Task, workspace_sid: str, now: int) -> EnrichRequest:
    """Return what has a task completed at the moment `now` (epoch ms)."""
    return EnrichRequest(task_sid=task.sid, workspace_sid=workspace_sid, kind=KIND, at=now, attributes=task.attributes)
