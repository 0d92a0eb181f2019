"""`python -m twilio_bridge_local.console.brevo` shows what the running stand-in holds."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from twilio_bridge_local.console import brevo as command
from twilio_bridge_local.stack import SAM_ENVIRONMENT
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn


@pytest.fixture
def brevo() -> Iterator[BrevoStandIn]:
    with BrevoStandIn(lists=["Support contacts"]) as stand_in:
        yield stand_in


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder of our own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(url: str) -> None:
    """Write what a stack writes when it starts."""
    SAM_ENVIRONMENT.parent.mkdir()
    functions = {"CrmFunction": {}, "DeliverToBrevoFunction": {"BREVO_ENDPOINT_URL": url}}
    SAM_ENVIRONMENT.write_text(json.dumps(functions))


def test_the_stack_that_was_started_here_is_shown(brevo: BrevoStandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """As tables, no wider than a terminal."""
    started(brevo.url)
    assert 0 == command.main([])
    shown = capsys.readouterr().out
    assert "Support contacts" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_json_is_for_programs(brevo: BrevoStandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, of the stand-in that is named."""
    assert 0 == command.main(["--json", "--url", f"{brevo.url}/"])
    assert {"contacts", "attributes", "lists", "timeline", "ignored"} == json.loads(capsys.readouterr().out).keys()


def test_watching_shows_what_changes(
    brevo: BrevoStandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account again whenever it has changed, and not else, until somebody stops it."""
    waits = iter(["", "CSAT respondents", ""])

    def sleep(_seconds: float) -> None:
        if (new_list := next(waits, None)) is None:
            raise KeyboardInterrupt
        if new_list:
            brevo.account.add_list(new_list)

    monkeypatch.setattr(time, "sleep", sleep)
    assert 0 == command.main(["--watch", "--json", "--url", brevo.url])
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [1, 2] == [len(state["lists"]) for state in shown]


@pytest.mark.parametrize(
    ("url", "told"),
    [("", "make run starts one"), ("http://127.0.0.1:9", "no stand-in for Brevo answers at http://127.0.0.1:9")],
)
def test_nothing_to_show_is_told(url: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and what to do, where no stack was started, Brevo was the real one, or the stack has ended."""
    started(url)
    assert 2 == command.main([])
    assert told in capsys.readouterr().err
