"""Many reads of AWS, several at a time, with a bar where they take long."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from twilio_bridge_cli import output

_AT_ONCE: Final = 8
_LONG: Final = 20

Wanted = TypeVar("Wanted")
Found = TypeVar("Found")


def in_order(read: Callable[[Wanted], Found], wanted: Sequence[Wanted]) -> Iterator[Found]:
    """Return what `read` gives of each, in their order, and hold no more than eight of them."""
    with output.progress("Reading", len(wanted), _LONG) as advance, ThreadPoolExecutor(_AT_ONCE) as pool:
        for start in range(0, len(wanted), _AT_ONCE):
            for found in pool.map(read, wanted[start : start + _AT_ONCE]):
                yield found
                advance(1)
