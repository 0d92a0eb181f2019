"""The event types that can be subscribed to, each with its schema; used by the Event Streams API.

A selection: the families that a bridge to a CRM listens to, with the schema versions that Twilio's pages show
(https://www.twilio.com/docs/events/event-types).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class EventType:
    """A type of event; `latest` is the newest version of its schema. `number` is its place in lists."""

    type: str
    schema_id: str
    latest: int
    number: int
    status: str = "available"


_TASKROUTER: Final = """
    task.created task.updated task.canceled task.completed task.wrapup task.deleted task.system-deleted
    task.transfer-initiated task.transfer-attempt-failed task.transfer-failed task.transfer-canceled
    task.transfer-completed reservation.created reservation.accepted reservation.rejected reservation.timeout
    reservation.canceled reservation.rescinded reservation.wrapup reservation.completed reservation.failed
    task-queue.entered task-queue.moved task-queue.timeout task-queue.created task-queue.deleted worker.created
    worker.deleted worker.activity.update worker.attributes.update worker.capacity.update
    worker.channel.availability.update workflow.entered workflow.target-matched workflow.skipped workflow.rejected
    workflow.timeout
"""
_CONVERSATIONS: Final = {
    "conversation.added": "ConversationAdded",
    "conversation.updated": "ConversationUpdated",
    "conversation.removed": "ConversationRemoved",
    "conversation-state.updated": "ConversationStateUpdated",
    "message.added": "MessageAdded",
    "message.updated": "MessageUpdated",
    "message.removed": "MessageRemoved",
    "participant.added": "ParticipantAdded",
    "participant.updated": "ParticipantUpdated",
    "participant.removed": "ParticipantRemoved",
    "user.added": "UserAdded",
    "user.updated": "UserUpdated",
}
_OTHERS: Final = {
    **{
        f"messaging.message.{status}": ("Messaging.MessageStatus", 7)
        for status in ("queued", "sent", "delivered", "undelivered", "failed", "read")
    },
    "messaging.inbound-message.received": ("Messaging.InboundMessageV1", 6),
    **{
        f"voice.insights.call-summary.{stage}": ("VoiceInsights.CallSummary", 7)
        for stage in ("partial", "predicted-complete", "complete")
    },
    "studio.flow.execution.started": ("Studio.FlowExecutionEvent", 2),
    "studio.flow.execution.ended": ("Studio.FlowExecutionEvent", 2),
    "studio.flow.step.ended": ("Studio.FlowStepEvent", 2),
    "apiusage.taskrouter.ratelimits": ("Twilio.RateLimitResults", 2),
    "error-logs.error.logged": ("ErrorLogs.Error", 1),
}


def _known() -> Iterator[tuple[str, str, int, str]]:
    for name in _TASKROUTER.split():
        yield f"taskrouter.{name}", "TaskRouter.WDSEvent", 4, "available"
    for name, schema in _CONVERSATIONS.items():
        yield f"conversations.{name}", f"Conversations.{schema}", 2, "available"
    yield "conversations.delivery.updated", "Conversations.DeliveryUpdated", 1, "discontinued"
    for name, (schema, latest) in _OTHERS.items():
        yield name, schema, latest, "available"


TYPES: Final[Mapping[str, EventType]] = {
    f"com.twilio.{name}": EventType(f"com.twilio.{name}", schema, latest, number, status)
    for number, (name, schema, latest, status) in enumerate(_known(), 1)
}
