"""Requests side by side: an invocation that waits for one DynamoDB request after the other does nothing else.

Every call runs in a copy of the caller's context, so that the time limit (`deadline`) holds in it, too.
"""

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

# boto3's clients are thread-safe; `adapters.aws.clients` gives them a connection for each worker.
MAX_WORKERS = 16

T = TypeVar("T")
R = TypeVar("R")


def map_side_by_side(call: Callable[[T], R], entries: Iterable[T]) -> list[R]:
    """Return `call` of each entry, in the entries' order; the first error is raised once all have ended.

    A call must not call this function itself: it would wait for workers that wait for it.
    """
    waiting = list(entries)
    if len(waiting) < 2 or MAX_WORKERS == 1:  # noqa: PLR2004  one needs no thread
        return [call(entry) for entry in waiting]

    futures = [_pool().submit(contextvars.copy_context().run, call, entry) for entry in waiting]
    errors = [error for future in futures if (error := future.exception())]
    if errors:
        raise errors[0]
    return [future.result() for future in futures]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="side-by-side")
