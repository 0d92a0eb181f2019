"""`python -m twilio_bridge_local`: the whole bundle on this machine; `make run` calls it.

Ends with 0 after Ctrl-C, SIGTERM or SIGHUP, also in the middle of its start: what was started is stopped then, and a
second Ctrl-C is ignored, for it would only leave half of it.
"""

import os
import signal
import sys
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOPPED: Final = "Stopped.\n"

_received: Final[list[int]] = []  # no threading.Event: a handler that sets one may wait for itself


def main() -> int:
    """Run the command, whose modules take half a second to load; return the exit code."""
    _handle_signals_with(_exit_at_once)
    from twilio_bridge_local.command import run  # noqa: PLC0415  as above

    _handle_signals_with(_interrupt)
    try:
        return run(lambda: bool(_received))
    except KeyboardInterrupt:
        sys.stderr.write(_STOPPED)
        return 0


def _exit_at_once(_number: int, _frame: FrameType | None) -> None:
    """End the process; nothing has been started yet."""
    os.write(sys.stderr.fileno(), _STOPPED.encode())
    os._exit(0)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    """Stop what runs; the list counts where Python drops the exception, as it does in a finalizer."""
    _received.append(number)
    _handle_signals_with(signal.SIG_IGN)
    raise KeyboardInterrupt


def _handle_signals_with(handler: "signal._HANDLER") -> None:
    for number in _SIGNALS:
        signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
