"""A task completed or cancelled by whoever knows why: the reason becomes the outcome that Flex Insights reports.

Insights takes `conversations.outcome`, and only without one the reason: both are written in one request, for what is
written after the end is not read. https://www.twilio.com/docs/flex/developer/insights/enhance-integration
"""

from dataclasses import dataclass

from twilio_bridge.config.insights import Insights
from twilio_bridge.errors import ChangedError, NotFoundError, UnavailableError
from twilio_bridge.flex_insights.fitting import fit_value
from twilio_bridge.flex_insights.model import find_attribute
from twilio_bridge.insights.json_text import MalformedError, parse_attributes
from twilio_bridge.insights.merging import Addition, merge_additions, read_place
from twilio_bridge.insights.ports import End, Task, Tasks
from twilio_bridge.insights.task_values import OUTCOME, translate_outcome

MAX_TRIES_COUNT = 10


@dataclass(frozen=True, slots=True)
class EndedTask:
    """A task that has ended: `outcome` is what Insights reports, `is_new` whether it was this call that ended it.

    `is_malformed` means that its attributes are no JSON object and were left as they are: Insights takes the reason.
    """

    sid: str
    status: str
    outcome: str
    is_new: bool
    is_malformed: bool = False


def end_task(sid: str, end: End, reason: str, tasks: Tasks, settled: Insights) -> EndedTask:
    """Complete or cancel a task; one that has ended so already is left as it is.

    Raise NotFoundError where it is gone, RefusedError where it cannot be ended so.
    """
    for _ in range(MAX_TRIES_COUNT):
        task = tasks.fetch_task(sid)
        if task is None:
            raise NotFoundError(f"twilio: there is no task {sid}; finished ones are gone two minutes after their end")
        if task.status == end:
            return EndedTask(sid, task.status, _read_outcome(task), is_new=False)
        text, outcome, is_malformed = _add_outcome(task, reason, settled)
        try:
            tasks.end_task(task, end, reason, text)
        except ChangedError:
            continue
        return EndedTask(sid, end, outcome, is_new=True, is_malformed=is_malformed)
    raise UnavailableError("twilio", f"task {sid} was changed by others {MAX_TRIES_COUNT} times")


def _add_outcome(task: Task, reason: str, settled: Insights) -> tuple[str, str, bool]:
    """Return the attributes with an outcome, the outcome, and whether they are no JSON object."""
    attribute = find_attribute(OUTCOME)
    value = fit_value(attribute, translate_outcome(reason, settled)) if attribute else None
    if value is None:
        return task.attributes, _read_outcome(task) or reason, False
    try:
        addition = Addition(OUTCOME, value, replaces=OUTCOME in settled.overwrite)
        text = merge_additions(task.attributes, [addition]).text
        return text, str(read_place(parse_attributes(text), OUTCOME) or value), False
    except MalformedError:
        return task.attributes, reason, True


def _read_outcome(task: Task) -> str:
    try:
        return str(read_place(parse_attributes(task.attributes), OUTCOME) or task.reason)
    except MalformedError:
        return task.reason
