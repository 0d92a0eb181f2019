"""`twilio-bridge tasks` and `workers`: TaskRouter's stand-in by HTTP, the limiter's table as moto has it."""

import json
from pathlib import Path

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.integration.cli.conftest import Run
from tests.integration.cli.workspace import WORKSPACE, make_deployment
from twilio_bridge.adapters.state.configuration import store
from twilio_bridge_cli.commands.tasks import command as tasks
from twilio_bridge_cli.commands.workers import command as workers
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

SID = f"WT{1:032x}"
CONFIG = "insights: {dispositions: {outcomes: {SALE: Retention - Success}}}"
AGENTS = 'email,team_id,team_name,shoe_size\njo@example.com,2,"Sales, 2",44\nnobody@example.com,3,Three,45\n'


@pytest.fixture
def twilio(running: TwilioStandIn, tables: Aws, monkeypatch: pytest.MonkeyPatch) -> TwilioStandIn:
    """The account of a deployment whose configuration is in force, empty."""
    deployment = make_deployment(running)
    for module in (tasks, workers):
        monkeypatch.setattr(module, "find_deployment", lambda *_where: deployment)
    monkeypatch.setattr("twilio_bridge.side_by_side.MAX_WORKERS", 1)  # moto is no place for several threads
    store(tables.table(SYNC_STATE), CONFIG)
    return running


@pytest.fixture
def agents(folder: Path) -> Path:
    (folder / "agents.csv").write_text(AGENTS)
    return folder / "agents.csv"


def read(twilio: TwilioStandIn, sid: str) -> str:
    return str(twilio.taskrouter.find(WORKSPACE, sid)["attributes"])


def test_a_task_is_completed_with_its_outcome(run: Run, twilio: TwilioStandIn) -> None:
    """Once; asked again it says what was before. The reason is translated, what others wrote stays."""
    twilio.taskrouter.add_task(WORKSPACE, '{ "n":1.0 }', sid=SID, assignment_status="assigned")
    done = run("tasks", "complete", SID, "--reason", "sale")
    assert (done.exit_code, done.stdout) == (0, f"{SID} is completed; outcome: Retention - Success\n")
    assert read(twilio, SID) == '{ "n":1.0,"conversations":{"outcome":"Retention - Success"} }'
    again = run("tasks", "complete", SID, "--reason", "other", "--json")
    assert json.loads(again.stdout)["is_new"] is False


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("complete", SID, "--reason", "x"), 1, "Only a task that a worker has accepted"),
        (("cancel", "WT" + "f" * 32, "--reason", "x"), 1, "no such task"),
        (("cancel", "WT1", "--reason", "x"), 2, "32 letters or digits"),
        (("cancel", SID, "--reason", "  "), 2, "reason is empty"),
        (("cancel", SID), 2, "--reason"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    run: Run, twilio: TwilioStandIn, words: tuple[str, ...], code: int, told: str
) -> None:
    twilio.taskrouter.add_task(WORKSPACE, "{}", sid=SID)
    failed = run("tasks", *words)
    assert failed.exit_code == code
    assert told in failed.stderr
    assert read(twilio, SID) == "{}"


def test_workers_are_shown_asked_about_and_written(run: Run, twilio: TwilioStandIn, agents: Path) -> None:
    """The difference first; no answer but yes writes; what nobody answers to is named, and is exit code 1."""
    jo = twilio.taskrouter.add_worker(WORKSPACE, '{"email":"jo@example.com","n":1.0}', friendly_name="jo")
    asked = run("workers", "sync", str(agents), typed="n\n")
    assert "Sales, 2" in asked.stdout
    for told in ("shoe_size", "nobody@example.com", "next login", "test account", "1 workers to write"):
        assert told in asked.stderr
    assert read(twilio, jo) == '{"email":"jo@example.com","n":1.0}'

    written = run("workers", "sync", str(agents), typed="y\n")
    assert written.exit_code == 1
    assert "1 written" in written.stdout
    assert read(twilio, jo) == '{"email":"jo@example.com","n":1.0,"team_id":"2","team_name":"Sales, 2"}'
    again = json.loads(run("workers", "sync", str(agents), "--json").stdout)
    assert (again["to_write"], again["unchanged"]) == (0, 1)


def test_a_dry_run_writes_nothing(run: Run, twilio: TwilioStandIn, agents: Path) -> None:
    jo = twilio.taskrouter.add_worker(WORKSPACE, '{"email":"jo@example.com"}')
    shown = json.loads(run("workers", "sync", str(agents), "--dry-run", "--json").stdout)
    assert shown["differences"][0]["changes"]["team_id"] == [None, "2"]
    assert read(twilio, jo) == '{"email":"jo@example.com"}'


def test_single_sign_on_is_warned_of(run: Run, twilio: TwilioStandIn, tables: Aws, agents: Path) -> None:
    """Nothing is written unless forced; the SAML attributes are named."""
    store(tables.table(SYNC_STATE), "insights: {workers: {sso: true}}")
    jo = twilio.taskrouter.add_worker(WORKSPACE, '{"email":"jo@example.com"}')
    refused = run("workers", "sync", str(agents), "--yes")
    assert refused.exit_code == 1
    assert "SAML attributes there: team_id, team_name" in refused.stderr
    assert "team_id" not in read(twilio, jo)
    assert "1 written" in run("workers", "sync", str(agents), "--yes", "--force").stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mail,team_id\njo,1\n", "no column email"),
        ("email,team_id,team_id\njo,1,2\n", "twice"),
        ("email,team_id\n,1\n,2\n", "2 mistakes"),
        ("email,year\njo,1\n", "no column is an attribute"),
    ],
)
def test_a_wrong_table_is_named_whole(run: Run, twilio: TwilioStandIn, folder: Path, text: str, told: str) -> None:
    (folder / "wrong.csv").write_text(text)
    failed = run("workers", "sync", "wrong.csv")
    assert failed.exit_code == 2
    assert told in failed.stderr
    assert not [seen for seen in twilio.requests if seen.method == "POST"]


def test_twilio_is_away(run: Run, twilio: TwilioStandIn, agents: Path) -> None:
    """It says that it may simply be started again."""
    twilio.faults = Faults(status=503)
    failed = run("workers", "sync", str(agents), "--yes")
    assert failed.exit_code == 4
    assert "Start it again" in failed.stderr
    assert run("workers", "sync", "nowhere.csv").exit_code == 2
    assert run("workers", "sync").exit_code == 2
