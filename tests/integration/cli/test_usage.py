"""`twilio-bridge usage` against DynamoDB as moto has it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.integration.cli.conftest import Run
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import store
from twilio_bridge.adapters.state.limiter import SlotLimiter
from twilio_bridge_cli import aws

NAME, BASE = "sync-state", "appLocalStandIn01"
ASKED = ("usage", "--table", NAME, "--base", BASE)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """A month in which Airtable has been called twice."""
    monkeypatch.delenv("AIRTABLE_BASE_ID", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        made = Table(client, NAME)
        limiter = SlotLimiter(made, "airtable", BASE, sleep=lambda _s: None)
        limiter._next_slot_ms(10)
        limiter._next_slot_ms(10)
        yield made


def test_the_calls_are_shown(run: Run, table: Table) -> None:
    """With their share of the plan's where one is configured."""
    assert "2 calls this month, no limit is configured\n" == run(*ASKED).stdout
    store(table, "airtable: {monthly_calls: 100}\n")
    assert "2 calls this month, 2 % of 100\n" == run(*ASKED).stdout


def test_a_program_reads_them(run: Run, table: Table) -> None:
    """As one JSON object; what is not known is null."""
    none = {"base": BASE, "calls": 2, "monthly_calls": None, "percent": None}
    assert none == json.loads(run(*ASKED, "--json").stdout)
    store(table, "airtable: {monthly_calls: 1000}\n")
    assert {**none, "monthly_calls": 1_000, "percent": 0} == json.loads(run(*ASKED, "--json").stdout)


@pytest.mark.usefixtures("table")
def test_the_base_is_in_the_environment_or_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one the command says how to name it."""
    missing = run("usage", "--table", NAME)
    assert (2, True) == (missing.exit_code, "--base" in missing.stderr)
    monkeypatch.setenv("AIRTABLE_BASE_ID", BASE)
    assert run("usage", "--table", NAME).stdout.startswith("2 calls")
    assert run("usage", "--table", NAME, "--base", "appOther").stdout.startswith("0 calls")


class Stacks:
    """CloudFormation with one stack, whose base is a parameter, or is in the secret."""

    def __init__(self, base: str) -> None:
        self._parameters = [{"ParameterKey": "AirtableBaseId", "ParameterValue": base}]

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  AWS's name
        assert StackName == "mine"
        outputs = [{"OutputKey": "SyncStateTable", "OutputValue": NAME}]
        return {"Stacks": [{"Outputs": outputs, "Parameters": self._parameters}]}


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(("parameter", "secret"), [(BASE, None), ("", BASE)])
def test_a_stack_knows_its_base(run: Run, monkeypatch: pytest.MonkeyPatch, parameter: str, secret: str | None) -> None:
    """The parameter names it, else the secret; another one in the environment does not count."""
    make = aws.make_client
    stacks = Stacks(parameter)
    monkeypatch.setattr(
        aws, "make_client", lambda name, *rest: stacks if name == "cloudformation" else make(name, *rest)
    )
    monkeypatch.setenv("AIRTABLE_BASE_ID", "appAnotherOne0001")
    if secret:
        text = json.dumps({"AIRTABLE_BASE_ID": secret, "AIRTABLE_TOKEN": "pat"})
        boto3.client("secretsmanager", region_name="us-east-1").create_secret(Name="mine/airtable", SecretString=text)
    result = run("usage", "--stack", "mine", "--json")

    assert 0 == result.exit_code, result.stderr
    assert (BASE, 2) == (json.loads(result.stdout)["base"], json.loads(result.stdout)["calls"])


@pytest.mark.usefixtures("table")
def test_a_stack_that_does_not_know_its_base_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither parameter nor secret."""
    make = aws.make_client
    monkeypatch.setattr(
        aws, "make_client", lambda name, *rest: Stacks("") if name == "cloudformation" else make(name, *rest)
    )
    result = run("usage", "--stack", "mine")

    assert (2, True) == (result.exit_code, "--base app" in result.stderr), result.stderr
