"""`twilio-bridge persons` against DynamoDB as moto has it, and Brevo's stand-in."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.integration.cli.conftest import Run
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.identities import DynamoIdentities
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.support.persons.person import Interaction, TimelineEvent

NAME = "sync-state"
EMAIL, PHONE = "email#amara@example.org", "phone#+447900000012"
TASK, OTHER = f"WT{1:032}", f"WT{2:032}"
WHERE = ("--table", NAME)


def fill(dynamodb: Any) -> Table:
    """Make the table, and a person with an address, a number and two tasks."""
    dynamodb.create_table(
        TableName=NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    table = Table(dynamodb, NAME)
    identities, persons = DynamoIdentities(table), DynamoPersons(table)
    person_id = identities.create_person([f"task#{TASK}", EMAIL], f"task#{TASK}")
    assert person_id
    assert identities.attach_keys(person_id, [f"task#{OTHER}", PHONE], f"task#{OTHER}")
    for sid, keys in ((TASK, (EMAIL,)), (OTHER, (PHONE,))):
        persons.put_interaction(
            person_id, Interaction(sid=sid, version=1, channel="voice", counts=True, keys=keys, wait_s=7)
        )
    persons.put_event(person_id, TimelineEvent(key=f"{TASK}#requested", name="SUPPORT_REQUESTED", at=1, version=1))
    return table


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        yield fill(boto3.client("dynamodb", region_name="us-east-1"))


@pytest.mark.usefixtures("table")
def test_a_person_is_shown(run: Run) -> None:
    """Keys and where they came from, interactions, and what Brevo has of the events."""
    result = run("persons", "show", "Amara@Example.org", *WHERE)
    assert (0, "") == (result.exit_code, result.stderr)
    for text in (EMAIL, PHONE, TASK, OTHER, "voice", "SUPPORT_REQUESTED", "pending", "not in Brevo"):
        assert text in result.stdout
    found = json.loads(run("persons", "show", OTHER, *WHERE, "--json").stdout)
    keys = [{"key": EMAIL, "from": TASK, "shared": False}, {"key": PHONE, "from": OTHER, "shared": False}]
    assert (keys, [TASK, OTHER]) == (found["keys"], [each["sid"] for each in found["interactions"]])


def test_a_split_says_what_brevo_keeps(run: Run, table: Table) -> None:
    """The contact that the person had there is the operator's to change."""
    owner = DynamoIdentities(table).find_by_keys([PHONE])[PHONE]
    assert owner
    DynamoPersons(table).save_delivery(owner.id, "digest", 17, [])
    result = run("persons", "split", "amara@example.org", PHONE, *WHERE, "--yes")
    assert (0, True) == (result.exit_code, "Brevo's contact 17 may still have it" in result.stderr)


@pytest.mark.usefixtures("table")
def test_nobody_is_an_error_with_a_remedy(run: Run) -> None:
    """And no traceback."""
    result = run("persons", "show", "nobody@example.org", *WHERE)
    assert (1, "") == (result.exit_code, result.stdout)
    assert "Nobody is known by this." in result.stderr


def test_a_key_is_split_off(run: Run, table: Table) -> None:
    """After a question; its task goes with it."""
    assert 1 == run("persons", "split", "amara@example.org", PHONE, *WHERE, typed="n\n").exit_code
    assert 0 == run("persons", "split", "amara@example.org", PHONE, *WHERE, typed="y\n").exit_code
    found = DynamoIdentities(table).find_by_keys([EMAIL, PHONE, f"task#{TASK}", f"task#{OTHER}"])
    assert found[EMAIL] == found[f"task#{TASK}"] != found[PHONE] == found[f"task#{OTHER}"]
    result = run("persons", "split", "amara@example.org", PHONE, *WHERE, "--yes")
    assert (1, True) == (result.exit_code, "This key is not the person's." in result.stderr)


def test_a_person_is_erased(run: Run, table: Table) -> None:
    """Nothing of theirs is left but hashes."""
    assert 0 == run("persons", "erase", "+44 7900 000012", *WHERE, "--yes").exit_code
    assert {} == DynamoIdentities(table).find_claims([EMAIL, PHONE, f"task#{TASK}"])
    left = boto3.client("dynamodb", region_name="us-east-1").scan(TableName=NAME)["Items"]
    assert {"erased"} == {item["sk"]["S"] for item in left}
    assert 1 == run("persons", "show", "amara@example.org", *WHERE).exit_code


def test_brevo_s_contact_takes_a_key(run: Run, table: Table) -> None:
    """Without one nothing is erased at all."""
    person = DynamoIdentities(table).find_by_keys([EMAIL])[EMAIL]
    DynamoPersons(table).save_delivery(person.id, "x", 7, [])
    result = run("persons", "erase", "amara@example.org", *WHERE, "--yes", "--brevo")
    assert (True, True) == (result.exit_code != 0, "Brevo's key is missing." in result.stderr)
    assert {EMAIL} == set(DynamoIdentities(table).find_by_keys([EMAIL]))
