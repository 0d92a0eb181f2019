"""Decoding what Event Streams put on the stream: every form they come in, and everything that is none."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.support.tasks import NINE, TASK, event, stamp
from twilio_bridge.support.cloud_events import LATEST, decode_record, parse_object, parse_time

SAMPLES = sorted((Path(__file__).parents[3] / "events/event_streams/samples").glob("*.json"))
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda parse_object: (
        st.lists(parse_object, max_size=3) | st.dictionaries(st.text(max_size=8), parse_object, max_size=4)
    ),
    max_leaves=10,
)


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_is_read(path: Path) -> None:
    """Each of Twilio's samples is one event or several, and nothing in it is poison."""
    decoded = decode_record(path.read_bytes(), NINE)
    assert decoded.events
    assert [] == decoded.poison


def test_an_event_is_read() -> None:
    """TaskRouter's payload is what the event says, its EV… what it is known by, and its timestamp when it was."""
    given = event("task.created", 5)
    read = decode_record(raw(given), 0).events[0]
    assert "taskrouter.task.created" == read.type
    assert given["data"]["payload"]["sid"] == read.id
    assert (NINE + 5_000, TASK) == (read.at, read.data["task_sid"])


def test_data_may_be_a_text() -> None:
    """Kinesis sinks send data as JSON in a text: it reads the same, and so does a payload in a text."""
    given = event("task.created")
    as_text = {**given, "data": json.dumps(given["data"])}
    twice = {**given, "data": json.dumps({"payload": json.dumps(given["data"]["payload"])})}
    read = [decode_record(raw(each), 0).events for each in (given, as_text, twice)]
    assert read[0] == read[1] == read[2]


def test_an_array_holds_several() -> None:
    """Webhook sinks batch events into an array; one that is poison leaves the others alone."""
    decoded = decode_record(raw([event("task.created"), {"id": "x"}, event("task.completed", 9)]), 0)
    assert ["taskrouter.task.created", "taskrouter.task.completed"] == [each.type for each in decoded.events]
    assert [("it has no type", raw({"id": "x"}))] == [(each.reason, each.raw) for each in decoded.poison]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        (b"{", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"1" * 5_000, "it is no JSON"),
        (b'"text"', "it is no JSON object"),
        (b"null", "it is no JSON object"),
        (b"[1]", "it is no JSON object"),
        (b'{"id":"x"}', "it has no type"),
        (b'{"type":7,"id":"x"}', "it has no type"),
        (b'{"type":"com.twilio.x"}', "it has no id"),
        (b'{"type":"com.twilio.x","id":{}}', "it has no id"),
        (b'{"type":"com.twilio.x","id":"x","data":"{"}', "its data is no JSON"),
        (b'{"type":"com.twilio.x","id":"x","data":[1]}', "its data is no JSON object"),
        (b'{"type":"com.twilio.taskrouter.x","id":"x","data":{"payload":"["}}', "its data is no JSON"),
    ],
)
def test_what_is_no_event_is_poison(data: bytes, reason: str) -> None:
    """It is kept as it came, with the reason."""
    decoded = decode_record(data, 0)
    assert [] == decoded.events
    assert [(reason, data)] == [(each.reason, each.raw) for each in decoded.poison]


@pytest.mark.parametrize("data", [None, "", " ", {}])
def test_no_data_is_none(data: object) -> None:
    """An event without data says nothing more than its type."""
    assert {} == decode_record(raw({"type": "com.twilio.x", "id": "x", "data": data}), 0).events[0].data


@pytest.mark.parametrize(
    ("time", "at"),
    [
        (stamp(7), NINE + 7_000),
        ("2026-03-02T09:00:00", NINE),
        ("2026-03-02T10:00:00+01:00", NINE),
        (None, 1),
        ("application/json", 1),
        ("0001-01-01T00:00:00Z", 1),
        ("9999-12-31T23:59:59-23:59", 1),
        (1_772_442_000, 1),
    ],
)
def test_a_time_may_be_missing_or_mad(time: object, at: int) -> None:
    """Then the moment of its arrival is taken."""
    assert at == decode_record(raw({"type": "com.twilio.x", "id": "x", "time": time}), 1).events[0].at


def test_taskrouter_s_own_time_counts() -> None:
    """The payload's timestamp goes before the wrapper's, and that before the envelope's."""
    document: dict[str, Any] = {"type": "com.twilio.taskrouter.x", "id": "x", "time": stamp(3)}
    wrapper = {"timestamp": stamp(2), "payload": {"timestamp": stamp(1)}}
    assert NINE + 1_000 == decode_record(raw({**document, "data": wrapper}), 0).events[0].at
    assert NINE + 2_000 == decode_record(raw({**document, "data": {**wrapper, "payload": {"a": 1}}}), 0).events[0].at
    assert NINE + 3_000 == decode_record(raw({**document, "data": {"payload": {"a": 1}}}), 0).events[0].at


def test_a_long_id_is_shortened() -> None:
    """It has to fit an attribute's name; the same id stays the same."""
    ids = [decode_record(raw({"type": "com.twilio.x", "id": "x" * 5_000}), 0).events[0].id for _ in range(2)]
    assert ids[0] == ids[1]
    assert 64 == len(ids[0])


def test_half_a_character_becomes_a_question_mark() -> None:
    """No store takes lone surrogates, however deep they are escaped."""
    inside = json.dumps({"name": "\ud800"})
    document = {"type": "com.twilio.x", "id": "\udfff", "data": json.dumps({"text": "a\ud83d", "deep": inside})}
    read = decode_record(raw(document), 0).events[0]
    assert ("?", "a?") == (read.id, read.data["text"])
    assert {"name": "?"} == parse_object(read.data["deep"])


def test_what_is_no_number_is_unknown() -> None:
    """NaN and Infinity are no JSON, though Python's reader takes them."""
    assert {"a": None} == decode_record(b'{"type":"x","id":"x","data":{"a":NaN}}', 0).events[0].data


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "7", None, 7])
def test_inner_json_is_read_leniently(text: object) -> None:
    """Attributes may be empty, null or broken: then nothing is known."""
    assert {} == parse_object(text)


def test_moments_have_bounds() -> None:
    """A time outside our century is a mistake."""
    assert parse_time("2099-12-31T23:59:59Z") is not None
    assert parse_time("2100-01-02T00:00:00Z") is None
    assert LATEST == parse_time("2100-01-01T00:00:00Z")


@given(JSON)
def test_anything_is_an_event_or_poison(document: object) -> None:
    """Whatever JSON comes, decoding ends, and loses nothing."""
    decoded = decode_record(raw(document), 0)
    pieces = document if isinstance(document, list) else [document]
    assert len(pieces) == len(decoded.events) + len(decoded.poison)


@given(st.binary())
def test_any_bytes_are_an_event_or_poison(data: bytes) -> None:
    """Whatever bytes come, decoding ends."""
    decoded = decode_record(data, 0)
    assert decoded.poison or decoded.events or b"[" in data


@given(st.dictionaries(st.sampled_from(["type", "id", "time", "data"]), JSON))
def test_odd_envelopes(document: Mapping[str, object]) -> None:
    """Whatever an envelope's parts are, there is one answer."""
    decoded = decode_record(raw({"type": "com.twilio.taskrouter.task.created", "id": "x", **document}), 0)
    assert 1 == len(decoded.events) + len(decoded.poison)
