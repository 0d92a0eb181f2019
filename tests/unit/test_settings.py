"""Settings: where they are found, what they may be, and that no message ever holds a value."""

from collections.abc import Mapping

import pytest

from twilio_bridge.errors import SettingError
from twilio_bridge.settings import Proxy, Settings

ACCOUNT = "AC" + "0" * 32
KEY = "SK" + "0" * 32
VALUE = "s3cr3t-value"


def nothing(_secret_id: str) -> Mapping[str, str]:
    pytest.fail("no secret is read")


def with_secret(values: Mapping[str, str], **environment: str) -> Settings:
    return Settings({"TWILIO_SECRET": "stack/twilio", **environment}, {"stack/twilio": values}.__getitem__)


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("TWILIO_ACCOUNT_SID", "twilio_account_sid"),
        ("TWILIO_AUTH_TOKEN", "twilio_auth_tokens"),
        ("AIRTABLE_TOKEN", "airtable_token"),
        ("AIRTABLE_BASE_ID", "airtable_base_id"),
        ("CONTACT_CACHE_TABLE", "contact_cache_table"),
        ("SYNC_STATE_TABLE", "sync_state_table"),
        ("AIRTABLE_QUEUE_URL", "airtable_queue_url"),
        ("REFRESH_CONTACTS_FUNCTION", "refresh_contacts_function"),
        ("AWS_LAMBDA_FUNCTION_NAME", "own_function"),
        ("BREVO_API_KEY", "brevo_api_key"),
        ("EVENT_STREAM", "event_stream"),
        ("EVENT_STREAM_ARN", "event_stream_arn"),
        ("QUARANTINE_BUCKET", "quarantine_bucket"),
        ("BREVO_QUEUE_URL", "brevo_queue_url"),
        ("SYNC_QUEUE_URL", "sync_queue_url"),
    ],
)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing(name: str, attribute: str, value: str | None) -> None:
    """A required setting that is missing, empty or blank is named, with what it should be."""
    given = {} if value is None else {name: value}

    with pytest.raises(SettingError, match=rf"the setting {name}.* is missing; it should be \w+"):
        getattr(Settings(given), attribute)


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("TWILIO_ACCOUNT_SID", "twilio_account_sid", f"AC{VALUE}"),
        ("TWILIO_ACCOUNT_SID", "twilio_account_sid", f"{ACCOUNT}0"),
        ("TWILIO_AUTH_TOKEN", "twilio_auth_tokens", ","),
        ("TWILIO_AUTH_TOKEN", "twilio_auth_tokens", " , ,"),
        ("TWILIO_API_KEY_SID", "twilio_login", VALUE),
        ("TWILIO_REGION", "twilio_region", f"{VALUE}.com/"),
        ("TWILIO_EDGE", "twilio_edge", f"{VALUE}@"),
        ("TWILIO_ENDPOINT_URL", "twilio_endpoint_url", VALUE),
        ("TWILIO_ENDPOINT_URL", "twilio_endpoint_url", f"https://{VALUE}?x=1"),
        ("TWILIO_SMS_NUMBER", "twilio_sms_number", f"07700 {VALUE}"),
        ("TWILIO_WHATSAPP_NUMBER", "twilio_whatsapp_number", "whatsapp:447700900001"),
        ("AIRTABLE_BASE_ID", "airtable_base_id", VALUE),
        ("BREVO_ENDPOINT_URL", "brevo_endpoint_url", VALUE),
        ("TWILIO_SINK_SID", "twilio_sink_sid", VALUE),
        ("AIRTABLE_ENDPOINT_URL", "airtable_endpoint_url", f"ftp://{VALUE}"),
        ("AIRTABLE_WEBHOOK_SECRET", "airtable_webhook_secret", f"{VALUE}!"),
        ("AIRTABLE_WEBHOOK_SECRET", "airtable_webhook_secret", "abc"),
        ("PUBLIC_BASE_URL", "public_base_url", f"{VALUE}.example.com"),
        ("AIRTABLE_TOKEN", "airtable_token", f"{VALUE}\n{VALUE}"),
    ],
)
def test_malformed(name: str, attribute: str, value: str) -> None:
    """A malformed setting is named with what it should be, never with what it is."""
    with pytest.raises(SettingError, match=f"the setting {name} is malformed; it should be ") as raised:
        getattr(Settings({name: value}), attribute)

    assert VALUE not in str(raised.value)
    assert value.strip(" ,") == "" or value not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "attribute"), [("AIRTABLE_QUEUE_URL", "airtable_queue_url"), ("BREVO_QUEUE_URL", "brevo_queue_url")]
)
def test_the_queue_of_a_part_that_is_not_deployed(name: str, attribute: str) -> None:
    """`none` is no queue; that is not the same as a setting that somebody forgot."""
    assert "" == getattr(Settings({name: "none"}), attribute)
    assert "https://sqs/queue" == getattr(Settings({name: "https://sqs/queue"}), attribute)


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("twilio_region", None),
        ("twilio_edge", None),
        ("twilio_endpoint_url", None),
        ("twilio_sms_number", None),
        ("twilio_whatsapp_number", None),
        ("airtable_endpoint_url", "https://api.airtable.com"),
        ("public_base_url", None),
        ("twilio_secret", None),
        ("bridge_config", None),
    ],
)
def test_optional(attribute: str, expected: str | None) -> None:
    """What need not be set has its default."""
    assert expected == getattr(Settings({}), attribute)


@pytest.mark.parametrize(
    ("name", "alias", "attribute", "value"),
    [
        ("TWILIO_ACCOUNT_SID", "ACCOUNT_SID", "twilio_account_sid", ACCOUNT),
        ("AIRTABLE_TOKEN", "AIRTABLE_API_KEY", "airtable_token", VALUE),
    ],
)
def test_aliases(name: str, alias: str, attribute: str, value: str) -> None:
    """An alias is as good as the name, which wins where both are set."""
    assert value == getattr(Settings({alias: value}), attribute)
    assert value == getattr(Settings({alias: value, name: " "}), attribute)
    assert value == getattr(Settings({name: value, alias: "AC" + "1" * 32}), attribute)


def test_alias_is_named() -> None:
    """A missing setting is named with its alias."""
    with pytest.raises(SettingError, match=r"TWILIO_AUTH_TOKEN \(or AUTH_TOKEN\) is missing"):
        _ = Settings({}).twilio_auth_tokens


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("one", ("one",)),
        (" one ", ("one",)),
        ("one,two", ("one", "two")),
        ("one, two ,", ("one", "two")),
        (",one", ("one",)),
    ],
)
@pytest.mark.parametrize("name", ["TWILIO_AUTH_TOKEN", "AUTH_TOKEN"])
def test_several_tokens(name: str, given: str, expected: tuple[str, ...]) -> None:
    """While tokens are rotated there are several."""
    assert expected == Settings({name: given}).twilio_auth_tokens


def test_environment_before_secret() -> None:
    """The environment wins, and the secret is not even read."""
    settings = Settings({"TWILIO_SECRET": "stack/twilio", "TWILIO_AUTH_TOKEN": "one"}, nothing)

    assert settings.twilio_auth_tokens == ("one",)


@pytest.mark.parametrize("key", ["TWILIO_AUTH_TOKEN", "AUTH_TOKEN"])
def test_secret(key: str) -> None:
    """What the environment lacks stands in the secret, under the name or its alias."""
    assert with_secret({key: "one,two"}).twilio_auth_tokens == ("one", "two")


def test_alias_in_the_environment_before_secret() -> None:
    """An alias in the environment wins over the name in the secret."""
    assert with_secret({"TWILIO_AUTH_TOKEN": "two"}, AUTH_TOKEN="one").twilio_auth_tokens == ("one",)


def test_each_secret_holds_its_own() -> None:
    """Twilio's secret is not asked for Airtable's settings."""
    with pytest.raises(SettingError, match="AIRTABLE_TOKEN"):
        _ = Settings({"TWILIO_SECRET": "stack/twilio"}, nothing).airtable_token
    assert Settings({"AIRTABLE_SECRET": "a"}, {"a": {"AIRTABLE_TOKEN": "x"}}.__getitem__).airtable_token == "x"


def test_malformed_secret() -> None:
    """What a secret holds is checked like the environment."""
    with pytest.raises(SettingError, match="TWILIO_ACCOUNT_SID is malformed") as raised:
        _ = with_secret({"TWILIO_ACCOUNT_SID": VALUE}).twilio_account_sid

    assert VALUE not in str(raised.value)


def test_failing_secret() -> None:
    """A secret that cannot be read is that error, not a missing setting."""
    with pytest.raises(KeyError):
        _ = Settings({"TWILIO_SECRET": "stack/other"}, {"stack/twilio": {"a": "b"}}.__getitem__).twilio_auth_tokens


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": "one,two"}, (ACCOUNT, "one")),
        ({"TWILIO_API_KEY_SID": KEY, "TWILIO_API_KEY_SECRET": "x", "TWILIO_AUTH_TOKEN": "one"}, (KEY, "x")),
    ],
)
def test_login(environment: dict[str, str], expected: tuple[str, str]) -> None:
    """The REST API is spoken to with the API key where there is one."""
    assert expected == Settings(environment).twilio_login


def test_half_a_login() -> None:
    """An API key without its secret is an error, not a silent return to the auth token."""
    with pytest.raises(SettingError, match="TWILIO_API_KEY_SECRET"):
        _ = Settings({"TWILIO_API_KEY_SID": KEY, "TWILIO_AUTH_TOKEN": "one"}).twilio_login


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://a.example.com", "https://a.example.com"),
        ("https://a.example.com/", "https://a.example.com"),
        ("https://a.example.com/x/", "https://a.example.com/x"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
    ],
)
def test_public_base_url(given: str, expected: str) -> None:
    """The public address has no slash at its end, so a path can follow."""
    assert expected == Settings({"PUBLIC_BASE_URL": given}).public_base_url


@pytest.mark.parametrize("number", ["+14155550100", "whatsapp:+14155550100", " +14155550100 "])
def test_numbers(number: str) -> None:
    """A sender is E.164, with or without WhatsApp's prefix."""
    assert number.strip() == Settings({"TWILIO_WHATSAPP_NUMBER": number}).twilio_whatsapp_number


def test_the_account_that_the_environment_names() -> None:
    """No secret is asked for it: not every function may read Twilio's."""
    secret = {"TWILIO_SECRET": "stack/twilio"}
    assert None is Settings(secret, nothing).named_account_sid
    assert ACCOUNT == Settings({**secret, "ACCOUNT_SID": ACCOUNT}, nothing).named_account_sid


def test_where_flex_is_served_from() -> None:
    """Twilio's own address unless others are named."""
    assert ("https://flex.twilio.com",) == Settings({}).flex_origins
    given = Settings({"FLEX_ORIGINS": "https://a.example.com, https://b.example.com,"})
    assert ("https://a.example.com", "https://b.example.com") == given.flex_origins


def test_the_task_complete_secret_stands_with_twilio_s() -> None:
    """It may, for a plugin needs none."""
    assert VALUE == with_secret({"TASK_COMPLETE_SECRET": VALUE}).task_complete_secret
    assert None is with_secret({}).task_complete_secret


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("webhooks_sharedkey_1=one", {"webhooks_sharedkey_1": "one"}),
        (
            "webhooks_sharedkey_1=b25l==, webhooks_sharedkey_2=two",
            {"webhooks_sharedkey_1": "b25l==", "webhooks_sharedkey_2": "two"},
        ),
        ("b25l==", {"": "b25l=="}),
        ("webhooks_sharedkey_1=one,,", {"webhooks_sharedkey_1": "one"}),
        ("", {}),
    ],
)
def test_shared_keys(given: str, expected: dict[str, str]) -> None:
    """By their id, or one for all; a secret may end like base64."""
    assert expected == Settings({"TWILIO_SHARED_KEYS": given}).twilio_shared_keys


class TestProxy:
    """The proxy's settings, under the names that other connectors have for them."""

    def test_without_a_word_there_is_none(self) -> None:
        assert Settings({}, nothing).proxy_to("TWILIO") is None
        assert Settings({"PROXY_ENABLED": "false", "PROXY_SERVER": "proxy:3128"}, nothing).proxy_to("TWILIO") is None

    @pytest.mark.parametrize("upper", [True, False])
    def test_all_of_it_may_stand_in_the_environment(self, upper: bool) -> None:
        given = {
            "proxy_enabled": "true",
            "proxy_auth_scheme": "DIGEST",
            "proxy_user": "bridge",
            "proxy_password": VALUE,
            "proxy_ssltype": "ALWAYS",
        }
        named = {name.upper() if upper else name: value for name, value in given.items()}
        more = {"PROXY_SERVER": "proxy:3128", "REQUESTS_CA_BUNDLE": "/opt/ca.pem"}
        found = Settings({**named, **more}, nothing).proxy_to("BREVO")
        assert found == Proxy("proxy:3128", "DIGEST", "bridge", VALUE, "ALWAYS", "/opt/ca.pem")
        assert VALUE not in repr(found)

    def test_its_login_may_stand_in_the_vendors_secret(self) -> None:
        environment = {"PROXY_ENABLED": "TRUE", "PROXY_SERVER": "proxy:3128", "PROXY_AUTH_SCHEME": "BASIC"}
        found = with_secret({"PROXY_USER": "bridge", "PROXY_PASSWORD": VALUE}, **environment)
        assert found.proxy_to("TWILIO") == Proxy("proxy:3128", "BASIC", "bridge", VALUE)

    def test_without_a_login_no_secret_is_read(self) -> None:
        environment = {"PROXY_ENABLED": "true", "PROXY_SERVER": "proxy:3128", "TWILIO_SECRET": "stack/twilio"}
        assert Settings(environment, nothing).proxy_to("TWILIO") == Proxy("proxy:3128")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("PROXY_ENABLED", "perhaps"),
            ("PROXY_SERVER", "http://proxy"),
            ("PROXY_SERVER", f"user:{VALUE}@proxy:3128"),
            ("PROXY_AUTH_SCHEME", "NTLM"),
            ("PROXY_SSLTYPE", "SOMETIMES"),
        ],
    )
    def test_a_malformed_one_is_named(self, name: str, value: str) -> None:
        environment = {"PROXY_ENABLED": "true", "PROXY_SERVER": "proxy:3128", name: value}
        with pytest.raises(SettingError, match=f"{name} is malformed; it should be") as raised:
            Settings(environment, nothing).proxy_to("AIRTABLE")
        assert VALUE not in str(raised.value)

    @pytest.mark.parametrize("name", ["PROXY_USER", "PROXY_PASSWORD"])
    def test_a_login_that_is_wanted_is_required(self, name: str) -> None:
        environment = {"PROXY_ENABLED": "true", "PROXY_SERVER": "proxy:3128", "PROXY_AUTH_SCHEME": "BASIC"}
        login = {"PROXY_USER": "bridge", "PROXY_PASSWORD": VALUE}
        del login[name]
        with pytest.raises(SettingError, match=f"{name}.* is missing"):
            Settings({**environment, **login}, nothing).proxy_to("TWILIO")


@pytest.mark.parametrize(("given", "nodes"), [("", 2), ("1", 1), ("50", 50)])
def test_nodes(given: str, nodes: int) -> None:
    assert Settings({"TWILIO_NODES": given}).twilio_nodes == nodes


@pytest.mark.parametrize("given", ["0", "51", "two", "-1"])
def test_nodes_are_one_to_fifty(given: str) -> None:
    with pytest.raises(SettingError, match="TWILIO_NODES is malformed; it should be a whole number from 1 to 50"):
        _ = Settings({"TWILIO_NODES": given}).twilio_nodes
