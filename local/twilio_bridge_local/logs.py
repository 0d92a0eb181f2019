"""Where the functions' output goes: one file, warnings and errors shown at once; used by the stack.

The sink writes `time function line`. A line counts as a warning or an error when it is JSON whose `level`
is one, as every line of ours and of the runtime does.
"""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

_ALERTS: Final = frozenset({"WARN", "WARNING", "ERROR", "CRITICAL", "FATAL"})

Alert = Callable[[str, str, str], None]
"""Takes the function's name, the level, and the message."""


class Sink(Protocol):
    """Takes one line of a function's output."""

    def __call__(self, function: str, line: str) -> None:
        """Write it down."""


def quiet(_function: str, _level: str, _message: str) -> None:
    """Show nothing; the file has it."""


class LogFile:
    """A sink into a file; safe for threads, and silently over when closed."""

    def __init__(self, path: Path, alert: Alert = quiet) -> None:
        self.path = path
        self._alert = alert
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def __call__(self, function: str, line: str) -> None:
        """Write the line, and show it if it is a warning or an error."""
        now = datetime.now().astimezone().isoformat(timespec="milliseconds")
        with self._lock:
            if self._file.closed:
                return
            self._file.write(f"{now} {function} {line}\n")
        level, message = reading(line)
        if level in _ALERTS:
            self._alert(function, level, message)

    def clear(self) -> None:
        """Empty the file."""
        with self._lock:
            self._file.truncate(0)

    def close(self) -> None:
        """Write no more."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def reading(line: str) -> tuple[str, str]:
    """Return a line's level and message with its reason; plain text has no level."""
    if not line.startswith("{"):
        return "", line
    try:
        entry = json.loads(line)
    except ValueError:
        return "", line
    message = ": ".join(str(entry[key]) for key in ("message", "reason") if entry.get(key))
    kind = str(entry.get("errorType") or entry.get("exception_name") or "")
    return str(entry.get("level", "")).upper(), f"{kind}: {message}" if kind and kind not in message else message
