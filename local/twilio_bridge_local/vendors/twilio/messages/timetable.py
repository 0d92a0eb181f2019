"""What happens later, in the order of its time: run by threads of the server, or by a test that moves the clock."""

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Act = Callable[[], object]

CALLBACK_WORKERS = 4
_IDLE_S = 0.5


class Timetable:
    """Acts by the time at which they are due; thread-safe.

    Started, one thread runs what is due, and others what takes long (`submit`). Else `run_due` does both, in order.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Act]] = []
        self._changed = threading.Condition()
        self._pool: ThreadPoolExecutor | None = None
        self._thread: threading.Thread | None = None
        self._running = False

    def add(self, at: float, act: Act) -> None:
        """Let something happen at a time of the clock."""
        with self._changed:
            heapq.heappush(self._due, (at, next(self._numbers), act))
            self._changed.notify()

    def submit(self, act: Act) -> None:
        """Do something that takes long, beside what is due."""
        pool = self._pool
        if pool is None:
            act()
            return
        pool.submit(act)

    def run_due(self) -> None:
        """Run everything that is due by now, and what becomes due by it."""
        while (act := self._take()) is not None:
            act()

    def start(self) -> None:
        """Run what is due when it is due, until `stop`."""
        self._running = True
        self._pool = ThreadPoolExecutor(CALLBACK_WORKERS, "twilio-callbacks")
        self._thread = threading.Thread(target=self._serve, daemon=True, name="twilio-messages")
        self._thread.start()

    def stop(self) -> None:
        """End the threads; callbacks that have not begun are dropped."""
        with self._changed:
            self._running = False
            self._changed.notify()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _take(self) -> Act | None:
        with self._changed:
            if self._due and self._due[0][0] <= self._clock():
                return heapq.heappop(self._due)[2]
        return None

    def _serve(self) -> None:
        while self._running:
            act = self._take()
            if act is not None:
                act()
                continue
            with self._changed:
                wait_s = min(_IDLE_S, self._due[0][0] - self._clock()) if self._due else _IDLE_S
                if self._running and wait_s > 0:
                    self._changed.wait(wait_s)
