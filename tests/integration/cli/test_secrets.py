"""`twilio-bridge secrets put` against Secrets Manager as moto has it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.integration.cli.conftest import Run
from twilio_bridge.adapters.aws.secrets import Secrets
from twilio_bridge.settings import Settings

ACCOUNT, TOKEN, OLD = "AC" + "0" * 32, "a1" * 16, "b2" * 16
PAT, BASE = "patAbCdEfGhIjKlMn." + "0f" * 32, "appA1B2C3D4E5F6G7"
KEY = "xkeysib-" + "0f" * 32 + "-AbCdEfGhIjKlMnOp"
TWILIO = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for name in ("AIRTABLE_TOKEN", "AIRTABLE_API_KEY", "AIRTABLE_BASE_ID", "BREVO_API_KEY", "TASK_COMPLETE_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="eu-west-1")


def held(secrets: Any, name: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    return found


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def names_of(secrets: Any) -> list[str]:
    return [each["Name"] for each in secrets.list_secrets()["SecretList"]]


def test_values_of_the_environment_and_the_file_are_written(
    run: Run, secrets: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked and nothing is shown; the functions' settings read what was written."""
    set_all(monkeypatch, TWILIO)
    (folder / ".env").write_text(f"AIRTABLE_API_KEY={PAT}\nAIRTABLE_BASE_ID={BASE}\nBREVO_API_KEY={KEY}\n")
    result = run("secrets", "put", "twilio", "airtable", "brevo", "--stack", "mine")

    assert (0, "") == (result.exit_code, result.stdout), result.stderr
    assert TWILIO == held(secrets, "mine/twilio")
    assert {"AIRTABLE_TOKEN": PAT, "AIRTABLE_BASE_ID": BASE} == held(secrets, "mine/airtable")
    assert not [value for value in (TOKEN, PAT, KEY, ACCOUNT) if value in result.output]
    ids = {f"{name.upper()}_SECRET": f"mine/{name}" for name in ("twilio", "airtable", "brevo")}
    settings = Settings(ids, Secrets(secrets).read)
    found = (settings.twilio_auth_tokens, settings.airtable_token, settings.airtable_base_id, settings.brevo_api_key)
    assert ((TOKEN,), PAT, BASE, KEY) == found


def test_what_is_not_set_is_asked_for(run: Run, secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its form is right; what is secret is not shown while it is typed."""
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True)
    result = run("secrets", "put", "twilio", typed=f"{ACCOUNT}\nnot-it\n  {TOKEN} \n")

    assert 0 == result.exit_code, result.stderr
    assert TWILIO == held(secrets, "twilio-bridge/twilio")
    assert (True, False) == (ACCOUNT in result.output, TOKEN in result.output)
    assert "TWILIO_AUTH_TOKEN should be 32 letters or digits" in result.output


def test_without_a_terminal_nothing_is_asked(run: Run, secrets: Any) -> None:
    """A script that forgot a value is told which, and nothing is written."""
    result = run("secrets", "put", "brevo")

    assert (2, True) == (result.exit_code, "BREVO_API_KEY is not set" in result.stderr)
    assert [] == names_of(secrets)


@pytest.mark.parametrize(
    ("system", "name", "value", "remedy"),
    [
        ("twilio", "TWILIO_ACCOUNT_SID", "SK" + "0" * 32, "console"),
        ("twilio", "TWILIO_AUTH_TOKEN", "…", "console"),
        ("twilio", "TWILIO_AUTH_TOKEN", f"{TOKEN},", "console"),
        ("twilio", "TASK_COMPLETE_SECRET", "short", "flex-plugin.md"),
        ("airtable", "AIRTABLE_TOKEN", "key0123456789abcdefghi", "February 2024"),
        ("airtable", "AIRTABLE_BASE_ID", "tblA1B2C3D4E5F6G7", "address"),
        ("brevo", "BREVO_API_KEY", "xsmtpsib-" + "0" * 40, "SMTP key"),
    ],
)
def test_another_form_is_refused_before_anything_is_written(
    run: Run, secrets: Any, monkeypatch: pytest.MonkeyPatch, system: str, name: str, value: str, remedy: str
) -> None:
    """The value's name and form, and where the right one is found; never the value."""
    right = {**TWILIO, "AIRTABLE_TOKEN": PAT, "AIRTABLE_BASE_ID": BASE, "BREVO_API_KEY": KEY}
    set_all(monkeypatch, {**right, name: value})
    result = run("secrets", "put", "twilio", "airtable", "brevo")

    assert (2, True, True) == (result.exit_code, f"{name} should be" in result.stderr, remedy in result.stderr), system
    assert value not in result.output
    assert [] == names_of(secrets)


def test_a_key_without_its_secret_is_refused(run: Run, secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an API key would take the auth token's place and be refused by Twilio."""
    set_all(monkeypatch, {**TWILIO, "TWILIO_API_KEY_SID": "SK" + "0" * 32})
    result = run("secrets", "put", "twilio")

    assert (2, True) == (result.exit_code, "belong together" in result.stderr)
    assert [] == names_of(secrets)


def test_what_a_secret_holds_besides_stays(run: Run, secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotated token leaves the plugin's secret; the JSON for a program holds names only."""
    before = {**TWILIO, "TWILIO_AUTH_TOKEN": OLD, "TASK_COMPLETE_SECRET": "s" * 20}
    secrets.create_secret(Name="twilio-bridge/twilio", SecretString=json.dumps(before))
    set_all(monkeypatch, {**TWILIO, "TWILIO_AUTH_TOKEN": f"{TOKEN},{OLD}"})
    result = run("secrets", "put", "twilio", "--json")

    assert {**before, "TWILIO_AUTH_TOKEN": f"{TOKEN},{OLD}"} == held(secrets, "twilio-bridge/twilio")
    assert [{"secret": "twilio-bridge/twilio", "created": False, "values": list(TWILIO)}] == json.loads(result.stdout)


def test_a_secret_that_is_no_object_is_not_written_over(
    run: Run, secrets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's secret of this name stays as it is."""
    secrets.create_secret(Name="twilio-bridge/twilio", SecretString="plain")
    set_all(monkeypatch, TWILIO)
    result = run("secrets", "put", "twilio")

    assert (2, True) == (result.exit_code, "holds no JSON object" in result.stderr)
    assert "plain" == secrets.get_secret_value(SecretId="twilio-bridge/twilio")["SecretString"]


def test_a_secret_that_is_being_deleted_has_its_remedy(run: Run, secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps its name for a week or more after somebody deleted it."""
    secrets.create_secret(Name="twilio-bridge/twilio", SecretString="{}")
    secrets.delete_secret(SecretId="twilio-bridge/twilio")
    set_all(monkeypatch, TWILIO)
    result = run("secrets", "put", "twilio")

    assert (1, True) == (result.exit_code, "restore-secret" in result.stderr), result.stderr


def test_a_system_that_has_no_secret_is_named(run: Run) -> None:
    """The command says which there are."""
    result = run("secrets", "put", "flex")

    assert 2 == result.exit_code
    assert all(name in result.stderr for name in ("twilio", "airtable", "brevo"))
