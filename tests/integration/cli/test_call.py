"""`twilio-bridge call` against a server that checks what Twilio signs."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.integration.cli.bridge import Bridge, Received, Reply
from tests.integration.cli.conftest import Run, write_local_stack
from twilio_bridge_cli import aws
from twilio_bridge_cli.commands.call.callbacks import CALLBACKS
from twilio_bridge_cli.commands.call.tokens import LOCAL_TOKEN

ROOT = Path(__file__).parents[3]
PEOPLE = [{"customer_id": f"rec{index}", "display_name": f"Person {index}"} for index in range(5)]


def listed(people: list[dict[str, str]], token: str = "") -> Reply:
    following = {"next_page_token": token} if token else {}
    return Reply({"objects": {"customers": people, "searchable": True, **following}})


def two_a_page(received: Received) -> Reply:
    start = int(received.form.get("NextPageToken", ["0"])[0])
    token = str(start + 2) if start + 2 < len(PEOPLE) else ""
    return listed(PEOPLE[start : start + 2], token)


@pytest.mark.parametrize("name", CALLBACKS)
def test_every_callback_is_signed_as_twilio_signs(run: Run, bridge: Bridge, name: str) -> None:
    """Twilio's own validator accepts it, at the callback's path, with Twilio's headers."""
    result = run("call", name, "ConversationSid=CHé &=+", "Repeated=b", "Repeated=a", "Empty=")
    assert result.exit_code == 0, result.stderr
    (received,) = bridge.received
    assert received.path == f"/callbacks/{name}"
    assert received.headers["User-Agent"] == "TwilioProxy/1.1"
    assert received.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert received.form["ConversationSid"] == ["CHé &=+"]
    assert (received.form["Repeated"], received.form["Empty"]) == (["b", "a"], [""])


@pytest.mark.parametrize("path", sorted((ROOT / "events").glob("crm/*.json")), ids=lambda path: path.stem)
def test_a_sample_is_sent_again_freshly_signed(run: Run, bridge: Bridge, path: Path) -> None:
    """A sample's parameters arrive at another address, where its own signature would not hold."""
    assert run("call", path.parent.name, "--from", str(path)).exit_code == 0
    assert bridge.received[0].form["Worker"] == ["jo@example.com"]


def test_a_callbacks_own_address_is_taken_for_what_it_is(run: Run, bridge: Bridge) -> None:
    """The stack's outputs show full addresses; pasted, they work."""
    assert run("call", "crm", "--url", f"{bridge.url}/callbacks/crm").exit_code == 0
    assert bridge.received[0].path == "/callbacks/crm"


def test_a_list_in_a_pipe_is_names_and_ids(run: Run, bridge: Bridge) -> None:
    """One line a contact with a tab between; what is about it goes to stderr."""
    bridge.answer = lambda _: listed([{"customer_id": "rec1", "display_name": "Zoë\x1b[31m\tX"}], "more")
    result = run("call", "crm")
    assert result.stdout == "Zoë\ufffd[31m\ufffdX\trec1\n"
    assert "1 contact; more pages exist (--all)" in result.stderr
    assert "made-up token" in result.stderr
    assert "\x1b" not in result.output


def test_a_list_in_a_terminal_is_a_table(run: Run, bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """With colours where there is a terminal, without any under NO_COLOR."""
    bridge.answer = lambda _: listed(PEOPLE)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("call", "crm")
    assert "Person 0" in coloured.stdout
    assert "\x1b[36mrec0" in coloured.stdout
    assert "5 contacts; that is all." in coloured.stderr
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("call", "crm").output


def test_any_other_answer_is_pretty_json(run: Run, bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe and in a terminal; an empty list says so."""
    bridge.answer = lambda _: Reply({"proxy_address": "+1", "name": "Ø"})
    assert run("call", "outgoing-conversation").stdout == '{\n  "proxy_address": "+1",\n  "name": "Ø"\n}\n'
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "proxy_address" in run("call", "outgoing-conversation").stdout
    bridge.answer = lambda _: listed([])
    assert "No contacts." in run("call", "crm").stderr


def test_json_is_one_object(run: Run, bridge: Bridge) -> None:
    """What is printed parses, whatever the status."""
    bridge.answer = lambda _: Reply({"friendly_error_message": "no"}, 404)
    result = run("call", "crm", "--json")
    found = json.loads(result.stdout)
    assert (found["status"], found["body"]) == (404, {"friendly_error_message": "no"})
    assert isinstance(found["ms"], int)
    assert result.exit_code == 1


def test_all_follows_the_tokens(run: Run, bridge: Bridge) -> None:
    """Every page is asked for once, with the same parameters, and everybody is shown."""
    bridge.answer = two_a_page
    result = run("call", "crm", "PageSize=2", "--all", "--json")
    found = json.loads(result.stdout)
    assert (found["contacts"], found["pages"]) == (5, 3)
    assert found["body"]["objects"]["customers"] == PEOPLE
    assert [received.form["PageSize"] for received in bridge.received] == [["2"]] * 3
    assert "5 contacts on 3 pages; that is all." in run("call", "crm", "--all").stderr


def test_all_ends_where_a_page_fails(run: Run, bridge: Bridge) -> None:
    """The failing answer is what is shown, and its exit code."""
    bridge.answer = lambda received: Reply({}, 503) if "NextPageToken" in received.form else two_a_page(received)
    result = run("call", "crm", "--all")
    assert (result.exit_code, len(bridge.received)) == (3, 2)


def test_all_does_not_run_in_circles(run: Run, bridge: Bridge) -> None:
    """A token that comes again is a failure of the server; a contact that comes again is counted."""
    bridge.answer = lambda _: listed(PEOPLE, "same")
    assert run("call", "crm", "--all").exit_code == 3
    bridge.answer = lambda received: listed(PEOPLE, "" if "NextPageToken" in received.form else "next")
    assert "10 contacts on 2 pages, 5 of them repeated" in run("call", "crm", "--all").stderr


def test_a_call_nobody_signed_is_refused(run: Run, bridge: Bridge) -> None:
    """403 is as it should be; an answer is a warning."""
    for option, header in (("--unsigned", False), ("--wrong-signature", True)):
        result = run("call", "crm", option)
        assert result.exit_code == 1
        assert "as it should be" in result.stderr
        assert ("X-Twilio-Signature" in bridge.received[-1].headers) is header
    bridge.checks = False
    open_to_all = run("call", "crm", "--unsigned")
    assert open_to_all.exit_code == 0
    assert "Warning" in open_to_all.stderr


def test_what_twilio_would_not_take_is_a_warning(run: Run, bridge: Bridge) -> None:
    """Too large, or no JSON: the console would show an error where the status is fine."""
    bridge.answer = lambda _: Reply({"text": "x" * 64_001})
    assert "64 kB" in run("call", "templates").stderr
    bridge.answer = lambda _: Reply("<html>\x1b[2J")
    page = run("call", "templates")
    assert "no JSON" in page.stderr
    assert "\x1b" not in page.stdout


def test_an_event_nobody_handles_is_a_warning(run: Run, bridge: Bridge) -> None:
    """A slip in the event's name would look like success."""
    result = run("call", "twilio-conversations", "--event", "onMesageAdd")
    assert "does nothing on onMesageAdd" in result.stderr
    assert bridge.received[0].form["EventType"] == ["onMesageAdd"]


def test_the_tokens_of_the_environment_sign(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of several, from the environment or `.env`; none is ever shown."""
    with Bridge("of-the-operator") as theirs:
        monkeypatch.setenv("PUBLIC_BASE_URL", theirs.url)
        assert run("call", "crm").exit_code == 1
        (folder / ".env").write_text("AUTH_TOKEN=of-the-operator,the-next\n")
        result = run("--debug", "call", "crm")
    assert result.exit_code == 0
    assert "of-the-operator" not in result.output
    assert "made-up" not in result.stderr


def test_a_stack_names_the_address_and_the_token(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its output BaseUrl and its secret; nothing else has to be typed."""
    with Bridge("of-the-stack") as theirs:
        aws_of_the_stack = SimpleNamespace(
            describe_stacks=lambda **_: {
                "Stacks": [{"Outputs": [{"OutputKey": "BaseUrl", "OutputValue": theirs.url}]}]
            },
            get_secret_value=lambda SecretId: {  # noqa: N803  AWS's name
                "SecretString": json.dumps({"TWILIO_AUTH_TOKEN": "of-the-stack"} if SecretId == "bridge/twilio" else {})
            },
        )
        monkeypatch.setattr(aws, "make_client", lambda *_: aws_of_the_stack)
        result = run("call", "crm", "--worker", "jo@acme.org", "--stack", "bridge")

    assert 0 == result.exit_code, result.stderr
    assert ["jo@acme.org"] == theirs.received[0].form["Worker"]
    assert "of-the-stack" not in result.output


def test_the_local_stack_that_runs_is_called(run: Run, folder: Path) -> None:
    """Of several it is the one that was started last and still listens, wherever it listens; without one it says so."""
    nobody = run("call", "crm")
    assert (2, True) == (nobody.exit_code, "The local stack is not running." in nobody.stderr), nobody.stderr
    assert "make run" in nobody.stderr

    with Bridge(LOCAL_TOKEN) as earlier:
        write_local_stack(folder, earlier.url, {}, started_at=1)
        write_local_stack(folder, "http://127.0.0.1:9", {}, started_at=2)
        assert 0 == run("call", "crm").exit_code
        with Bridge(LOCAL_TOKEN) as later:
            write_local_stack(folder, later.url, {}, started_at=3)
            assert 0 == run("call", "crm").exit_code
    assert [1, 1] == [len(earlier.received), len(later.received)]
