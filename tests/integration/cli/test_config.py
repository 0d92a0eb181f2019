"""`twilio-bridge config` against DynamoDB, CloudFormation and Secrets Manager as moto has them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from moto.server import ThreadedMotoServer

from tests.integration.cli.bridge import Bridge
from tests.integration.cli.conftest import Run, write_local_stack
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import stored
from twilio_bridge.config.schema import PACKAGED
from twilio_bridge_cli import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME = "sync-state"
GOOD = "contacts:\n  table: People\n"
BAD = "contacts:\n  tables: People\n"
OUTPUTS = [{"OutputKey": "SyncStateTable", "OutputValue": NAME}]


class Stacks:
    """CloudFormation with two stacks, of which one is no bridge."""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  AWS's name
        return {"Stacks": [{"Outputs": OUTPUTS if StackName == "twilio-bridge" else []}]}


def create_table(client: "DynamoDBClient") -> None:
    client.create_table(
        TableName=NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch, folder: Path) -> "Iterator[DynamoDBClient]":
    (folder / "bridge.yaml").write_text(GOOD)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        create_table(client)
        yield client


def test_put_show_and_remove(run: Run, dynamodb: "DynamoDBClient") -> None:
    """What is put is in force, shown, and gone when it is removed."""
    put = run("config", "put", "bridge.yaml", "--table", NAME)
    assert put.exit_code == 0, put.stderr
    assert "within 5 minutes" in put.stderr
    assert stored(Table(dynamodb, NAME)) == GOOD
    assert run("config", "show", "--table", NAME).stdout == GOOD
    assert run("config", "remove", "--table", NAME, typed="n\n").exit_code == 1
    unanswered = run("config", "remove", "--table", NAME)
    assert (unanswered.exit_code, "--yes answers in advance" in unanswered.stderr) == (1, True)
    assert stored(Table(dynamodb, NAME)) == GOOD
    assert run("config", "remove", "--table", NAME, "--yes").exit_code == 0
    packaged = run("config", "show", "--table", NAME)
    assert packaged.stdout == PACKAGED.read_text()
    assert "none is stored" in packaged.stderr
    assert "None is stored" in run("config", "remove", "--table", NAME).stderr


@pytest.mark.usefixtures("dynamodb")
def test_the_table_is_known_by_three_names(run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """SYNC_STATE_TABLE in `.env`, or the stack's output."""
    (folder / ".env").write_text(f"SYNC_STATE_TABLE={NAME}\n")
    assert run("config", "put", "bridge.yaml").exit_code == 0
    (folder / ".env").unlink()
    make = aws.make_client
    monkeypatch.setattr(
        aws, "make_client", lambda name, *rest: Stacks() if name == "cloudformation" else make(name, *rest)
    )
    assert run("config", "show", "--stack", "twilio-bridge").stdout == GOOD
    other = run("config", "show", "--stack", "other")
    assert (other.exit_code, "no output SyncStateTable" in other.stderr) == (2, True)


def test_a_wrong_file_is_not_stored(run: Run, dynamodb: "DynamoDBClient", folder: Path) -> None:
    """It is checked first, and every problem is named."""
    (folder / "bridge.yaml").write_text(BAD)
    result = run("config", "put", "bridge.yaml", "--table", NAME)
    assert result.exit_code == 2
    assert "bridge.yaml:2  contacts.tables: no such key" in result.stderr
    assert "Nothing was stored" in result.stderr
    assert stored(Table(dynamodb, NAME)) is None


def test_show_checks_what_it_shows(run: Run, dynamodb: "DynamoDBClient") -> None:
    """A stored one that this version cannot use is shown all the same, and what is wrong with it."""
    Table(dynamodb, NAME).put({"pk": "config", "sk": "bridge.yaml", "text": BAD})
    result = run("config", "show", "--table", NAME)
    assert (result.exit_code, result.stdout) == (2, BAD)
    assert "bridge.yaml:2  contacts.tables: no such key" in result.stderr
    assert "cannot be used" in result.stderr


def test_check_says_what_to_do(run: Run, folder: Path) -> None:
    """For people and for programs."""
    (folder / "good.yaml").write_text(GOOD)
    (folder / "bad.yaml").write_text(BAD)
    assert run("config", "check", "good.yaml").exit_code == 0
    assert json.loads(run("config", "check", "good.yaml", "--json").stdout)["ok"] is True
    assert "Write table instead." in run("config", "check", "bad.yaml").stderr
    result = run("config", "check", "bad.yaml", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["ok"], found["problems"][0]["line"]) == (2, False, 2)


def test_show_packaged_needs_no_aws(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is where a configuration begins; in a terminal it has colours."""
    assert run("config", "show", "--packaged").stdout == PACKAGED.read_text()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("config", "show", "--packaged").stdout


@pytest.mark.usefixtures("dynamodb")
@pytest.mark.parametrize("words", [["show"], ["put", "bridge.yaml"], ["remove", "--yes"]], ids=lambda words: words[0])
def test_a_table_that_is_not_there_is_a_refusal(run: Run, words: list[str]) -> None:
    """AWS's code, and what to look at."""
    result = run("config", *words, "--table", "nowhere")
    assert result.exit_code == 1
    assert "ResourceNotFoundException" in result.stderr
    assert "--region" in result.stderr


@pytest.mark.usefixtures("dynamodb")
def test_no_region_is_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy names the option; with it, the command works."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    result = run("config", "show", "--table", NAME)
    assert (result.exit_code, "--region" in result.stderr) == (2, True)
    assert run("config", "show", "--table", NAME, "--region", "us-east-1").exit_code == 0


def test_aws_out_of_reach_is_4(run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """An endpoint where nobody is, named in `.env`."""
    (folder / ".env").write_text("AWS_ENDPOINT_URL=http://127.0.0.1:9\n")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    for words in (["config", "show", "--table", NAME], ["config", "show", "--stack", "twilio-bridge"]):
        result = run(*words, "--region", "us-east-1")
        assert (result.exit_code, "EndpointConnectionError" in result.stderr) == (4, True)


@pytest.mark.usefixtures("dynamodb")
def test_the_secret_signs(run: Run, bridge: Bridge) -> None:
    """--secret reads the stack's token; a secret that is not there is a refusal."""
    client = boto3.client("secretsmanager", region_name="us-east-1")
    client.create_secret(
        Name="twilio-bridge/twilio", SecretString=json.dumps({"TWILIO_AUTH_TOKEN": "local-auth-token"})
    )
    client.create_secret(Name="empty", SecretString="{}")
    right = run("call", "crm", "--secret", "twilio-bridge/twilio")
    assert right.exit_code == 0
    assert bridge.received
    assert "local-auth-token" not in right.output
    for name in ("nowhere", "empty"):
        result = run("call", "crm", "--secret", name)
        assert result.exit_code == 1
        assert "Traceback" not in result.output


def test_the_local_stack_s_table_is_found(run: Run, folder: Path) -> None:
    """Without --stack and --table a file is put in force where `make run` runs; where none does, one line names it."""
    (folder / "bridge.yaml").write_text(GOOD)
    refused = run("config", "put", "bridge.yaml")
    assert refused.exit_code != 0
    assert "local stack is not running" in refused.stderr

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url, made_up = f"http://{host}:{port}", {"aws_access_key_id": "made-up", "aws_secret_access_key": "made-up"}
        client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=url, **made_up)  # type: ignore[call-overload]  # any of its options
        create_table(client)
        write_local_stack(folder, url, {"CrmFunction": {"AWS_ENDPOINT_URL": url, "SYNC_STATE_TABLE": NAME}})

        assert run("config", "put", "bridge.yaml").exit_code == 0
        assert run("config", "show").stdout == GOOD
        assert run("config", "remove", "--yes").exit_code == 0
        assert run("config", "show").stdout == PACKAGED.read_text(encoding="utf-8")
        client.close()
    finally:
        server.stop()
