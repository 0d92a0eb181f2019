"""`twilio-bridge report` against DynamoDB as moto has it."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.integration.cli.conftest import Run, write_local_stack
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import store
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge_cli import aws

NAME = "sync-state"
MONDAY, TUESDAY = "2026-03-02", "2026-03-03"
BOTH = ("--from", MONDAY, "--to", TUESDAY)
OUTPUTS = [{"OutputKey": "SyncStateTable", "OutputValue": NAME}]


def fill(dynamodb: Any) -> None:
    """Make the table, and two days of one queue and one worker."""
    dynamodb.create_table(
        TableName=NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    figures = DynamoFigures(Table(dynamodb, NAME))
    waits = [(MONDAY, 100), (MONDAY, 300), (TUESDAY, 2000)]
    for number, (day, wait_s) in enumerate(waits):
        stay = {"queue": "=Support", "channel": "voice", "outcome": "accepted", "wait_s": wait_s}
        figures.put_row(FigureRow(day=day, key=f"queue#WQ1#WT{number}#1", version=1, values=stay))
        offer = {"worker": "jo", "outcome": "accepted", "handle_s": wait_s}
        figures.put_row(FigureRow(day=day, key=f"reservation#WK1#WR{number}", version=1, values=offer))
    for activity, seconds in (("Available", 3600), ("Break", 90)):
        spent = {"worker": "jo", "activity": activity, "seconds": seconds}
        figures.put_row(FigureRow(day=MONDAY, key=f"activity#WK1#{activity}", version=1, values=spent))


@pytest.fixture
def _figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        fill(boto3.client("dynamodb", region_name="us-east-1"))
        yield


@pytest.mark.usefixtures("_figures")
def test_queues_are_shown_by_day(run: Run) -> None:
    """A line a day and one for both, numbers to the right, in one piece however narrow the terminal is."""
    result = run("report", "queues", *BOTH, "--table", NAME)
    assert (0, "") == (result.exit_code, result.stderr)
    shown = [line.split() for line in result.stdout.splitlines()]
    assert ["Day", "Queue", "Entered"] == shown[1][:3]
    common = [*"0000000", "0.0%", "0.0%"]
    assert [
        [MONDAY, "=Support", "2", "2", *common, "3:20", "5:00", "-", "-", "0"],
        [TUESDAY, "=Support", "1", "1", *common, "33:20", "33:20", "-", "-", "0"],
        ["total", "=Support", "3", "3", *common, "13:20", "33:20", "-", "-", "0"],
    ] == shown[2:]
    assert 1 == len({line.rstrip().index(":20") for line in result.stdout.splitlines()[2:]})


@pytest.mark.usefixtures("_figures")
def test_queues_are_written_for_spreadsheets(run: Run) -> None:
    """CSV with plain seconds, and no name that is a formula."""
    result = run("report", "queues", *BOTH, "--table", NAME, "--format", "csv")
    assert (0, "") == (result.exit_code, result.stderr)
    found = [(line["day"], line["queue"], line["avg_wait_s"]) for line in csv.DictReader(io.StringIO(result.stdout))]
    assert [
        (MONDAY, "'=Support", "200.0"),
        (TUESDAY, "'=Support", "2000.0"),
        ("total", "'=Support", "800.0"),
    ] == found


@pytest.mark.usefixtures("_figures")
def test_workers_are_written_for_programs(run: Run) -> None:
    """A list of objects, activities as one; both spellings say the same."""
    result = run("report", "workers", "--to", MONDAY, "--table", NAME, "--json")
    assert [
        {
            "day": MONDAY,
            "worker": "jo",
            "accepted": 2,
            "rejected": 0,
            "missed": 0,
            "avg_handle_s": 200.0,
            "handle_s": 400,
            "talk_s": 0,
            "activities": {"Available": 3600, "Break": 90},
        }
    ] == json.loads(result.stdout)
    assert result.stdout == run("report", "workers", "--to", MONDAY, "--table", NAME, "--format", "json").stdout
    assert "Available 1:00:00, Break 1:30" in run("report", "workers", "--to", MONDAY, "--table", NAME).stdout


@pytest.mark.usefixtures("_figures")
def test_no_figures_are_said(run: Run) -> None:
    """Beside the answer, which is empty; it is no failure. Without dates it is today."""
    result = run("report", "queues", "--table", NAME)
    assert (0, "", True) == (result.exit_code, result.stdout, "No queue has figures from" in result.stderr)
    assert "[]\n" == run("report", "workers", "--table", NAME, "--json").stdout
    assert "day,worker,accepted" == run("report", "workers", "--table", NAME, "--format", "csv").stdout[:19]


@pytest.mark.usefixtures("_figures")
def test_many_days_show_how_far_they_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal there is a bar; in a pipe there is none."""
    words = ("report", "queues", "--from", "2026-02-01", "--to", TUESDAY, "--table", NAME, "--format", "csv")
    assert not run(*words).stderr
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "Reading" in run(*words).stderr


@pytest.mark.usefixtures("_figures")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--from", TUESDAY, "--to", MONDAY], f"--from {TUESDAY} is after --to {MONDAY}"),
        (["--from", "2024-01-01", "--to", TUESDAY], "793 days"),
        (["--json", "--format", "csv"], "exclude each other"),
    ],
    ids=" ".join,
)
def test_a_mistake_of_the_operators_is_2(run: Run, words: list[str], expected: str) -> None:
    """Usage, in one sentence."""
    result = run("report", "queues", *words, "--table", NAME)
    assert (2, True, "") == (result.exit_code, expected in result.stderr, result.stdout)


@pytest.mark.usefixtures("_figures")
def test_a_table_that_is_not_there_is_a_refusal(run: Run) -> None:
    """AWS's code, and what to look at."""
    result = run("report", "queues", *BOTH, "--table", "nowhere")
    assert (1, True) == (result.exit_code, "ResourceNotFoundException" in result.stderr)
    assert "--region" in result.stderr


class Stacks:
    """CloudFormation with one stack."""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  AWS's name
        assert StackName == "twilio-bridge"
        return {"Stacks": [{"Outputs": OUTPUTS}]}


@pytest.mark.usefixtures("_figures")
def test_the_table_is_the_stacks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--stack asks for its output, SYNC_STATE_TABLE names it."""
    named = run("report", "queues", *BOTH, "--table", NAME).stdout
    make = aws.make_client
    monkeypatch.setattr(
        aws, "make_client", lambda name, *rest: Stacks() if name == "cloudformation" else make(name, *rest)
    )
    assert named == run("report", "queues", *BOTH, "--stack", "twilio-bridge").stdout
    monkeypatch.setenv("SYNC_STATE_TABLE", NAME)
    assert named == run("report", "queues", *BOTH).stdout


def test_the_local_stacks_figures_are_found(run: Run, folder: Path) -> None:
    """By its file, at its own endpoint, without credentials or a region."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        made_up = {"aws_access_key_id": "made-up", "aws_secret_access_key": "made-up"}
        client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=url, **made_up)  # type: ignore[call-overload]  # any of its options
        fill(client)
        variables = {"SYNC_STATE_TABLE": NAME, "AWS_ENDPOINT_URL": url}
        write_local_stack(folder, url, {"CrmFunction": variables})
        result = run("report", "queues", "--to", MONDAY, "--json")
        assert [MONDAY] == [line["day"] for line in json.loads(result.stdout)]
        client.close()
    finally:
        server.stop()


@pytest.mark.usefixtures("_figures")
def test_workers_without_agent_activity_are_explained(run: Run) -> None:
    """It is off by default, so a short report of workers has a reason; queues do not depend on it."""
    off = run("report", "workers", "--to", MONDAY, "--table", NAME)
    assert (0, True) == (off.exit_code, "agent_activity is off" in off.stderr)
    assert "agent_activity" not in run("report", "queues", "--to", MONDAY, "--table", NAME).stderr

    text = "connectors: {twilio_flex: {sync: {agent_activity: true}}}\n"
    store(Table(boto3.client("dynamodb", region_name="us-east-1"), NAME), text)
    assert "" == run("report", "workers", "--to", MONDAY, "--table", NAME).stderr
