"""What a batch of events holds: facts about tasks and conversations, opt-out requests, figures of workers.

https://www.twilio.com/docs/taskrouter/api/event/reference has TaskRouter's events and their fields.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.contacts import opt_outs
from twilio_bridge.errors import BadRequestError
from twilio_bridge.support import task_complete
from twilio_bridge.support.cloud_events import TASKROUTER, CloudEvent, parse_object, parse_time, require_sid
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge.support.tasks import task_attributes, worker_activity
from twilio_bridge.support.tasks.enrichment import EnrichRequest, join_requests, read_request
from twilio_bridge.support.tasks.facts import RANKS, Fact, NewFacts, compute_digest

TEST_EVENT = "eventstreams.test-event"
# What each family of TaskRouter's events has beyond time and task: the payload's name, and ours.
WHOSE = {"reservation_sid": "reservation", "worker_sid": "worker_sid", "worker_name": "worker"}
WHERE = {"task_queue_sid": "queue_sid", "task_queue_name": "queue", "task_channel_unique_name": "channel"}
WAITED = {"task_age_in_queue": "age_in_queue", "task_age": "age", "task_queue_entered_date": "entered_at"}
ENDED = {
    **WHERE,
    **WAITED,
    "task_canceled_reason": "reason",
    "task_completed_reason": "reason",
    "task_date_created": "created_at",
    "workflow_sid": "workflow",
}
VALUES: Mapping[str, Mapping[str, str]] = {
    "task.created": {
        "task_channel_unique_name": "channel",
        "workflow_sid": "workflow",
        "task_date_created": "created_at",
    },
    "reservation.accepted": {**WHOSE, **WHERE, **WAITED},
    "task.completed": ENDED,
    "task.canceled": ENDED,
    "task.deleted": ENDED,
    "task.system-deleted": ENDED,
}
MOMENTS = frozenset(("created_at", "entered_at"))
NUMBERS = frozenset(("age", "age_in_queue"))
# Events of a transfer beside its beginning.
TRANSFERS = frozenset(f"task.transfer-{end}" for end in ("attempt-failed", "failed", "canceled", "completed"))
# Active and inactive show whether it is parked: https://www.twilio.com/docs/conversations/states-timers
STATES = {state: f"conversation.{state}" for state in ("active", "inactive", "closed")}
# Longer is nobody's address, and no store's key.
MAX_ADDRESS_LENGTH = 256
# Twilio refuses a message to somebody who opted out: https://www.twilio.com/docs/api/errors/21610
OPTED_OUT_CODE = 21610


@dataclass(frozen=True, slots=True)
class OptOutRequest:
    """What a person asked for about being written to, themselves or by Twilio's account of it; `at` in epoch ms."""

    address: str
    out: bool
    at: int


@dataclass(slots=True)
class ExtractedFacts:
    """All that a batch holds, by what it is about."""

    subjects: dict[str, NewFacts] = field(default_factory=dict)
    opt_out_requests: list[OptOutRequest] = field(default_factory=list)
    figure_rows: list[FigureRow] = field(default_factory=list)
    test_ids: list[str] = field(default_factory=list)
    enrichments: dict[str, EnrichRequest] = field(default_factory=dict)
    ignored: int = 0


def extract_facts(event: CloudEvent, extracted: ExtractedFacts, settled: schema.Config, wanted: frozenset[str]) -> str:
    """Add what an event holds and return the subject it is about, empty where it is about none.

    Raises BadRequestError where it lacks what its type promises.
    """
    if settled.insights.enabled and (request := read_request(event)):
        _add_request(extracted, request)
    family = next((family for family in FAMILIES if event.type.startswith(family)), None)
    if family is None:
        extracted.ignored += 1
        return ""
    return FAMILIES[family](event, extracted, settled, wanted)


def _add_request(extracted: ExtractedFacts, request: EnrichRequest) -> None:
    name = request.task_sid or request.call_sid
    before = extracted.enrichments.get(name)
    extracted.enrichments[name] = join_requests(before, request) if before else request


def _task(event: CloudEvent, extracted: ExtractedFacts, _settled: schema.Config, wanted: frozenset[str]) -> str:
    kind = event.type.removeprefix(TASKROUTER)
    if kind not in RANKS and kind not in TRANSFERS:
        extracted.ignored += 1
        return ""
    sid = require_sid(event, "task_sid", "WT")
    values = {ours: value for name, ours in _names(kind).items() if (value := _value(ours, event.data.get(name)))}
    return _add(extracted, f"task#{sid}", event, kind, values, _attributes(event.data.get("task_attributes"), wanted))


def _names(kind: str) -> Mapping[str, str]:
    if kind in VALUES:
        return VALUES[kind]
    return WHERE if kind.startswith("task-queue.") else {**WHOSE, **WHERE}


def _value(name: str, value: object) -> object:
    """REST gives numbers as texts; 0 is kept as a text, so that it is not taken for unknown."""
    if name in MOMENTS:
        return parse_time(value)
    if name in NUMBERS:
        return str(value) if isinstance(value, int | str) and str(value).isdecimal() and len(str(value)) < 10 else None  # noqa: PLR2004  30 years
    return value[: task_attributes.MAX_TEXT_LENGTH] if isinstance(value, str) else None


def _add(
    extracted: ExtractedFacts,
    subject: str,
    event: CloudEvent,
    kind: str,
    values: Mapping[str, Any],
    kept: tuple[str, Mapping[str, Any]] = ("", {}),
) -> str:
    added = extracted.subjects.setdefault(subject, NewFacts())
    name, task_attributes = kept
    if name:
        added.attributes[name] = task_attributes
    added.facts.setdefault(event.id, Fact(event.id, kind, event.at, values, name))
    return subject


@lru_cache(maxsize=512)
def _kept_of(text: str, wanted: frozenset[str]) -> tuple[str, Mapping[str, Any]]:
    """Return what is kept of attributes and its name; a task's events mostly repeat the same text."""
    return _kept(parse_object(text), wanted)


def _attributes(given: object, wanted: frozenset[str]) -> tuple[str, Mapping[str, Any]]:
    return _kept_of(given, wanted) if isinstance(given, str) else _kept(parse_object(given), wanted)


def _kept(given: Mapping[str, Any], wanted: frozenset[str]) -> tuple[str, Mapping[str, Any]]:
    found = task_attributes.select_wanted(given, wanted)
    return (compute_digest(found), found) if found else ("", {})


def _plugin(event: CloudEvent, extracted: ExtractedFacts, _settled: schema.Config, wanted: frozenset[str]) -> str:
    """Add what Flex's plugin posted, under the names of TaskRouter's workspace callbacks."""
    data = event.data
    names = {"TaskChannelUniqueName": "channel", "TaskQueueFriendlyName": "queue", "Age": "age"}
    values = {ours: value for name, ours in names.items() if (value := _value(ours, data.get(name)))}
    subject = f"task#{require_sid(event, 'TaskSid', 'WT')}"
    return _add(extracted, subject, event, "plugin.completed", values, _attributes(data.get("TaskAttributes"), wanted))


def _activity(event: CloudEvent, extracted: ExtractedFacts, settled: schema.Config, _wanted: frozenset[str]) -> str:
    flex = settled.connectors.twilio_flex
    if flex.enabled and flex.sync.agent_activity:
        extracted.figure_rows += worker_activity.build_rows(event, settled.figures.timezone)
    return ""


def _conversation(
    event: CloudEvent, extracted: ExtractedFacts, _settled: schema.Config, _wanted: frozenset[str]
) -> str:
    kind = _conversation_kind(event)
    if not kind:
        extracted.ignored += 1
        return ""
    subject = f"conversation#{require_sid(event, 'ConversationSid', 'CH')}"
    binding = event.data.get("MessagingBinding")
    binding = binding if isinstance(binding, Mapping) else {}
    given = {"address": binding.get("Address"), "type": binding.get("Type"), "reason": event.data.get("Reason")}
    values = {name: text for name, value in given.items() if (text := _value(name, value))}
    return _add(extracted, subject, event, kind, values)


def _conversation_kind(event: CloudEvent) -> str:
    """Return what matters of a conversation: its state, its removal, or who takes part in it."""
    if event.type == "conversations.conversation-state.updated":
        return STATES.get(str(event.data.get("StateTo")).casefold(), "")
    wanted = ("conversation.added", "conversation.removed", "participant.added")
    return next((kind for kind in wanted if event.type == f"conversations.{kind}"), "")


def _message(event: CloudEvent, extracted: ExtractedFacts, settled: schema.Config, _wanted: frozenset[str]) -> str:
    data = event.data
    if event.type == "messaging.inbound-message.received":
        out = _read_request(data, settled.opt_out)
        address = data.get("from")
    else:
        out = True if str(data.get("errorCode")) == str(OPTED_OUT_CODE) else None
        address = data.get("to")
    if out is None or not isinstance(address, str) or not 0 < len(phone.strip_channel(address)) <= MAX_ADDRESS_LENGTH:
        extracted.ignored += 1
    else:
        extracted.opt_out_requests.append(OptOutRequest(address, out, event.at))
    return ""


def _read_request(data: Mapping[str, Any], keywords: schema.OptOut) -> bool | None:
    kind = str(data.get("optOutType") or "").upper()
    if kind in {"STOP", "START"}:
        return kind == "STOP"
    body = data.get("body")
    return opt_outs.parse_request(body, keywords) if isinstance(body, str) and not kind else None


def _test(event: CloudEvent, extracted: ExtractedFacts, _settled: schema.Config, _wanted: frozenset[str]) -> str:
    test_id = event.data.get("test_id")
    if not isinstance(test_id, str) or not 0 < len(test_id) <= task_attributes.MAX_TEXT_LENGTH:
        raise BadRequestError("the test event has no test_id")
    extracted.test_ids.append(test_id)
    return ""


Extractor = Callable[[CloudEvent, ExtractedFacts, schema.Config, frozenset[str]], str]
FAMILIES: Mapping[str, Extractor] = {
    "taskrouter.task": _task,  # task.… and task-queue.…
    "taskrouter.reservation.": _task,
    "taskrouter.worker.activity.update": _activity,
    "conversations.": _conversation,
    "messaging.": _message,
    TEST_EVENT: _test,
    task_complete.TYPE: _plugin,
}
