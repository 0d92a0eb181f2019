"""Secrets are read when needed, kept five minutes, and read again early at most once a minute."""

import json
from collections.abc import Iterator

import pytest

from tests.contract.tables import Aws, aws_client
from twilio_bridge.adapters.aws.secrets import Secrets, SigningTokens
from twilio_bridge.errors import NoSecretError, SettingError, UnavailableError
from twilio_bridge.settings import Settings

SECRET = "bridge/twilio"
READING = "before-call.secrets-manager.GetSecretValue"


class Watch:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


class Store:
    """Secrets Manager with one secret, and how often it was read."""

    def __init__(self) -> None:
        self.client = aws_client("secretsmanager")
        self.reads = 0
        self.watch = Watch()
        self.secrets = Secrets(self.client, self.watch)
        self.client.meta.events.register(READING, self._note)

    def close(self) -> None:
        self.client.meta.events.unregister(READING, self._note)

    def put(self, text: str) -> None:
        self.client.create_secret(Name=SECRET, SecretString=text)

    def change(self, **values: object) -> None:
        self.client.put_secret_value(SecretId=SECRET, SecretString=json.dumps(values))

    def tokens(self) -> SigningTokens:
        environment = {"TWILIO_SECRET": SECRET}
        return SigningTokens(Settings(environment, self.secrets.read), self.secrets)

    def _note(self, **_more: object) -> None:
        self.reads += 1


@pytest.fixture
def store(aws: Aws) -> Iterator[Store]:
    assert aws
    found = Store()
    yield found
    found.close()


def test_a_secret_is_read_once_in_five_minutes(store: Store) -> None:
    """What changes meanwhile is seen after that."""
    store.put('{"TWILIO_AUTH_TOKEN": "old"}')
    assert {"TWILIO_AUTH_TOKEN": "old"} == store.secrets.read(SECRET)
    store.change(TWILIO_AUTH_TOKEN="new")
    store.watch.at += 299
    assert {"TWILIO_AUTH_TOKEN": "old"} == store.secrets.read(SECRET)
    assert 1 == store.reads
    store.watch.at += 1
    assert {"TWILIO_AUTH_TOKEN": "new"} == store.secrets.read(SECRET)


def test_a_secret_is_forgotten_once_a_minute(store: Store) -> None:
    """However often somebody asks for that, it is read again once a minute at most."""
    store.put('{"TWILIO_AUTH_TOKEN": "old"}')
    store.secrets.read(SECRET)
    store.watch.at += 59
    assert not store.secrets.forget(SECRET)
    store.watch.at += 1
    for _ in range(5):
        store.secrets.forget(SECRET)
        store.secrets.read(SECRET)
    assert 2 == store.reads


def test_a_rotated_token_is_accepted_without_a_deployment(store: Store) -> None:
    """A signature that fails has the secret read again; several tokens hold while they are rotated."""
    store.put('{"TWILIO_AUTH_TOKEN": "old"}')
    tokens = store.tokens()
    assert ("old",) == tokens.read_tokens()
    store.change(TWILIO_AUTH_TOKEN="new, old")
    assert () == tokens.reread_tokens()
    store.watch.at += 61
    assert ("new", "old") == tokens.reread_tokens()
    assert ("new", "old") == tokens.read_tokens()
    assert () == tokens.reread_tokens()
    assert 2 == store.reads


def test_strangers_cannot_have_the_secret_read_over_and_over(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Secrets Manager is away, what is known goes on to hold, and it is asked once a minute."""
    store.put('{"TWILIO_AUTH_TOKEN": "token"}')
    tokens = store.tokens()
    tokens.read_tokens()
    store.watch.at += 61
    asked = 0

    def fail(_id: str) -> dict[str, str]:
        nonlocal asked
        asked += 1
        raise UnavailableError("secrets manager", "away")

    monkeypatch.setattr(store.secrets, "_fetch", fail)
    for _ in range(5):
        assert tokens.reread_tokens() in ((), ("token",))
        assert ("token",) == tokens.read_tokens()
    assert 1 == asked
    store.watch.at += 61
    assert ("token",) == tokens.read_tokens()


def test_tokens_of_the_environment_are_not_renewed() -> None:
    """Where there is no secret there is nothing to read again."""
    secrets = Secrets(aws_client("secretsmanager"))
    tokens = SigningTokens(Settings({"TWILIO_AUTH_TOKEN": "token"}), secrets)
    assert (("token",), ()) == (tokens.read_tokens(), tokens.reread_tokens())


def test_a_missing_secret_is_named(store: Store) -> None:
    """The operator reads which one, and is not told of an outage."""
    with pytest.raises(NoSecretError, match=SECRET):
        store.secrets.read(SECRET)


@pytest.mark.parametrize("text", ["token", "", "[]", '"token"', "null", "5", "{'a': 1}"])
def test_a_secret_that_is_no_object(store: Store, text: str) -> None:
    """It is named, and what it holds is not shown."""
    store.put(text or " ")
    with pytest.raises(SettingError, match=SECRET) as raised:
        store.secrets.read(SECRET)
    assert "token" not in str(raised.value)


@pytest.mark.parametrize("text", ["{", "[]", "null", '"x"', ""])
def test_a_malformed_secret_keeps_the_last_good_one(store: Store, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """A slip of whoever rotates it stops nothing; the log names the secret, not what stands in it."""
    store.put('{"TWILIO_AUTH_TOKEN": "good"}')
    store.secrets.read(SECRET)
    store.client.put_secret_value(SecretId=SECRET, SecretString=text or " ")
    store.watch.at += 301

    assert {"TWILIO_AUTH_TOKEN": "good"} == store.secrets.read(SECRET)
    (line,) = (vars(record) for record in caplog.records)
    assert ("ERROR", True) == (line["levelname"], SECRET in line["reason"])
    assert 'good"' not in str(line)
    store.change(TWILIO_AUTH_TOKEN="new")
    store.watch.at += 61
    assert {"TWILIO_AUTH_TOKEN": "new"} == store.secrets.read(SECRET)


def test_a_binary_secret_is_refused(store: Store) -> None:
    """It is no JSON object either."""
    store.client.create_secret(Name=SECRET, SecretBinary=b"{}")
    with pytest.raises(SettingError, match=SECRET):
        store.secrets.read(SECRET)


def test_values_are_text(store: Store) -> None:
    """Numbers are written out; what is null is not there."""
    store.put('{"TWILIO_AUTH_TOKEN": 12345, "TWILIO_API_KEY_SID": null}')
    assert {"TWILIO_AUTH_TOKEN": "12345"} == store.secrets.read(SECRET)


def test_secrets_manager_that_refuses_is_unavailable(store: Store) -> None:
    """An id that it does not take is an outage, not a crash."""
    with pytest.raises((UnavailableError, SettingError)):
        store.secrets.read("")
