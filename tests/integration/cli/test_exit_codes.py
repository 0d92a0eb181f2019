"""Each exit code, and the sentence that comes with it; no failure shows a traceback or a token."""

import json
import socket
import threading
from types import SimpleNamespace

import pytest
import requests

from tests.integration.cli.bridge import Bridge, Received, Reply
from tests.integration.cli.conftest import Run
from twilio_bridge import errors
from twilio_bridge.errors import NotFoundError
from twilio_bridge_cli.app import main
from twilio_bridge_cli.commands.call import command, sending

FAR = "https://bridge.invalid"
CONFIG = [["config", name] for name in ("check", "put", "show", "remove")]
EVENTS = [["events", name] for name in ("put", "replay", "quarantine")]
HELPED = [
    [],
    ["call"],
    ["config"],
    *CONFIG,
    ["events"],
    *EVENTS,
    ["report"],
    ["usage"],
    ["secrets"],
    ["secrets", "put"],
]


@pytest.mark.parametrize(
    ("reply", "code", "remedy"),
    [
        (Reply(), 0, ""),
        (Reply({"friendly_error_message": NotFoundError.friendly}, 404), 1, "call crm --worker jo@example.com"),
        (Reply({"message": "Not Found"}, 404), 1, "no such route"),
        (Reply({"friendly_error_message": "opted out"}, 403), 1, "says no"),
        (Reply({"error": "x"}, 400), 1, "Correct the parameter"),
        (Reply({}, 422), 1, "no such Location"),
        (Reply("", 301, {"Location": "https://x.example.com/"}), 1, "redirects to https://x.example.com/"),
        (Reply({}, 500), 3, "the log that make run names"),
        (Reply({}, 503), 3, "Try again in a moment"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else None,
)
def test_the_status_decides(run: Run, bridge: Bridge, reply: Reply, code: int, remedy: str) -> None:
    """2xx is 0, a refusal 1, a failure of the server 3; each says what to do."""
    bridge.answer = lambda _: reply
    result = run("call", "crm")
    assert (result.exit_code, remedy in result.stderr) == (code, True), result.stderr
    assert len(bridge.received) == 1


def test_a_routing_that_fails_says_what_it_needs(run: Run, bridge: Bridge) -> None:
    """502 of a routing mostly is a conversation that does not exist."""
    bridge.answer = lambda _: Reply({}, 502)
    result = run("call", "routing", "ConversationSid=CH1")
    assert result.exit_code == 3
    assert "a conversation that exists" in result.stderr


def test_a_wrong_token_is_named_by_its_source(run: Run, bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """403: which token signed for which address, without the token."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "not-for-you")
    result = run("call", "crm")
    assert result.exit_code == 1
    assert "TWILIO_AUTH_TOKEN in the environment" in result.stderr
    assert "PUBLIC_BASE_URL" in result.stderr
    assert f"{bridge.url}/callbacks/crm" in result.stderr
    assert "not-for-you" not in result.output


@pytest.mark.parametrize(
    "words",
    [
        ["call"],
        ["call", "cmr"],
        ["call", "crm", "Worker"],
        ["call", "crm", "--token", "x"],
        ["call", "crm", "--event", "onMessageAdd"],
        ["call", "crm", "--unsigned", "--wrong-signature"],
        ["call", "routing", "--all", "ConversationSid=CH1"],
        ["call", "crm", "--from", "nowhere.json"],
        ["call", "crm", "--url", "nowhere"],
        ["call", "crm", "--url", "http://127.0.0.1:99999999"],
        ["call", "crm", "--url", "http://[::1"],
        ["call", "crm", "--url", FAR],
        ["call", "crm", "--url", FAR, "--worker", "w@example.org"],
        ["config", "show"],
        ["config", "check", "nowhere.yaml"],
        ["config", "show", "--table", "a", "--stack", "b"],
        ["report"],
        ["report", "queues"],
        ["report", "queues", "--table", "a", "--stack", "b"],
        ["report", "queues", "--table", "a", "--from", "yesterday"],
        ["report", "queues", "--table", "a", "--json", "--format", "csv"],
        ["events", "quarantine"],
        ["events", "quarantine", "--bucket", "a", "--stack", "b"],
        ["events", "replay", "--bucket", "a"],
    ],
    ids=" ".join,
)
def test_a_mistake_of_the_operators_is_2(run: Run, words: list[str]) -> None:
    """Usage: one sentence, before anything is sent."""
    result = run(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert result.stderr.strip()
    assert not result.stdout


def test_a_malformed_setting_is_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bridge's own errors are a sentence too."""
    monkeypatch.setenv("PUBLIC_BASE_URL", "bridge")
    result = run("call", "crm")
    assert result.exit_code == 2
    assert "Error: The setting PUBLIC_BASE_URL is malformed" in result.stderr


def test_nobody_there_is_4(run: Run) -> None:
    """A closed port, and a name that does not exist: what to do differs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    result = run("call", "crm", "--url", f"http://127.0.0.1:{port}", "--json")
    assert result.exit_code == 4
    assert "make run" in result.stderr
    assert json.loads(result.stdout)["status"] is None


def test_a_deployed_one_out_of_reach_is_4(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from this machine the remedy is another; a certificate has its own."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "not-for-you")
    for failure, expected in ((requests.ConnectionError, "BaseUrl"), (requests.exceptions.SSLError, "certificate")):

        def fail(_: requests.PreparedRequest, failure: type[Exception] = failure) -> requests.Response:
            raise failure("not-for-you")

        monkeypatch.setattr(sending, "_post", fail)
        result = run("call", "crm", "--url", FAR, "--worker", "w@example.org")
        assert result.exit_code == 4
        assert expected in result.stderr
        assert "not-for-you" not in result.output


def test_too_slow_is_4(run: Run, bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits forever."""
    done = threading.Event()

    def wait(_: Received) -> Reply:
        done.wait(5)
        return Reply("", 204)

    bridge.answer = wait
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.1)
    result = run("call", "crm")
    done.set()
    assert result.exit_code == 4
    assert "did not answer within" in result.stderr


def test_slower_than_twilio_waits_is_a_warning(run: Run, bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A success that Twilio would not have waited for."""
    ticks = iter([0.0, 6.5])
    monkeypatch.setattr(sending, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    result = run("call", "crm")
    assert bridge.received
    assert "it waits 6 s" in result.stderr


def test_a_mistake_of_the_commands_own_shows_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only --debug shows where it happened."""

    def fail(_name: str) -> None:
        raise KeyError("not-for-you")

    monkeypatch.setattr(command, "find_callback", fail)
    result = run("call", "crm")
    assert result.exit_code == 70
    assert "KeyError" in result.stderr
    assert "Traceback" not in result.output
    assert "not-for-you" not in result.output
    assert "Traceback" in run("--debug", "call", "crm").stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BadRequestError("not so"), 2),
        (errors.UnavailableError("airtable", "down"), 4),
        (errors.RoutingError("nobody"), 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_bridges_errors_are_sentences(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: errors.BridgeError, code: int
) -> None:
    """Whatever of the bridge's own code is used, its errors have a code."""

    def fail(_name: str) -> None:
        raise error

    monkeypatch.setattr(command, "find_callback", fail)
    result = run("call", "crm")
    assert (result.exit_code, result.stderr.startswith("Error: ")) == (code, True)


def test_main_ends_with_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point of the package."""
    monkeypatch.setattr("sys.argv", ["twilio-bridge", "call", "cmr"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def test_an_interruption_is_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the command as it ends every other."""

    def interrupt(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "find_callback", interrupt)
    assert run("call", "crm").exit_code == 130


@pytest.mark.parametrize("words", HELPED, ids=" ".join)
def test_help_has_examples(run: Run, words: list[str]) -> None:
    """Everywhere, at least two."""
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert result.stdout.split("Examples")[1].count("twilio-bridge ") >= 2


@pytest.mark.parametrize("words", HELPED, ids=" ".join)
def test_help_shows_no_type_of_a_flag(run: Run, words: list[str]) -> None:
    """Nothing is written after a flag; the callback's argument is called what it is."""
    shown = run(*words, "--help").stdout
    assert "--help" in shown
    assert "bool" not in shown
    assert ("CALLBACK" in shown) == (words == ["call"])


def test_the_version_is_the_packages(run: Run) -> None:
    """One line."""
    result = run("--version")
    assert (result.exit_code, result.stdout.startswith("twilio-bridge 0.")) == (0, True)
