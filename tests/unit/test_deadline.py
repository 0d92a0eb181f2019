"""The time one call has: limits nest, end whatever hangs, and are no ordinary exception."""

import signal
import threading
import time
from contextlib import suppress

import pytest

from twilio_bridge import deadline
from twilio_bridge.errors import OutOfTimeError


def hang() -> None:
    """Swallow every Exception, as a library that retries does."""
    for _ in range(20):
        with suppress(Exception):
            time.sleep(0.1)


def armed() -> bool:
    return signal.getitimer(signal.ITIMER_REAL)[0] > 0


def test_in_time() -> None:
    """What ends in time is left alone, and no alarm stays behind."""
    before = signal.getsignal(signal.SIGALRM)

    with deadline.limit(1):
        assert armed()

    assert not armed()
    assert before == signal.getsignal(signal.SIGALRM)
    assert deadline.seconds_left(99) == 99


def test_too_late() -> None:
    """What hangs is ended, even where it swallows every Exception."""
    with pytest.raises(OutOfTimeError, match="no answer within"), deadline.limit(0.05):
        hang()

    assert not armed()


def test_inner_limit_leaves_the_outer_one() -> None:
    """A limit within a limit ends what is in it; the outer one holds again afterwards."""
    with pytest.raises(OutOfTimeError), deadline.limit(0.15):  # noqa: PT012  what is nested is what is tested
        with pytest.raises(OutOfTimeError), deadline.limit(0.05):
            hang()
        assert 0 < deadline.seconds_left(99) < 0.11
        hang()


def test_inner_limit_that_is_met() -> None:
    """After an inner limit that was met the outer alarm is set again."""
    with pytest.raises(OutOfTimeError), deadline.limit(0.1):  # noqa: PT012  as above
        with deadline.limit(5):
            assert deadline.seconds_left(99) < 0.11
        assert armed()
        hang()


def test_inner_limit_is_never_longer() -> None:
    """A limit within a limit cannot give more time than there is."""
    with pytest.raises(OutOfTimeError), deadline.limit(0.05), deadline.limit(60):
        hang()


@pytest.mark.parametrize("seconds", [0, -0.001, -60])
def test_no_time(seconds: float) -> None:
    """Without any time the body is not even begun."""
    with pytest.raises(OutOfTimeError), deadline.limit(seconds):
        pytest.fail("begun")

    assert not armed()


def test_another_error() -> None:
    """An error of the body's own comes through, and the limit is gone."""
    with pytest.raises(ZeroDivisionError), deadline.limit(1):
        _ = 1 / 0

    assert not armed()
    assert deadline.seconds_left(99) == 99


@pytest.mark.parametrize(("at_most", "expected"), [(0.5, 0.5), (99, 1)])
def test_seconds_left(at_most: float, expected: float) -> None:
    """What is left is the less of the limit and what is asked for."""
    with deadline.limit(1):
        assert deadline.seconds_left(at_most) == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("at_most", [0, -1])
def test_nothing_left(at_most: float) -> None:
    """Where nothing is left, that is an error, not a timeout of zero."""
    with pytest.raises(OutOfTimeError):
        deadline.seconds_left(at_most)


def test_another_thread() -> None:
    """Outside the main thread there is no alarm, but what is left is known."""
    seen: list[float] = []

    def work() -> None:
        with deadline.limit(1):
            seen.append(deadline.seconds_left(99))
            assert not armed()
        seen.append(deadline.seconds_left(99))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert seen[0] == pytest.approx(1, abs=0.2)
    assert seen[1] == 99
