"""Retry policies as values; each adapter names its own."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from twilio_bridge import deadline
from twilio_bridge.errors import RateLimitedError

T = TypeVar("T")

# Where nothing limits the time, this many tries do.
MAX_TRIES_COUNT = 12
MAX_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try, and how long to wait before the second try (seconds; doubled each time, with jitter).

    `attempts` counts the errors named by `on`. Errors named by `unprocessed` mean that the other side has done nothing;
    they are tried again while the time budget lasts, and never sooner than they ask for.
    """

    attempts: int
    first_wait_s: float
    on: tuple[type[Exception], ...]
    unprocessed: tuple[type[Exception], ...] = ()


def call(action: Callable[[], T], retry: Retry) -> T:
    """Do `action`, again after an error that `retry` names, while attempts and the time budget last."""
    wait_s, tries, failures = retry.first_wait_s, 0, 0
    while True:
        try:
            return action()
        except (*retry.on, *retry.unprocessed) as error:
            tries += 1
            failures += not isinstance(error, retry.unprocessed)
            is_last = failures >= retry.attempts or tries - failures >= MAX_TRIES_COUNT
            pause = max(wait_s * random.uniform(0.75, 1.25), _asked_s(error))  # noqa: S311  jitter, not a secret
            if is_last or deadline.seconds_left(pause + 1) <= pause:
                raise

        time.sleep(pause)
        wait_s = min(wait_s * 2, MAX_WAIT_S) if retry.unprocessed else wait_s * 2


def _asked_s(error: Exception) -> float:
    return error.retry_after if isinstance(error, RateLimitedError) else 0
