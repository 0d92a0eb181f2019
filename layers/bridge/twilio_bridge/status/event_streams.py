"""The sink and the subscription that support events need, and what an account's lack.

Schema versions are pinned: without one Twilio takes the newest at that moment.
https://www.twilio.com/docs/events/event-streams/subscription
"""

from collections.abc import Iterable, Mapping
from typing import Final

from twilio_bridge.status.ports import Sink, Subscription

KINESIS: Final = "kinesis"
ACTIVE: Final = "active"
_TASKROUTER: Final = """
    task.created task.canceled task.completed task.wrapup task.deleted task.system-deleted task.transfer-initiated
    task.transfer-failed task.transfer-completed task-queue.entered task-queue.moved task-queue.timeout
    reservation.created reservation.accepted reservation.rejected reservation.timeout reservation.canceled
    reservation.rescinded reservation.wrapup reservation.completed worker.activity.update
"""
_CONVERSATIONS: Final = "conversation.added conversation-state.updated conversation.removed participant.added"
_MESSAGING: Final = {"inbound-message.received": 6, "message.failed": 7, "message.undelivered": 7}
TYPES: Final[Mapping[str, int]] = {
    **{f"com.twilio.taskrouter.{name}": 4 for name in _TASKROUTER.split()},
    **{f"com.twilio.conversations.{name}": 2 for name in _CONVERSATIONS.split()},
    **{f"com.twilio.messaging.{name}": version for name, version in _MESSAGING.items()},
}


def find_sink(sinks: Iterable[Sink], stream_arn: str, url: str = "") -> Sink | None:
    """Return the sink that leads to our stream or, as a webhook, to our URL: an active one before any other."""
    ours = [
        each
        for each in sinks
        if (each.sink_type == KINESIS and each.arn == stream_arn)
        or (url and each.sink_type == "webhook" and each.configuration.get("destination") == url)
    ]
    return min(ours, key=lambda each: (each.status != ACTIVE, each.sid), default=None)


def list_missing(subscriptions: Iterable[Subscription]) -> list[str]:
    """Return the types that no subscription of the sink has, in our order."""
    there = {name for each in subscriptions for name in each.types}
    return [name for name in TYPES if name not in there]


def list_other_versions(subscriptions: Iterable[Subscription]) -> dict[str, int]:
    """Return the types that come in another version of their schema than the one we read, with that version."""
    found = {name: version for each in subscriptions for name, version in each.types.items()}
    return {name: found[name] for name in TYPES if name in found and found[name] != TYPES[name]}
