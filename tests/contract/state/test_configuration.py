"""The configuration in force is the file named, else the stored one, else the packaged one."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from twilio_bridge.adapters.state.configuration import KEEP_S, RETRY_S, Configuration, store, stored
from twilio_bridge.config.schema import Config
from twilio_bridge.errors import SettingError, UnavailableError
from twilio_bridge.logs import logger

ALL = "contacts: {visibility: all}"
Log = Callable[[], list[dict[str, Any]]]


class Watch:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    stream = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def put(aws: Aws, text: str) -> None:
    """Store a text that nobody checks."""
    aws.table(SYNC_STATE).put({"pk": "config", "sk": "bridge.yaml", "text": text})


def test_the_packaged_one_holds_where_nothing_else_does(aws: Aws, watch: Watch) -> None:
    """It is the defaults."""
    assert Config() == Configuration(aws.table(SYNC_STATE), None, watch).current()


def test_a_stored_one_takes_its_place(aws: Aws, watch: Watch) -> None:
    """What was put is in force, and can be read back."""
    store(aws.table(SYNC_STATE), ALL)
    assert ALL == stored(aws.table(SYNC_STATE))
    assert "all" == Configuration(aws.table(SYNC_STATE), None, watch).current().contacts.visibility


def test_a_file_comes_before_the_stored_one(aws: Aws, watch: Watch, tmp_path: Path) -> None:
    """The file that is named holds, its text read as UTF-8."""
    store(aws.table(SYNC_STATE), ALL)
    file = tmp_path / "bridge.yaml"
    file.write_text("contacts: {table: Künden}", encoding="utf-8")
    found = Configuration(aws.table(SYNC_STATE), str(file), watch).current()
    assert ("Künden", "owner") == (found.contacts.table, found.contacts.visibility)


def test_it_is_kept_for_five_minutes(aws: Aws, watch: Watch) -> None:
    """A change is seen after that, and asked for no sooner."""
    configuration = Configuration(aws.table(SYNC_STATE), None, watch)
    configuration.current()
    store(aws.table(SYNC_STATE), ALL)
    watch.at += KEEP_S - 1
    assert [] == aws.count(configuration.current)
    assert "owner" == configuration.current().contacts.visibility
    watch.at += 1
    assert "all" == configuration.current().contacts.visibility


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("contacts: {tables: x}", "contacts.tables: no such key; did you mean table?"),
        ("contacts: [", "no YAML"),
        ("- a\n- b", "the file"),
        ("just text", "the file"),
        ("contacts: {fresh_s: soon}", "contacts.fresh_s"),
    ],
)
def test_a_broken_stored_one_leaves_the_packaged_one(aws: Aws, watch: Watch, log: Log, text: str, named: str) -> None:
    """Callbacks are answered, and the log names what is wrong."""
    put(aws, text)
    assert Config() == Configuration(aws.table(SYNC_STATE), None, watch).current()
    (line,) = log()
    assert (line["level"], line["message"]) == ("ERROR", "the stored configuration cannot be used")
    assert named in line["reason"]


def test_a_broken_stored_one_leaves_the_one_before(aws: Aws, watch: Watch, log: Log) -> None:
    """What was in force stays; a minute later it is asked for again, and a good one holds at once."""
    configuration = Configuration(aws.table(SYNC_STATE), None, watch)
    put(aws, ALL)
    configuration.current()
    put(aws, "contacts: {tables: x}")
    watch.at += KEEP_S
    assert "all" == configuration.current().contacts.visibility
    put(aws, "contacts: {table: People}")
    watch.at += RETRY_S - 1
    assert [] == aws.count(configuration.current)
    watch.at += 1
    assert ("People", "owner") == (configuration.current().contacts.table, configuration.current().contacts.visibility)
    watch.at += KEEP_S - 1
    assert [] == aws.count(configuration.current)
    assert ["ERROR"] == [line["level"] for line in log()]


def test_a_table_that_fails_leaves_the_one_before(aws: Aws, watch: Watch, log: Log) -> None:
    """It is asked again a minute later."""
    aws.make("Own", SYNC_STATE).put({"pk": "config", "sk": "bridge.yaml", "text": ALL})
    configuration = Configuration(aws.table("Own"), None, watch)
    configuration.current()
    aws.client.delete_table(TableName="Own")
    watch.at += KEEP_S
    assert "all" == configuration.current().contacts.visibility
    assert [] == aws.count(configuration.current)
    watch.at += RETRY_S
    assert ["GetItem"] == aws.count(configuration.current)
    assert ["WARNING", "WARNING"] == [line["level"] for line in log()]


def test_a_table_that_fails_at_first_is_an_error(aws: Aws, watch: Watch) -> None:
    """Nobody knows then whether something is stored: the packaged one could be the wrong one."""
    with pytest.raises(UnavailableError):
        Configuration(aws.table("Nowhere"), None, watch).current()


def test_a_broken_file_is_a_setting_error(aws: Aws, watch: Watch, tmp_path: Path) -> None:
    """Whoever runs it locally is told at once, also of a later mistake."""
    file = tmp_path / "bridge.yaml"
    file.write_text(ALL, encoding="utf-8")
    configuration = Configuration(aws.table(SYNC_STATE), str(file), watch)
    configuration.current()
    file.write_text("contacts: {tables: x}", encoding="utf-8")
    watch.at += KEEP_S
    with pytest.raises(SettingError, match="no such key"):
        configuration.current()


def test_a_broken_one_is_not_stored(aws: Aws) -> None:
    """What is in force stays in force."""
    store(aws.table(SYNC_STATE), ALL)
    with pytest.raises(SettingError):
        store(aws.table(SYNC_STATE), "contacts: {tables: x}")
    assert ALL == stored(aws.table(SYNC_STATE))


def test_the_largest_configuration_fits(aws: Aws) -> None:
    """350,000 bytes can be stored, one more cannot."""
    text = "# " + "é" * 174_999
    store(aws.table(SYNC_STATE), text)
    assert text == stored(aws.table(SYNC_STATE))
    with pytest.raises(SettingError, match="350,000"):
        store(aws.table(SYNC_STATE), text + "x")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(aws: Aws, watch: Watch, tmp_path: Path, content: bytes | None) -> None:
    """Missing, or no text: the setting that named it is."""
    file = tmp_path / "bridge.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingError, match="BRIDGE_CONFIG"):
        Configuration(aws.table(SYNC_STATE), str(file), watch).current()
