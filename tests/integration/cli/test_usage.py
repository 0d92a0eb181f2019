"""`twilio-bridge usage` against DynamoDB as moto has it."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tests.integration.cli.conftest import Run
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import store
from twilio_bridge.adapters.state.limiter import SlotLimiter

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
