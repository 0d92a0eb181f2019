"""Where moto's SQS takes longer the more messages a queue holds, and what makes it answer at once.

- SQS counts a queue's messages for each message that it takes or hands out, and reads the clock for each of them.
  Here it counts by one look at the clock, and does not count where a message's age is asked for.
"""

import time
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.models import Queue, SQSBackend


def speed_up_sqs() -> None:
    """Let moto's SQS look at the clock once, not once a message."""
    SQSBackend.is_message_valid_based_on_retention_period = _is_kept
    Queue.messages = property(_visible)
    Queue.approximate_number_of_messages_delayed = property(_count_delayed)
    Queue.approximate_number_of_messages_not_visible = property(_count_hidden)


def _is_kept(backend: Any, queue_name: str, message: Any) -> bool:
    """Whether a message is not older than its queue keeps one."""
    kept_s: int = backend.get_queue(queue_name).message_retention_period
    sent_at: float = message.sent_timestamp / 1000
    return sent_at + kept_s > time.time()


def _visible(queue: Any) -> list[Any]:
    """Return the messages that may be received."""
    now = unix_time_millis()
    return [each for each in queue._messages if each.visible_at < now >= each.delayed_until]


def _count_delayed(queue: Any) -> int:
    now = unix_time_millis()
    return sum(now < each.delayed_until for each in queue._messages)


def _count_hidden(queue: Any) -> int:
    now = unix_time_millis()
    return sum(now <= each.visible_at for each in queue._messages)
