"""`twilio-bridge insights` over tasks: TaskRouter's stand-in by HTTP, tables as moto has them."""

import json
from typing import Any

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.integration.cli.conftest import Run
from tests.integration.cli.workspace import WORKSPACE, make_deployment
from twilio_bridge.adapters.state.configuration import store
from twilio_bridge_cli.commands.insights import backfilling, completing, streaming
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ENABLED = "insights: {enabled: true, conversations: {language: '=English', outcome: event.disposition}, customers: {}}"
BAD = {"conversations": {"outcom": "Sold", "language": None}, "mine": [1, None]}
GOOD = {"conversations": {"language": "German", "outcome": "Sold"}}


@pytest.fixture
def twilio(running: TwilioStandIn, tables: Aws, monkeypatch: pytest.MonkeyPatch) -> TwilioStandIn:
    """The account of a deployment whose configuration is in force, with no task in it."""
    deployment = make_deployment(running)
    for module in (backfilling, streaming):
        monkeypatch.setattr(module, "find_deployment", lambda *_where: deployment)
    monkeypatch.setattr(streaming, "sleep", lambda _s: None)
    monkeypatch.setattr(completing, "AT_ONCE", 1)  # moto is no place for several threads
    store(tables.table(SYNC_STATE), ENABLED)
    return running


def add(twilio: TwilioStandIn, number: int, attributes: Any, status: str = "pending") -> str:
    sid = f"WT{number:032x}"
    text = attributes if isinstance(attributes, str) else json.dumps(attributes)
    twilio.taskrouter.add_task(WORKSPACE, text, sid=sid, assignment_status=status)
    return sid


def read(twilio: TwilioStandIn, sid: str) -> str:
    return str(twilio.taskrouter.find(WORKSPACE, sid)["attributes"])


def test_a_task_is_looked_at(run: Run, twilio: TwilioStandIn) -> None:
    """One that has ended is shown as such; one that is gone is the user's mistake."""
    open_sid, ended = add(twilio, 1, BAD), add(twilio, 2, BAD, "completed")

    shown = run("insights", "lint", open_sid, "--json")
    assert (shown.exit_code, json.loads(shown.stdout)["findings"][0]["code"]) == (1, "FI001")
    late = run("insights", "lint", ended)
    assert "cannot be changed any more" in late.stderr
    assert "FI042" in late.stdout
    assert run("insights", "lint", f"WT{9:032x}").exit_code == 2


def test_an_account_under_hipaa(run: Run, twilio: TwilioStandIn, tables: Aws) -> None:
    """The deployment's configuration says so; nobody has to repeat it."""
    sid = add(twilio, 1, {"customers": {"name": "Jo", "phone": "+447700900001"}})
    assert run("insights", "lint", sid).exit_code == 0
    store(tables.table(SYNC_STATE), "insights: {hipaa: true}")

    for words in ([sid], ["--stream", "--looks", "1"]):
        result = run("insights", "lint", *words)
        assert (result.exit_code, "FI039" in result.stdout) == (1, True)


def test_the_stream_is_counted(run: Run, twilio: TwilioStandIn) -> None:
    """Each task once a code, by its latest look, whether the list has attributes or not."""
    for number in range(3):
        add(twilio, number, BAD)
    add(twilio, 3, GOOD)
    add(twilio, 4, BAD, "canceled")
    for has_attributes in (True, False):
        twilio.taskrouter.lists_attributes = has_attributes
        result = run("insights", "lint", "--stream", "--looks", "2", "--every", "2", "--json")
        first, second = map(json.loads, result.stdout.splitlines())

        assert result.exit_code == 1
        assert first == second == {"tasks": 4, "open": 4, "codes": {"FI001": 3}, "high_cardinality": []}
    twilio.taskrouter.lists_attributes = True
    table = run("insights", "lint", "--stream", "--looks", "1").stdout.splitlines()
    assert table[1].split()[:4] == ["FI001", "error", "3", "3"]


def test_open_tasks_are_completed(run: Run, twilio: TwilioStandIn) -> None:
    """What lacks nothing is left alone, what has ended is shown with what it lacked, and twice is once."""
    bad, good, ended = add(twilio, 1, BAD), add(twilio, 2, GOOD), add(twilio, 3, BAD, "completed")

    plan = json.loads(run("insights", "backfill", "--dry-run", "--json").stdout)
    assert plan["counts"] == {"ended": 1, "open": 2}
    assert read(twilio, bad) == json.dumps(BAD)

    first = run("insights", "backfill", "--json")
    assert first.exit_code == 0, first.stderr
    results = {task["sid"]: task for task in json.loads(first.stdout)["tasks"]}
    assert {sid: task["result"] for sid, task in results.items()} == {bad: "written", good: "unchanged", ended: "ended"}
    assert results[ended]["missing"] == ["conversations.language", "conversations.outcome"]
    assert results[ended]["codes"] == ["FI001", "FI042"]
    assert json.loads(read(twilio, bad)) == {**BAD, "conversations": {"outcom": "Sold", "language": "English"}}
    assert (read(twilio, good), read(twilio, ended)) == (json.dumps(GOOD), json.dumps(BAD))

    second = json.loads(run("insights", "backfill", "--json").stdout)
    assert second["counts"] == {"ended": 1, "unchanged": 2}
    shown = run("insights", "backfill")
    assert shown.exit_code == 0
    assert "cannot be changed any more" in shown.stderr


def test_named_tasks(run: Run, twilio: TwilioStandIn) -> None:
    """Of those that are named, one that ended or is gone makes the command end with 1."""
    bad, ended, gone = add(twilio, 1, BAD), add(twilio, 2, BAD, "completed"), f"WT{9:032x}"

    assert run("insights", "backfill", bad, bad).exit_code == 0
    for late in (ended, gone):
        assert run("insights", "backfill", late).exit_code == 1
    assert run("insights", "backfill", "WT1").exit_code == 2


def test_attributes_that_are_none(run: Run, twilio: TwilioStandIn) -> None:
    """They are left as they are, and stdout holds the result alone."""
    sid = add(twilio, 1, "[1]")
    result = run("insights", "backfill", "--json")

    (task,) = json.loads(result.stdout)["tasks"]
    assert (task["result"], task["codes"], read(twilio, sid)) == ("malformed", ["FI009"], "[1]")


def test_it_has_to_be_enabled(run: Run, twilio: TwilioStandIn, tables: Aws) -> None:
    """With the packaged configuration nothing is written, and a dry run still shows what would be."""
    sid = add(twilio, 1, BAD)
    store(tables.table(SYNC_STATE), "insights: {enabled: false}")

    result = run("insights", "backfill")
    assert result.exit_code == 2
    assert "insights.enabled" in result.stderr
    assert run("insights", "backfill", "--dry-run").exit_code == 0
    assert read(twilio, sid) == json.dumps(BAD)


def test_twilio_is_away(run: Run, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one sentence and its code; a task that fails does not keep the others from being completed."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.01)
    bad, others = add(twilio, 1, BAD), [add(twilio, number, BAD) for number in (2, 3)]

    twilio.faults = Faults(status=500, only=(f"/taskrouter/v1/Workspaces/{WORKSPACE}/Tasks/{bad}",))
    result = run("insights", "backfill", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["counts"] == {"failed": 1, "written": 2}
    assert all("English" in read(twilio, sid) for sid in others)

    twilio.faults = Faults(status=500)
    for words in (["backfill"], ["lint", bad], ["lint", "--stream", "--looks", "1"]):
        result = run("insights", *words)
        assert (result.exit_code, "Traceback" in result.output) == (4, False)
