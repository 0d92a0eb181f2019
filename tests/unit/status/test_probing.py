"""Probes: each system by itself, in its own time; a fault that would be the same for each request is asked once."""

import threading
from collections.abc import Callable

import pytest

from twilio_bridge.errors import RateLimitedError, RefusedError, SettingError, UnavailableError
from twilio_bridge.status import probing
from twilio_bridge.status.findings import Fault, Finding, has_failed
from twilio_bridge.status.probing import Probe, make_checks, run_probes


def probe(system: str, *looks: Callable[[], str]) -> Probe:
    entries = [(f"check{number}", f"Check {number}", look) for number, look in enumerate(looks)]
    return Probe(system, make_checks(entries), lambda _check, error: Fault("refused", str(error), "Mend it."))


def raising(error: Exception) -> Callable[[], str]:
    def look() -> str:
        raise error

    return look


def fine() -> str:
    return "it holds"


def states(found: list[Finding]) -> list[tuple[str, str]]:
    return [(each.state, each.kind) for each in found]


@pytest.mark.parametrize(
    ("error", "state", "kind"),
    [
        (Fault("columns", "a column is gone", "Name it."), "fault", "columns"),
        (Fault("main-key", "a Main key", "Use another.", "note"), "note", "main-key"),
        (RefusedError("twilio", "status 403", code=403), "fault", "refused"),
        (SettingError("the setting X is missing"), "fault", "no-credentials"),
        (RateLimitedError("brevo", 3), "away", "rate-limited"),
        (UnavailableError("airtable", "ReadTimeout"), "away", "away"),
        (ValueError("whatever"), "away", "own-mistake"),
    ],
)
def test_what_a_check_raises_is_its_line(error: Exception, state: str, kind: str) -> None:
    """With a remedy, whatever it is; what is no fault of ours is no crash either."""
    (found,) = run_probes([probe("x", raising(error))], 5)

    assert (state, kind) == (found.state, found.kind)
    assert found.text.startswith("Check 0: ")
    assert found.remedy
    assert has_failed([found]) is (state != "note")


def test_a_wrong_login_is_asked_once() -> None:
    """The other checks of the system are skipped, those of another are made."""
    wrong = raising(Fault("unauthorized", "401", "Check it."))

    found = run_probes([probe("x", wrong, fine, fine), probe("y", fine)], 5)

    assert ["fault", "skipped", "skipped", "ok"] == [each.state for each in found]


def test_one_missing_permission_stops_nothing() -> None:
    """A refusal of one check says nothing about the next."""
    found = run_probes([probe("x", raising(RefusedError("x", "403", code=403)), fine)], 5)

    assert [("fault", "refused"), ("ok", "")] == states(found)


def test_a_system_that_hangs_does_not_hold_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not answer in time is away; what answered is there."""
    monkeypatch.setattr(probing, "GRACE_S", 0.0)
    never = threading.Event()

    def hang() -> str:
        never.wait(30)
        return "too late"

    found = run_probes([probe("slow", fine, hang, fine), probe("quick", fine)], 0.2)
    never.set()

    assert ["ok", "away", "away", "ok"] == [each.state for each in found]
    assert ["slow", "slow", "slow", "quick"] == [each.system for each in found]


def test_nothing_to_probe_is_nothing_found() -> None:
    """A deployment without any part has no findings."""
    assert [] == run_probes([], 1)
