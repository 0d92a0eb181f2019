"""What may go wrong at Airtable, set by tests and by `make run` through the stand-in's own endpoint.

`Faults` is the wish, `FaultBox` deals it out to requests. Setting new faults, or stopping the server, lets go
of every connection that the old ones hold.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Literal, get_args

Rubbish = Literal["", "html", "json", "truncated"]


@dataclass(frozen=True, slots=True)
class Faults:
    """One kind of trouble; the default is none.

    Attributes:
        status: Answer this status with the error body that Airtable would send.
        latency_s: Answer this much later. The request has had its effect by then.
        silent: Accept the request and never answer.
        drip: Send the headers at once and then one byte of the true answer a second.
        rubbish: Answer 200 with an HTML page, with JSON of a wrong shape, or with less than was announced.
        only: Methods and path prefixes, one of which a request must have; empty means every request.
        times: Only the next so many requests; None means until the faults are set anew.
    """

    status: int | None = None
    latency_s: float = 0.0
    silent: bool = False
    drip: bool = False
    rubbish: Rubbish = ""
    only: tuple[str, ...] = ()
    times: int | None = None

    def concern(self, method: str, path: str) -> bool:
        """Whether this request is one of those that `only` names."""
        return not self.only or any(path.startswith(o) if "/" in o else method == o for o in self.only)


NO_FAULTS = Faults()


@dataclass(frozen=True, slots=True)
class Dealt:
    """The faults one request gets, and the event that ends them early."""

    faults: Faults
    released: threading.Event


class FaultBox:
    """The current faults, thread-safe, with the count of requests they still apply to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults = NO_FAULTS
        self._left: int | None = None
        self._released = threading.Event()

    @property
    def current(self) -> Faults:
        """What was set last, used up or not."""
        return self._faults

    def set(self, faults: Faults) -> None:
        """Put these in place of the old ones, whose connections end now."""
        with self._lock:
            self._released.set()
            self._faults, self._left, self._released = faults, faults.times, threading.Event()

    def deal(self, method: str, path: str) -> Dealt:
        """The faults for one request, which uses up one of `times`."""
        with self._lock:
            if self._left == 0 or not self._faults.concern(method, path):
                return Dealt(NO_FAULTS, self._released)
            if self._left is not None:
                self._left -= 1
            return Dealt(self._faults, self._released)


def _strings(value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ValueError("a list of texts")


def _rubbish(value: object) -> str:
    if isinstance(value, str) and value in get_args(Rubbish):
        return value
    raise ValueError("one of " + ", ".join(get_args(Rubbish)[1:]))


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("a number, zero or more")


def _whole(value: object) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ValueError("a whole number or null")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


READERS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "status": _whole,
        "latency_s": _number,
        "silent": _flag,
        "drip": _flag,
        "rubbish": _rubbish,
        "only": _strings,
        "times": _whole,
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
