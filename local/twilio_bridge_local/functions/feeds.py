"""What calls functions by itself: the common part of timers and of the pollers of queues and streams."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from twilio_bridge_local.functions.processes import Outcome

Call = Callable[[object], Outcome]
"""Calls the function with an event."""


class Feed(ABC):
    """A thread that works between `start` and `stop`; its work looks at `stopping` wherever it would wait."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more and wait for what is being done; end the function first if that may take long."""
        self.halt()
        if self._thread.ident:
            self._thread.join()

    def halt(self) -> None:
        """Begin nothing more, without waiting."""
        self.stopping.set()

    @abstractmethod
    def _run(self) -> None:
        """Work until `stopping` is set."""
