"""Batches of which AWS may refuse a part: DynamoDB's reads and writes, SQS's messages, Kinesis's records."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from twilio_bridge.errors import UnavailableError
from twilio_bridge.retry import Retry, call

T = TypeVar("T")


class PartlyRefusedError(UnavailableError):
    """AWS did not take all of a batch, however often it was asked; `left` counts what it did not take."""

    def __init__(self, system: str, left: int) -> None:
        super().__init__(system, f"{left} entries of a batch were refused")
        self.left = left


# AWS refuses a part where a shard, a partition or a queue is busy for a moment.
RESEND = Retry(attempts=10, first_wait_s=0.1, on=(PartlyRefusedError,))


def send_batch(
    system: str, entries: Sequence[T], send: Callable[[Sequence[T]], Sequence[T]], retry: Retry = RESEND
) -> None:
    """Send a batch with `send`, which returns the refused entries, and send those again by `retry`.

    Raise PartlyRefusedError where some are still refused then.
    """
    waiting = entries

    def send_rest() -> None:
        nonlocal waiting
        waiting = send(waiting)
        if waiting:
            raise PartlyRefusedError(system, len(waiting))

    if waiting:
        call(send_rest, retry)


def split_into(entries: Iterator[T], size: int) -> Iterator[list[T]]:
    """Return the entries in batches of `size`, the last one shorter."""
    while batch := list(islice(entries, size)):
        yield batch
