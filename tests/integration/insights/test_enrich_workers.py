"""A table of workers in Airtable, brought to TaskRouter by the deployed function and by the command that invokes it."""

import json
import time

import pytest
from typer.testing import CliRunner

from tests.integration.granted import done, granted
from tests.integration.insights.conftest import WORKSPACE, Insights
from twilio_bridge_cli.app import app
from twilio_bridge_cli.commands.workers import command
from twilio_bridge_cli.deployments import Deployment
from twilio_bridge_local.vendors.airtable.store import Column, Table

NAME = "EnrichWorkersFunction"
THEIRS = '{"email":"jo@example.com","routing":{"skills":["a"]},"n":1.0}'


@pytest.fixture
def worker(insights: Insights) -> str:
    """A worker, and a table that names them."""
    airtable = insights.stack.stand_ins.airtable
    assert airtable
    table = Table("Agents", [Column("email"), Column("team_id"), Column("team_name")])
    airtable.base.tables["Agents"] = table
    airtable.base.create(table, {"email": "jo@example.com", "team_id": "2", "team_name": "Sales"})
    return insights.twilio.taskrouter.add_worker(WORKSPACE, THEIRS, friendly_name="jo")


def test_the_command_has_the_function_do_it(insights: Insights, worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown first, then written; the function may do what it does, and no more."""
    insights.twilio.requests.clear()
    event = {"table": "Agents", "workspace": WORKSPACE}
    shown = insights.stack.invoke(NAME, event).payload
    assert shown["differences"][0]["changes"] == {"team_id": [None, "2"], "team_name": [None, "Sales"]}
    assert "results" not in shown

    monkeypatch.setattr(command, "find_deployment", lambda *_where: deployment(insights))
    wrong = CliRunner().invoke(app, ["workers", "sync", "--airtable", "Nobody"])
    assert (wrong.exit_code, "EnrichWorkersFunction failed: " in wrong.stderr) == (1, True)

    let_a_task_go_first(insights)
    written = insights.stack.invoke(NAME, event | {"apply": True}).payload
    assert written["results"] == {"written": 1}
    text = str(insights.twilio.taskrouter.find(WORKSPACE, worker)["attributes"])
    assert text == THEIRS.removesuffix("}") + ',"team_id":"2","team_name":"Sales"}'

    did, allowed = done(insights.stack.embedded_aws.calls)[NAME], granted()[NAME]
    assert (did - allowed, allowed - did) == (set(), set())
    assert json.dumps(written["notes"]).count("test account") == 1


def let_a_task_go_first(insights: Insights) -> None:
    """Write that a task that ends waits for a slot: workers have to look again whether it is their turn."""
    now = int(time.time() * 1000)
    moments = {"next_at": now + 3_000, "callback_at": now + 4_000, "bulk_next": now + 9_000}
    key = {"pk": {"S": f"limit#taskrouter#{WORKSPACE}"}, "sk": {"S": "slots"}}
    item = key | {name: {"N": str(at)} for name, at in moments.items()}
    insights.stack.client("dynamodb").put_item(TableName="SyncState", Item=item)


def deployment(insights: Insights) -> Deployment:
    reached = {"AWS_ENDPOINT_URL": insights.stack.invoke_url}
    return Deployment("local", {NAME: NAME}, reached, is_local=True)
