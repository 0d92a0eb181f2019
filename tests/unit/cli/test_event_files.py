"""Events out of files, folders and stdin."""

import io
import json
from pathlib import Path

import pytest

from twilio_bridge_cli.commands.events.event_files import read_events
from twilio_bridge_cli.errors import CommandError

ONE = {"type": "com.twilio.taskrouter.task.created", "id": "EV1"}
TWO = {"type": "com.twilio.taskrouter.task.completed", "id": "EV2"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.json"


def test_a_file_holds_one_event_or_many(file: Path) -> None:
    """An object, an array, or a document a line; empty lines do not matter."""
    for text in (json.dumps(ONE), json.dumps(ONE, indent=2)):
        file.write_text(text)
        assert [(str(file), ONE)] == list(read_events([str(file)]))
    file.write_text(json.dumps([ONE, TWO], indent=2))
    assert [(f"{file} [1]", ONE), (f"{file} [2]", TWO)] == list(read_events([str(file)]))
    file.write_text(f"{json.dumps(ONE)}\n\n{json.dumps(TWO)}\n")
    assert [(f"{file}:1", ONE), (f"{file}:3", TWO)] == list(read_events([str(file)]))


def test_files_are_read_in_the_order_they_are_named(tmp_path: Path) -> None:
    """A folder's own are in order of name, also those of folders in it; other files are not read."""
    (tmp_path / "more").mkdir()
    for name, event in (("b.json", ONE), ("a.jsonl", TWO), ("more/c.ndjson", ONE), ("more/read.me", {})):
        (tmp_path / name).write_text(json.dumps(event))
    assert ["EV2", "EV1", "EV1"] == [event["id"] for _, event in read_events([str(tmp_path)])]
    named = [str(tmp_path / name) for name in ("b.json", "a.jsonl")]
    assert ["EV1", "EV2"] == [event["id"] for _, event in read_events(named)]


def test_what_comes_in_is_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is stdin."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n"))
    assert [("-:1", ONE), ("-:2", TWO)] == list(read_events(["-"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "is empty"),
        (b'{"type": "a"}\n{"type": \n', ":2 is no JSON"),
        (b"{", ":1 is no JSON"),
        (b"[" * 100_000, "(nested too deeply|is no JSON)"),
        (b'[{"type": "a"}, 3]', r"\[2\] is no event"),
        (b'{"id": "EV1"}', "is no event: it should be an object with a type"),
        (b'{"type": 3}', "is no event"),
        (b"\xff\xfe", "is no UTF-8"),
    ],
)
def test_what_is_no_event_is_named_with_its_place(file: Path, text: bytes, expected: str) -> None:
    """File and line, or place in the array."""
    file.write_bytes(text)
    with pytest.raises(CommandError, match=expected) as caught:
        list(read_events([str(file)]))
    assert str(file) in str(caught.value)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing file, and a folder without events."""
    with pytest.raises(CommandError, match="cannot be read"):
        list(read_events([str(tmp_path / "missing.json")]))
    with pytest.raises(CommandError, match="holds no events") as caught:
        list(read_events([str(tmp_path)]))
    assert ".jsonl" in caught.value.remedy
