"""Where moto does not keep the order that AWS keeps, and what makes it do so; used by the embedded AWS.

- Records that are put on a shard at the same time overwrite each other, a message that is sent while another is
  deleted is lost, a transaction that fails takes back what others have written meanwhile: moto reads and writes in
  several steps. Here requests to DynamoDB, Kinesis and SQS are answered in turn.
- A FIFO queue's messages that come back together come last first, and a queue that waits for one of them takes
  all of a processor: moto frees a message group one message at a time, and asks without a pause. Here the group
  is out as long as one of its messages is, and what is visible is given in the order it was sent.
- A FIFO queue forgets a message's deduplication id with the message, and knows no DeduplicationScope. Here it
  remembers the id for five minutes. Its sequence numbers are random; here they grow.
"""

import copy
import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any, Final

from moto.sqs.models import Queue, SQSBackend, _filter_message_attributes, sqs_backends

from twilio_bridge_local.credentials import AWS_ACCOUNT_ID, AWS_REGION

_TURNS: Final = {name: threading.Lock() for name in ("AmazonSQS", "DynamoDB", "Kinesis")}
_ENDED: Final = threading.Event()
_POLL_S: Final = 0.05
_LOOK_S: Final = 1.0  # how late a message may be seen that comes back by itself, as at moto
_REMEMBERED_MS: Final = 5 * 60 * 1000
_NUMBERS: Final = itertools.count(1)
_moto_receives: Final = SQSBackend.receive_message
_moto_adds: Final = Queue.add_message


def keep_message_groups() -> None:
    """Let moto's FIFO queues keep the order of their message groups, and each message once."""
    _ENDED.clear()
    SQSBackend.receive_message = _receive
    Queue.add_message = _add
    SQSBackend.purge_queue = _purge


def end_waits() -> None:
    """End every wait for messages, and let nobody wait from now on."""
    _ENDED.set()
    for queue in list(sqs_backends[AWS_ACCOUNT_ID][AWS_REGION].queues.values()):
        with queue._messages_lock:  # noqa: SLF001  moto has no other
            queue._messages_lock.notify_all()  # noqa: SLF001  same


def turn(environ: Mapping[str, Any]) -> AbstractContextManager[object]:
    """What a request has to hold while it is answered; one that may wait for messages takes its turns itself."""
    service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    waits = operation == "ReceiveMessage"
    return nullcontext() if waits else _TURNS.get(service.partition("_")[0], nullcontext())


def _add(queue: Any, message: Any) -> None:  # noqa: ANN401  moto has no types
    if not queue.fifo_queue:
        _moto_adds(queue, message)
    elif _is_new(queue, message):
        message.sequence_number = f"{next(_NUMBERS):020}"
        _append(queue, message)


def _purge(backend: Any, queue_name: str) -> None:  # noqa: ANN401  same
    """Empty a queue as often as it is asked for, and forget what it would not take twice."""
    queue = backend.get_queue(queue_name)
    queue._messages, queue._pending_messages = [], set()  # noqa: SLF001  moto has no other
    queue.__dict__.pop("_seen", None)


def _is_new(queue: Any, message: Any) -> bool:  # noqa: ANN401  same
    """Whether nothing of this id was sent in the last five minutes, to the queue or to the message's group."""
    seen: dict[tuple[str, str], int] = queue.__dict__.setdefault("_seen", {})
    by_group = queue.attributes.get("DeduplicationScope") == "messageGroup"
    key = (message.group_id if by_group else "", message.deduplication_id)
    before, seen[key] = seen.get(key), message.sent_timestamp
    if before is not None and message.sent_timestamp - before < _REMEMBERED_MS:
        seen[key] = before
        return False
    return True


def _append(queue: Any, message: Any) -> None:  # noqa: ANN401  same
    with queue._messages_lock:  # noqa: SLF001  moto has no other
        queue._messages.append(message)  # noqa: SLF001  same
        queue._messages_lock.notify_all()  # noqa: SLF001  same


def _receive(
    backend: Any,  # noqa: ANN401  moto has no types
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Any]:
    queue = backend.get_queue(queue_name)
    names = message_attribute_names or []
    end = time.monotonic() + (wait_seconds_timeout or 0)
    while True:
        if queue.fifo_queue:
            with _TURNS["AmazonSQS"]:
                taken = [_taken(message, visibility_timeout, names) for message in islice(_visible(queue), count)]
        else:
            taken = _moto_receives(backend, queue_name, count, 0, visibility_timeout, names)

        left = end - time.monotonic()
        if taken or left <= 0 or _ENDED.is_set():
            return taken
        _wait(queue, min(left, _POLL_S if queue.fifo_queue else _LOOK_S))


def _wait(queue: Any, timeout_s: float) -> None:  # noqa: ANN401  same
    with queue._messages_lock:  # noqa: SLF001  moto has no other
        is_there = lambda: _ENDED.is_set() or (not queue.fifo_queue and queue.messages)  # noqa: E731
        queue._messages_lock.wait_for(is_there, timeout_s)  # noqa: SLF001  same


def _visible(queue: Any) -> Iterator[Any]:  # noqa: ANN401  same
    """The messages that may be received, in order; those received too often are moved aside on the way."""
    out = {message.group_id for message in queue._messages if not message.visible}  # noqa: SLF001  moto has no other
    for message in list(queue._messages):  # noqa: SLF001  same
        if message.delayed:
            out.add(message.group_id)
        if message.group_id in out:
            continue
        limit = (queue.redrive_policy or {}).get("maxReceiveCount")
        if queue.dead_letter_queue is None or limit is None or message.approximate_receive_count < limit:
            yield message
        else:
            queue._messages.remove(message)  # noqa: SLF001  same
            _append(queue.dead_letter_queue, message)


def _taken(message: Any, visibility_timeout: int, names: list[str]) -> Any:  # noqa: ANN401  same
    message.mark_received(visibility_timeout=visibility_timeout)
    given = copy.deepcopy(message)
    _filter_message_attributes(given, names)
    return given
