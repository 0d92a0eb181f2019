"""The time one call has: we always answer before Twilio ends the request.

`limit` ends whatever runs at the limit, `seconds_left` lets an adapter choose a timeout below it.
Twilio waits 6 s for Frontline's callbacks (error 48005), 10 s for routing (48010) and 5 s for a webhook.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

from twilio_bridge.errors import OutOfTimeError

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


class _TimeIsUp(BaseException):
    """Not an Exception: a client library that retries on any exception must not swallow it."""


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise _TimeIsUp


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in the body once `seconds` have passed, even where it hangs in a socket.

    A read timeout bounds one read only; a server that sends a byte now and then outlives it. The alarm needs the
    main thread, where Lambda runs a handler; elsewhere only `seconds_left` holds. A limit within a limit is shorter.
    """
    seconds = seconds_left(seconds)
    token = _ends_at.set(time.monotonic() + seconds)
    alarmed = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, _ring) if alarmed else None
    try:
        if alarmed:
            signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    except _TimeIsUp:
        raise OutOfTimeError(f"no answer within {seconds:.1f} s") from None
    finally:
        if alarmed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        _ends_at.reset(token)
        if alarmed and (outer := _ends_at.get()) is not None:
            signal.setitimer(signal.ITIMER_REAL, max(outer - time.monotonic(), 0.001))


def seconds_left(at_most: float) -> float:
    """Return the seconds that remain, no more than `at_most`; raise OutOfTimeError where none do."""
    ends_at = _ends_at.get()
    left = at_most if ends_at is None else min(at_most, ends_at - time.monotonic())
    if left <= 0:
        raise OutOfTimeError("the time budget is spent")
    return left
