"""`twilio-bridge sync` and `export`: what they invoke, what they show, and how they end."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from tests.integration.cli.bridge import Bridge
from tests.integration.cli.conftest import Run, write_local_stack
from twilio_bridge_cli import aws
from twilio_bridge_cli.watching import MAX_MISSED_COUNT

STREAM = {"stream": "messages", "slices": 4, "left": 1, "failed": 0, "rows": 30, "requests": 4, "problems": []}
RUN: dict[str, Any] = {
    "run": "20260301T000000000Z",
    "phase": "open",
    "request": {},
    "notes": ["task_events begins at 2026-02-01: Twilio keeps it for 30 days."],
    "ended_at": None,
    "streams": [STREAM],
}
DONE = {**RUN, "phase": "done", "ended_at": 1_772_323_260_000, "streams": [{**STREAM, "left": 0}]}


class Function:
    """SyncFunction: answers in turn, and keeps what it was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  boto3's own names
        assert "SyncFunction" == FunctionName
        self.asked.append(json.loads(Payload))
        found = self.answers.pop(0)
        if not found:
            raise EndpointConnectionError(endpoint_url="https://lambda")
        failed = {"FunctionError": "Unhandled"} if "errorMessage" in found else {}
        return {"Payload": io.BytesIO(json.dumps(found).encode()), **failed}


@pytest.fixture
def function(folder: Path, bridge: Bridge, monkeypatch: pytest.MonkeyPatch) -> Function:
    found = Function()
    write_local_stack(folder, bridge.url, {"SyncFunction": {"EXPORT_BUCKET": "export", "SYNC_STATE_TABLE": "t"}})
    monkeypatch.setattr(aws, "make_client", lambda *_given, **_named: found)
    monkeypatch.setattr("twilio_bridge_cli.commands.sync.command.EVERY_S", 0.0)
    return found


def test_a_sync_is_watched_until_its_end(run: Run, function: Function) -> None:
    """What is asked for is what brief 1's call has."""
    function.answers += [RUN, RUN, DONE]
    done = run("sync", "--full", "--since", "2026-02-01", "--resources", "conversations, tasks", "--channels", "voice")
    assert 0 == done.exit_code, done.output
    asked = {"type": "full", "since": "2026-02-01", "resources": ["conversations", "tasks"], "channels": ["voice"]}
    assert {**asked, "with_events": False, "dry_run": False} == function.asked[0]
    assert [{"action": "progress"}] * 2 == function.asked[1:]
    assert "messages" in done.stdout
    assert "0.5" in done.stdout  # thirty rows in a minute


def test_watching_goes_on_where_an_answer_does_not_come(run: Run, function: Function) -> None:
    """A few times one after the other, and at any time anew; the sync itself goes on all the while."""
    function.answers += [RUN, *[{}] * MAX_MISSED_COUNT, RUN, {}, DONE]
    assert 0 == run("sync").exit_code

    function.answers += [RUN, *[{}] * (MAX_MISSED_COUNT + 1)]
    away = run("sync")
    assert (1, []) == (away.exit_code, function.answers)
    assert "AWS does not answer" in away.stderr


def test_a_plan_has_requests_and_minutes(run: Run, function: Function) -> None:
    """And how many events it would send."""
    stream = {"stream": "messages", "slices": 31, "rows": None, "requests": 231, "minutes": 0.1}
    events = {"to_send": 3, "old": 1_200}
    function.answers += [{**RUN, "phase": "planned", "streams": [stream], "minutes": 0.1, "events": events}]
    planned = run("sync", "--dry-run")
    assert 0 == planned.exit_code
    assert all(part in planned.stdout for part in ("231", "?", "3 events are sent", "1,200 events are older"))
    assert function.asked[0]["dry_run"]


def test_a_function_that_fails_gives_its_reason(run: Run, function: Function) -> None:
    """And where there is more of it."""
    function.answers += [{"errorMessage": "twilio: status 401", "errorType": "RefusedError"}]
    failed = run("sync", "--progress")

    assert 1 == failed.exit_code
    assert "SyncFunction failed: twilio: status 401." in failed.stderr
    assert "twilio-bridge logs --function SyncFunction" in failed.stderr


@pytest.mark.parametrize(
    ("kind", "code"), [("input", 2), ("upstream", 1)], ids=["wrong input", "a vendor that is away"]
)
def test_a_refusal_is_one_sentence(run: Run, function: Function, kind: str, code: int) -> None:
    """With the exit code of who has to mend it."""
    function.answers += [{"error": {"type": kind, "message": "since lies in the future; name a day that has begun."}}]
    refused = run("sync", "--since", "2030-01-01")
    assert code == refused.exit_code
    assert "Since lies in the future; name a day that has begun." in refused.stderr


def test_a_part_that_failed_is_exit_code_1(run: Run, function: Function) -> None:
    """And its problem is shown."""
    failed = {**STREAM, "left": 0, "failed": 1, "problems": ["twilio: status 401"]}
    function.answers += [{**DONE, "phase": "failed", "streams": [failed]}]
    ended = run("sync", "--progress")
    assert 1 == ended.exit_code
    assert "messages: twilio: status 401" in ended.stderr


def test_a_stack_that_does_not_exist_is_a_mistake_of_the_caller(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, and 2."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    with mock_aws():
        missing = run("sync", "--stack", "nowhere", "--region", "us-east-1")
    assert 2 == missing.exit_code, missing.output
    assert "There is no stack nowhere in this account and region." in missing.stderr


def test_an_export_names_its_bucket(run: Run, function: Function) -> None:
    """For aws s3 sync."""
    function.answers += [{"interactions": 7, "figures": 40}]
    written = run("export", "--since", "2026-03-01", "--json")
    assert {"bucket": "export", "interactions": 7, "figures": 40} == json.loads(written.stdout)
    assert [{"action": "export", "since": "2026-03-01"}] == function.asked
