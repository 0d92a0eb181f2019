"""Retry policies as values; each adapter names its own."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from twilio_bridge import deadline

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try, and how long to wait before the second try (seconds; doubled each time, with jitter)."""

    attempts: int
    first_wait_s: float
    on: tuple[type[Exception], ...]


def call(action: Callable[[], T], retry: Retry) -> T:
    """Do `action`, again after an error that `retry` names, while attempts and the time budget last."""
    wait_s = retry.first_wait_s
    for _ in range(retry.attempts - 1):
        try:
            return action()
        except retry.on:
            pause = wait_s * random.uniform(0.75, 1.25)  # noqa: S311  jitter, not a secret
            if deadline.seconds_left(pause + 1) <= pause:
                raise
            time.sleep(pause)
            wait_s *= 2
    return action()
