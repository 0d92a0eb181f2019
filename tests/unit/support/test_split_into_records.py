"""What a webhook sink sent becomes records of the stream: none is lost, none is larger than Kinesis takes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.support.tasks import event
from twilio_bridge.support.cloud_events import MAX_RECORD_BYTES, split_into_records


def large(number: int) -> dict[str, Any]:
    return event("task.created", number=number, note="x" * 100_000)


def test_a_body_is_a_record() -> None:
    """As it came, byte by byte, arrays and rubbish included."""
    for body in (b' [{"id": 1}, {"id": 2}]', b"{", b"", b"[]"):
        assert [body] == [data for _, data in split_into_records(body)]


def test_a_large_array_is_cut_into_events() -> None:
    """Kinesis takes a megabyte a record."""
    events = [large(number) for number in range(12)]
    found = split_into_records(json.dumps(events).encode())
    assert events == [json.loads(data) for _, data in found]
    assert all(len(data) <= MAX_RECORD_BYTES for _, data in found)


@pytest.mark.parametrize(
    "body",
    [b'{"id": "' + b"x" * MAX_RECORD_BYTES + b'"}', b"{" + b"x" * MAX_RECORD_BYTES, b"7" * (MAX_RECORD_BYTES + 1)],
)
def test_nothing_large_is_lost(body: bytes) -> None:
    """What cannot be cut is put there whole, or refused there: it does not vanish."""
    assert [body] == [data for _, data in split_into_records(body)]


@given(st.binary(max_size=50))
def test_the_same_body_makes_the_same_records(body: bytes) -> None:
    """Its partition key, too, which Kinesis takes up to 256 characters of."""
    assert split_into_records(body) == split_into_records(body)
    assert all(0 < len(key) <= 256 for key, _ in split_into_records(body))


def test_events_lie_on_different_shards() -> None:
    """The keys of different events differ."""
    keys = [key for key, _ in split_into_records(json.dumps([large(number) for number in range(12)]).encode())]
    assert 12 == len({*keys})
