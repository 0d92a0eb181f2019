"""Time that passes more slowly, so that a thousand instances can share this machine's few processors.

At AWS each has a processor of its own. Here a second is stretched for everybody: for what our code, the SDKs and
Airtable's stand-in read from a clock, sleep, and give as a timeout. What is measured is measured in such seconds.
"""

import importlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

FACTOR, SINCE = "BENCHMARK_SLOWED", "BENCHMARK_SLOWED_SINCE"
OURS = "twilio_bridge"
FORKED = "twilio_bridge_local.functions.runtime"

_sleep, _setitimer = time.sleep, signal.setitimer


def slowed(clock: Callable[[], float], factor: float, since: float) -> Callable[[], float]:
    """Return a clock that shows the same at `since` and from then on runs more slowly."""
    return lambda: since + (clock() - since) / factor


def begin() -> None:
    """Let time pass as the environment says, in this process; before anything of ours has kept a clock."""
    if FORKED in sys.modules:  # with our code loaded, which nothing has used yet
        _forget_own()
    if any(name.startswith(f"{OURS}.adapters") for name in sys.modules):
        raise RuntimeError("our code is there already and may have kept a clock")
    factor, since = float(os.environ[FACTOR]), float(os.environ[SINCE])
    time.time = slowed(time.time, factor, since)
    time.monotonic = slowed(time.monotonic, factor, 0)
    time.sleep = lambda seconds: _sleep(float(seconds) * factor)
    signal.setitimer = lambda which, seconds, _interval=0.0: _setitimer(which, seconds * factor)
    _stretch_timeouts(factor)


def _forget_own() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == OURS]:
        del sys.modules[name]


def _stretch_timeouts(factor: float) -> None:
    settimeout: Callable[[socket.socket, float | None], None] = socket.socket.settimeout

    def stretched(self: socket.socket, seconds: float | None) -> None:
        settimeout(self, seconds * factor if seconds else seconds)

    socket.socket.settimeout = stretched  # type: ignore[method-assign, assignment]  # that is the point


def refresh(event: Any, context: Any) -> Any:
    """Be RefreshContactsFunction, in slow motion."""
    return importlib.import_module("functions.refresh_contacts.app").lambda_handler(event, context)


if FACTOR in os.environ:
    begin()
