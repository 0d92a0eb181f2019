"""Retry policies: as many tries as they allow, for the errors they name, while there is time."""

import time

import pytest

from twilio_bridge import deadline
from twilio_bridge.errors import OutOfTimeError, RefusedError, UnavailableError
from twilio_bridge.retry import Retry, call

POLICY = Retry(attempts=3, first_wait_s=0.01, on=(UnavailableError,))


class Action:
    """Fails as often as asked to, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


def away() -> UnavailableError:
    return UnavailableError("airtable", "x")


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_tries(failures: int) -> None:
    """As long as tries are left, a named error is tried again."""
    action = Action(*(away() for _ in range(failures)))

    assert call(action, POLICY) == "done"
    assert action.calls == failures + 1


def test_last_error() -> None:
    """When the tries are used up the last error comes through."""
    last = away()
    action = Action(away(), away(), last)

    with pytest.raises(UnavailableError) as raised:
        call(action, POLICY)

    assert last is raised.value
    assert action.calls == 3


def test_other_errors() -> None:
    """An error that the policy does not name comes through at once."""
    action = Action(RefusedError("airtable", "x"))

    with pytest.raises(RefusedError):
        call(action, POLICY)

    assert action.calls == 1


def test_once() -> None:
    """One attempt is one attempt."""
    action = Action(away())

    with pytest.raises(UnavailableError):
        call(action, Retry(attempts=1, first_wait_s=0, on=(UnavailableError,)))

    assert action.calls == 1


def test_waits_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait is about twice the one before."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)

    call(Action(away(), away(), away()), Retry(attempts=4, first_wait_s=1, on=(UnavailableError,)))

    for expected, wait in zip((1, 2, 4), waits, strict=True):
        assert expected * 0.75 <= wait <= expected * 1.25


@pytest.mark.parametrize("wait_s", [0.5, 60])
def test_no_time_to_wait(wait_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait that would use up the budget is not begun: the error comes through while there is time to answer."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    action = Action(away(), away())

    with pytest.raises(UnavailableError), deadline.limit(0.3):
        call(action, Retry(attempts=3, first_wait_s=wait_s, on=(UnavailableError,)))

    assert (1, []) == (action.calls, waits)


def test_out_of_time_is_final() -> None:
    """A spent budget is never tried again."""
    action = Action(OutOfTimeError("x"))

    with pytest.raises(OutOfTimeError):
        call(action, POLICY)

    assert action.calls == 1
