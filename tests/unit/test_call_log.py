"""The line a request: who was called, how, with what outcome; never whom it was about."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from twilio_bridge.adapters.call_log import CallLog, describe_path, log_calls
from twilio_bridge.wiring import base

SID = "1" * 32
ACCOUNT = f"AC{SID}"


@pytest.mark.parametrize(
    ("vendor", "url", "path"),
    [
        (
            "twilio",
            f"https://api.twilio.com/2010-04-01/Accounts/AC{SID}/Messages/SM{SID}.json",
            "Accounts/{}/Messages/{}",
        ),
        (
            "twilio",
            f"https://api.twilio.com/2010-04-01/Accounts/AC{SID}/Messages.json?To=%2B49151",
            "Accounts/{}/Messages.json",
        ),
        ("twilio", "http://127.0.0.1:1/conversations/v1/Users/anna/Conversations", "Users/{}/Conversations"),
        ("twilio", "https://conversations.twilio.com/v1/Users/anna%40example.com", "Users/{}"),
        ("twilio", f"https://taskrouter.twilio.com/v1/Workspaces/WS{SID}/Tasks/WT{SID}", "Workspaces/{}/Tasks/{}"),
        ("twilio", "https://taskrouter.twilio.com/v1/Workspaces/v1/Tasks/v1", "Workspaces/{}/Tasks/{}"),
        ("brevo", "https://api.brevo.com/v3/contacts/anna@example.com?identifierType=email_id", "contacts/{}"),
        ("brevo", "https://api.brevo.com/v3/contacts/%2B4915112345678", "contacts/{}"),
        ("brevo", "https://api.brevo.com/v3/contacts/attributes/normal/FIRSTNAME", "contacts/{}/normal/{}"),
        ("brevo", "https://api.brevo.com/v3/events", "events"),
        ("airtable", "https://api.airtable.com/v0/app1/Customers/rec1", "{}/{}/{}"),
        ("airtable", "https://api.airtable.com/v0/meta/bases/app1/tables", "meta/bases/{}/tables"),
        ("airtable", "https://api.airtable.com/v0/bases/app1/webhooks/ach1/payloads", "bases/{}/webhooks/{}/payloads"),
    ],
)
def test_a_path_keeps_the_vendors_words_only(vendor: str, url: str, path: str) -> None:
    version = next(each for each in url.split("/") if each in {"v0", "v1", "v3", "2010-04-01"})
    assert describe_path(vendor, url) == f"/{version}/{path}"


@pytest.mark.parametrize("url", ["https://api.twilio.com", "https://api.twilio.com/", "", "/anna/+49151"])
def test_a_path_without_a_version_is_hidden_where_it_names_items(url: str) -> None:
    assert "+49151" not in describe_path("twilio", url)


@pytest.fixture
def switch() -> Iterator[Callable[[bool], None]]:
    count = CallLog.count
    yield lambda wanted: setattr(CallLog, "wanted", wanted)
    CallLog.wanted, CallLog.count = False, count


@pytest.mark.parametrize(("wanted", "level"), [(True, "INFO"), (False, "DEBUG")])
def test_the_configuration_decides_the_level(
    *, wanted: bool, level: str, switch: Callable[[bool], None], caplog: pytest.LogCaptureFixture
) -> None:
    switch(wanted)
    assert call(caplog, lambda: response(201))["levelname"] == level


@pytest.mark.usefixtures("switch")
def test_whoever_asks_twilio_has_read_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a function that needs nothing else of it, as SyncFunction when it lists the account's numbers."""
    config = tmp_path / "bridge.yaml"
    config.write_text("connectors: {twilio_flex: {log_api_calls: true}}")
    given = {
        "BRIDGE_CONFIG": str(config),
        "SYNC_STATE_TABLE": "s",
        "CONTACT_CACHE_TABLE": "c",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    for cached in (base.settings, base._configuration, base._tables):
        cached.cache_clear()

    base.account((ACCOUNT, "token"))

    assert CallLog.wanted
    for cached in (base.settings, base._configuration, base._tables):
        cached.cache_clear()


def test_a_failure_is_named(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> requests.Response:
        raise requests.ReadTimeout("to +4915112345678")

    line = call(caplog, fail)
    assert ("ReadTimeout", "POST", "/v1/Users/{}") == (line["status"], line["method"], line["path"])
    assert "4915112345678" not in str(line)


def call(caplog: pytest.LogCaptureFixture, answer: Callable[[], requests.Response]) -> dict[str, object]:
    """Return the one line of a request that ends so."""
    caplog.set_level("DEBUG", logger="twilio-bridge")
    session = requests.Session()
    session.send = lambda *_arguments, **_options: answer()  # type: ignore[method-assign]
    log_calls(session, "twilio")
    with suppress(requests.RequestException):
        session.post("https://conversations.twilio.com/v1/Users/anna", json={"body": "secret"}, auth=("a", "secret"))
    (line,) = caplog.records
    assert "secret" not in str(vars(line))
    return vars(line)


def response(status: int) -> requests.Response:
    """Return an answer of this status."""
    found = requests.Response()
    found.status_code = status
    return found
