"""`python -m twilio_bridge_local.console.brevo` shows what the running stand-in holds."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from twilio_bridge_local.console import brevo as command
from twilio_bridge_local.running import FOLDER, SAM_ENVIRONMENT, announce
from twilio_bridge_local.template.bundle import Function
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


@contextmanager
def started(url: str) -> Iterator[None]:
    """Run what commands see of a stack: it listens, and has written where its Brevo is."""
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        variables = {"BREVO_ENDPOINT_URL": url} if url else {}
        functions = (deployed("CrmFunction", {}), deployed("DeliverToBrevoFunction", variables))
        with announce(f"http://127.0.0.1:{gateway.getsockname()[1]}", Path("functions.log"), functions):
            yield


def deployed(name: str, variables: Mapping[str, str]) -> Function:
    return Function(name, Path(), "app.lambda_handler", 5, 128, variables)


def test_the_stack_that_was_started_here_is_shown(brevo: BrevoStandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """As tables, no wider than a terminal."""
    with started(brevo.url):
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
    [("", "BREVO_API_KEY is set"), ("http://127.0.0.1:9", "no stand-in for Brevo answers at http://127.0.0.1:9")],
)
def test_nothing_to_show_is_told(url: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and what to do, where Brevo is the real one, or its stand-in does not answer."""
    with started(url):
        assert 2 == command.main([])
    assert told in capsys.readouterr().err


def test_a_stack_that_stopped_is_not_there(brevo: BrevoStandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """Its file goes with it; one that a killed stack left behind counts as nothing."""
    with started(brevo.url):
        pass
    assert 2 == command.main([])
    assert "the local stack is not running: make run" in capsys.readouterr().err
    FOLDER.joinpath("9.json").write_text(json.dumps({"url": "http://127.0.0.1:9", "started_at": 1, "functions": {}}))
    assert 2 == command.main([])
    assert "the local stack is not running: make run" in capsys.readouterr().err


def test_the_earlier_of_two_is_found_when_the_later_has_stopped(brevo: BrevoStandIn) -> None:
    """Each writes a file of its own; what `sam local` takes is that of the one which still runs."""
    with started(brevo.url):
        earlier = SAM_ENVIRONMENT.read_text()
        with started("http://127.0.0.1:9"):
            assert earlier != SAM_ENVIRONMENT.read_text()
            assert 2 == command.main([])
        assert earlier == SAM_ENVIRONMENT.read_text()
        assert 0 == command.main([])
    assert not SAM_ENVIRONMENT.exists()
