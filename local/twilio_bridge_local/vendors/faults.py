"""What may go wrong at a vendor, set by tests and by `make run` through a stand-in's own endpoint.

`Faults` is what is wanted, `FaultBox` deals it out to requests, `fault_responses` is how it looks on the wire.
Setting new faults, or stopping the server, lets go of every connection that the old ones hold.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Literal, get_args

Rubbish = Literal["", "html", "json", "truncated"]
Cut = Literal["", "before", "after"]


@dataclass(frozen=True, slots=True)
class Faults:
    """One kind of trouble; the default is none.

    Attributes:
        status: Answer this status with the error body that the vendor would send.
        latency_s: Answer this much later. The request has had its effect by then.
        silent: Accept the request and never answer.
        cut: End the connection without an answer, before the request has its effect or after it.
        drip: Send the headers at once and then one byte of the true answer a second.
        rubbish: Answer 200 (or `status`) with an HTML page, with JSON of a wrong shape, or with less than
            was announced.
        only: Methods and path prefixes (`POST`, `/v3/events` or `POST /v3/events`), one of which a request
            must have; empty means every request.
        skip: Leave the first so many of these requests alone.
        times: Only the next so many requests; None means until the faults are set anew.
        for_s: Only for so many seconds after the faults are set; None means without an end.
        share: Of these requests, the part that gets it (0.01 is one in a hundred), drawn alike in every run.
    """

    status: int | None = None
    latency_s: float = 0.0
    silent: bool = False
    cut: Cut = ""
    drip: bool = False
    rubbish: Rubbish = ""
    only: tuple[str, ...] = ()
    skip: int = 0
    times: int | None = None
    for_s: float | None = None
    share: float = 1.0

    def concern(self, method: str, path: str) -> bool:
        """Whether this request is one of those that `only` names."""
        return not self.only or any(_names(o, method, path) for o in self.only)


NO_FAULTS = Faults()


@dataclass(frozen=True, slots=True)
class Dealt:
    """The faults one request gets, the event that ends them early, and how long they last if that is known."""

    faults: Faults
    released: threading.Event
    left_s: float | None = None


class FaultBox:
    """The current faults, thread-safe, with the count of requests they still apply to.

    Of several kinds at once a request gets the first one that has anything for it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._released = threading.Event()
        self._running = [_RunningFaults(NO_FAULTS, clock)]

    @property
    def current(self) -> Faults:
        """What was set last, used up or not; of several the first."""
        return self._running[0].faults

    def set(self, faults: Faults, *others: Faults) -> None:
        """Put these in place of the old ones, whose connections end now."""
        with self._lock:
            self._released.set()
            self._released = threading.Event()
            self._running = [_RunningFaults(each, self._clock) for each in (faults, *others)]

    def deal(self, method: str, path: str) -> Dealt:
        """The faults for one request, which uses up one of `skip` or of `times`."""
        with self._lock:
            for running in self._running:
                left_s = running.left_s()
                if running.faults.concern(method, path) and running.use_up(left_s):
                    return Dealt(running.faults, self._released, left_s)
            return Dealt(NO_FAULTS, self._released)


class _RunningFaults:
    """One kind of trouble since it was set."""

    def __init__(self, faults: Faults, clock: Callable[[], float]) -> None:
        self.faults = faults
        self._clock = clock
        self._skip, self._left = faults.skip, faults.times
        self._until = None if faults.for_s is None else clock() + faults.for_s
        self._random = random.Random(0)  # noqa: S311  a simulation, the same one in every run

    def left_s(self) -> float | None:
        """Return how long it still lasts; None without an end."""
        return None if self._until is None else max(0.0, self._until - self._clock())

    def use_up(self, left_s: float | None) -> bool:
        """Return whether the next request gets it, and count that."""
        if self._left == 0 or left_s == 0 or self._random.random() >= self.faults.share:
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        return True


def _names(only: str, method: str, path: str) -> bool:
    if only.startswith("/"):
        return path.startswith(only)
    verb, _, prefix = only.partition(" ")
    return method == verb and path.startswith(prefix)


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError("a list of texts")


def _one_of(kinds: object) -> Callable[[object], str]:
    def read(value: object) -> str:
        if isinstance(value, str) and value in get_args(kinds):
            return value
        raise ValueError("one of " + ", ".join(get_args(kinds)[1:]))

    return read


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("a number, zero or more")


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("a whole number")


def _or_null(read: Callable[[object], object]) -> Callable[[object], object]:
    def maybe(value: object) -> object:
        if value is None:
            return None
        try:
            return read(value)
        except ValueError as wanted:
            raise ValueError(f"{wanted} or null") from None

    return maybe


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


READERS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "status": _or_null(_whole),
        "latency_s": _number,
        "silent": _flag,
        "cut": _one_of(Cut),
        "drip": _flag,
        "rubbish": _one_of(Rubbish),
        "only": _strings,
        "skip": _whole,
        "times": _or_null(_whole),
        "for_s": _or_null(_number),
        "share": _number,
    },
)


def faults_from_json(body: object) -> Faults:
    """Faults from what was put over HTTP; a ValueError names what is wrong."""
    if not isinstance(body, dict):
        raise ValueError("faults are a JSON object")  # noqa: TRY004  # the caller's JSON is a value
    faults = NO_FAULTS
    chosen: dict[str, object] = {field.name: getattr(faults, field.name) for field in fields(Faults)}
    for name, value in body.items():
        if name not in READERS:
            raise ValueError(f"{name}: no such fault; there are {', '.join(READERS)}")
        try:
            chosen[name] = READERS[name](value)
        except ValueError as wanted:
            raise ValueError(f"{name}: must be {wanted}") from None
    return Faults(**chosen)  # type: ignore[arg-type]  # every value has been through its reader
