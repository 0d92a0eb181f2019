"""The configuration in force is the file named, else the stored one, else the packaged one."""

from pathlib import Path

import pytest

from tests.contract.support import SYNC_STATE, Aws
from twilio_bridge.adapters.configuration import KEEP_S, Configuration, store, stored
from twilio_bridge.config import Config
from twilio_bridge.errors import SettingError

ALL = "contacts: {visibility: all}"


class Watch:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


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
        ("contacts: {tables: x}", "contacts.tables: no such key; did you mean table"),
        ("contacts: [", "no YAML"),
        ("- a\n- b", "the file"),
        ("just text", "the file"),
        ("contacts: {fresh_s: soon}", "contacts.fresh_s"),
    ],
)
def test_a_broken_stored_one_is_a_setting_error(aws: Aws, watch: Watch, text: str, named: str) -> None:
    """It names what is wrong; nothing else is put in its place."""
    aws.table(SYNC_STATE).put({"pk": "config", "sk": "bridge.yaml", "text": text})
    with pytest.raises(SettingError, match=named):
        Configuration(aws.table(SYNC_STATE), None, watch).current()


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
