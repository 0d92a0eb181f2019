"""Probes side by side: each system has its own time, and one that is away does not stop the others.

A probe is a list of checks, made one after the other. What a check returns is its line; what it raises is its fault.
After an answer that would be the same for each request (a wrong login, no answer at all) the system's other checks are
skipped.
"""

import contextlib
import contextvars
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Final

from twilio_bridge import deadline
from twilio_bridge.errors import OutOfTimeError, RateLimitedError, RefusedError, SettingError, UpstreamError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.status.findings import Fault, Finding, State

# A thread that hangs in a socket is left behind: its system counts as away.
GRACE_S: Final = 1.0
STOPPING: Final = frozenset({"away", "unauthorized", "wrong-region", "no-credentials", "ip-blocked"})
_AWAY: Final = "Try again in a moment; if it stays, look at the status page of the other side, or at your proxy."
_SETTING: Final = "Set it in the environment or .env, or write the stack's secrets: twilio-bridge setup"
_BUSY: Final = "It clears itself; if it stays, other programs use up the same limit."
_OWN: Final = "Please report it with the line of the log that begins with “a probe failed”."


@dataclass(frozen=True, slots=True)
class Check:
    """One line: its name, what it is about, and what finds it out; the text that returns is the line."""

    name: str
    about: str
    look: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Probe:
    """A system's checks; `explain` makes the fault of a refusal that no check explains itself."""

    system: str
    checks: Sequence[Check]
    explain: Callable[[str, RefusedError], Fault]


def make_checks(entries: Iterable[tuple[str, str, Callable[[], str]]]) -> list[Check]:
    """Return the checks of a table of names, subjects and looks."""
    return [Check(*entry) for entry in entries]


def run_probes(probes: Sequence[Probe], seconds: float) -> list[Finding]:
    """Return what every probe finds, in order, within `seconds` and a little."""
    if not probes:
        return []
    pool = ThreadPoolExecutor(len(probes), thread_name_prefix="probe")
    ends_at = time.monotonic() + seconds + GRACE_S
    try:
        started = [_start(pool, probe, seconds) for probe in probes]
        pairs = zip(probes, started, strict=True)
        return [finding for probe, (found, future) in pairs for finding in _collect(probe, found, future, ends_at)]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _start(pool: ThreadPoolExecutor, probe: Probe, seconds: float) -> tuple[list[Finding], Future[None]]:
    """Begin a probe; its findings come into the list one by one."""
    found: list[Finding] = []

    def run() -> None:
        with deadline.limit(seconds):
            found.extend(_run(probe))

    return found, pool.submit(contextvars.copy_context().run, run)


def _collect(probe: Probe, found: list[Finding], future: Future[None], ends_at: float) -> list[Finding]:
    """Return what is there once the probe ends; what did not get its turn in time is away."""
    with contextlib.suppress(FutureTimeoutError, OutOfTimeError):
        future.result(max(ends_at - time.monotonic(), 0))
    there = list(found)
    late = Fault("away", "no answer in time", _AWAY, "away")
    return [*there, *(_report(probe, check, late) for check in probe.checks[len(there) :])]


def _run(probe: Probe) -> Iterator[Finding]:
    stopped_by = ""
    for check in probe.checks:
        if stopped_by:
            yield _report(probe, check, Fault("", f"not asked, because of “{stopped_by}” above", "", "skipped"))
            continue
        finding = _look(probe, check)
        stopped_by = finding.kind if finding.kind in STOPPING else ""
        yield finding


def _look(probe: Probe, check: Check) -> Finding:
    try:
        text = check.look()
    except Exception as error:  # noqa: BLE001  a mistake in one check must not hide the others
        return _report(probe, check, _to_fault(probe, check, error))
    return Finding(system=probe.system, check=check.name, state="ok", text=text)


def _to_fault(probe: Probe, check: Check, error: Exception) -> Fault:
    if isinstance(error, Fault):
        return error
    if isinstance(error, RefusedError):
        return probe.explain(check.name, error)
    if isinstance(error, SettingError):
        return Fault("no-credentials", str(error), _SETTING)
    if isinstance(error, RateLimitedError):
        return Fault("rate-limited", str(error), _BUSY, "away")
    if isinstance(error, UpstreamError | OutOfTimeError):
        return Fault("away", str(error), _AWAY, "away")
    logger.error("a probe failed", extra={"check": check.name, **describe_error(error)})
    return Fault("own-mistake", type(error).__name__, _OWN, "away")


def _report(probe: Probe, check: Check, fault: Fault) -> Finding:
    state: State = fault.state
    text = f"{check.about}: {fault.text}"
    return Finding(system=probe.system, check=check.name, state=state, text=text, kind=fault.kind, remedy=fault.remedy)
