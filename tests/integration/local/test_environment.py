"""What is real and what is a stand-in."""

from pathlib import Path

import pytest

from twilio_bridge_local import credentials
from twilio_bridge_local.environment import Vendor, decide, port_of, settings_of
from twilio_bridge_local.errors import SettingsError

TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "secret"}
AIRTABLE = {"AIRTABLE_TOKEN": "pat1", "AIRTABLE_BASE_ID": "app1"}
BREVO = {"BREVO_API_KEY": "xkeysib-1"}


def test_without_credentials_all_are_stand_ins() -> None:
    """Stand-ins have fixed credentials and test numbers."""
    environment = decide({})
    assert environment.twilio.stand_in
    assert environment.airtable.stand_in
    assert environment.brevo.stand_in
    assert environment.secrets("local")["local/brevo"] == {"BREVO_API_KEY": credentials.BREVO_API_KEY}
    assert environment.twilio.account == credentials.TWILIO_ACCOUNT_SID
    assert environment.parameters("http://aws")["TwilioSmsNumber"] == credentials.TWILIO_SMS_NUMBER
    assert environment.aws_endpoint_url == ""


def test_a_vendor_with_credentials_is_real() -> None:
    """Each vendor is decided on its own; without an endpoint it is reached at home."""
    environment = decide(TWILIO)
    assert (environment.twilio.stand_in, environment.twilio.endpoint_url) == (False, "")
    assert environment.airtable.stand_in
    assert "TwilioSmsNumber" not in environment.parameters("http://aws")


def test_a_real_vendor_is_reached_at_its_endpoint() -> None:
    """Endpoints go into the template's parameters, credentials into the secrets."""
    endpoints = {"AIRTABLE_ENDPOINT_URL": "http://a/", "TWILIO_ENDPOINT_URL": "http://t", "TWILIO_REGION": "ie1"}
    endpoints["BREVO_ENDPOINT_URL"] = "http://b/"
    environment = decide({**TWILIO, **AIRTABLE, **BREVO, **endpoints, "LOG_LEVEL": "DEBUG"})
    assert environment.parameters("http://aws") == {
        "AirtableBaseId": "app1",
        "AirtableEndpointUrl": "http://a",
        "AwsEndpointUrl": "http://aws",
        "BrevoEndpointUrl": "http://b",
        "LogLevel": "DEBUG",
        "TwilioAccountSid": "AC1",
        "TwilioEndpointUrl": "http://t",
        "TwilioRegion": "ie1",
    }
    secrets = {"local/twilio": TWILIO, "local/airtable": AIRTABLE, "local/brevo": BREVO}
    assert secrets == environment.secrets("local")


def test_brevo_needs_one_credential() -> None:
    """The key alone makes it real, and without an endpoint it is reached at home."""
    environment = decide(BREVO)
    assert (False, "", "xkeysib-1") == (
        environment.brevo.stand_in,
        environment.brevo.endpoint_url,
        environment.brevo.token,
    )
    assert environment.twilio.stand_in


def test_aliases_count() -> None:
    """The older names of the settings work as well, and give way to the newer ones."""
    old = {"ACCOUNT_SID": "AC2", "AUTH_TOKEN": "old", "AIRTABLE_API_KEY": "key", "AIRTABLE_BASE_ID": "app2"}
    environment = decide(old)
    assert (environment.twilio.account, environment.twilio.token) == ("AC2", "old")
    assert environment.airtable.token == "key"
    assert decide({**old, **TWILIO}).twilio.token == "secret"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"TWILIO_ACCOUNT_SID": "AC1"}, r"Twilio is half configured: TWILIO_AUTH_TOKEN \(or AUTH_TOKEN\)"),
        ({"AUTH_TOKEN": "x"}, r"TWILIO_ACCOUNT_SID \(or ACCOUNT_SID\) is not set"),
        ({"AIRTABLE_API_KEY": "x"}, "Airtable is half configured: AIRTABLE_BASE_ID is not set"),
        ({"AIRTABLE_BASE_ID": "x"}, r"AIRTABLE_TOKEN \(or AIRTABLE_API_KEY\)"),
        ({"AWS_ENDPOINT_URL": "https://sqs.us-east-1.amazonaws.com"}, "never reaches AWS itself"),
    ],
)
def test_half_given_credentials_name_the_other_half(settings: dict[str, str], told: str) -> None:
    """Nothing is guessed where one of two is missing."""
    with pytest.raises(SettingsError, match=told):
        decide(settings)


@pytest.mark.parametrize("vendor", ["airtable", "brevo", "twilio"])
def test_an_endpoint_without_credentials_is_noted(vendor: str) -> None:
    """The stand-in is used, and somebody is told."""
    environment = decide({f"{vendor.upper()}_ENDPOINT_URL": "http://a"})
    chosen: Vendor = getattr(environment, vendor)
    assert chosen.stand_in
    assert chosen.endpoint_url == ""
    assert f"{vendor.upper()}_ENDPOINT_URL is set" in environment.notes[0]


def test_a_demonstration_uses_stand_ins_unless_it_is_live() -> None:
    """Real credentials, half ones and a real configuration do not matter to a demonstration, which has its own."""
    settings = {**TWILIO, **BREVO, "AIRTABLE_TOKEN": "half", "PUBLIC_BASE_URL": "https://x", "BRIDGE_CONFIG": "b.yaml"}
    environment = decide({**settings, "LOG_LEVEL": "DEBUG", "AWS_ENDPOINT_URL": "http://aws"}, demo=True)
    assert environment.twilio.stand_in
    assert environment.airtable.stand_in
    assert environment.brevo.stand_in
    assert ("bridge.yaml", "") == (Path(environment.bridge_config).name, environment.aws_endpoint_url)
    assert "PublicBaseUrl" not in environment.parameters("")
    assert environment.parameters("")["LogLevel"] == "DEBUG"
    assert decide(TWILIO, demo=True, live=True).twilio.stand_in is False


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """`.env` fills what the environment leaves out or leaves empty; empty is not set."""
    (tmp_path / ".env").write_text(
        'ACCOUNT_SID=AC3 # a comment\nAUTH_TOKEN="of the file"\nAIRTABLE_BASE_ID=\nPORT=4000\nTWILIO_EDGE=dublin\n'
    )
    given = {"AUTH_TOKEN": "of the environment", "ACCOUNT_SID": ""}
    assert settings_of(tmp_path, given) == {
        "ACCOUNT_SID": "AC3",
        "AUTH_TOKEN": "of the environment",
        "PORT": "4000",
        "TWILIO_EDGE": "dublin",
    }


def test_the_port_is_a_number() -> None:
    """PORT is 3000 unless it is given, and has to be one."""
    assert (port_of({}), port_of({"PORT": "8080"})) == (3000, 8080)
    for wrong in ("http", "-1", "70000"):
        with pytest.raises(SettingsError, match="PORT should be a number"):
            port_of({"PORT": wrong})
