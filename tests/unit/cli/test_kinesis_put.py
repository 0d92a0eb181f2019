"""Events as records of a stream, in groups, until Kinesis has taken them."""

import json
from typing import Any

import pytest

from twilio_bridge_cli.commands.events import kinesis_put
from twilio_bridge_cli.commands.events.kinesis_put import (
    MAX_PUT_BYTES,
    MAX_PUT_COUNT,
    MAX_RECORD_BYTES,
    NotTakenError,
    Record,
    choose_partition_key,
    group_records,
    put_records,
)
from twilio_bridge_cli.errors import CommandError

TASK = {"type": "t", "id": "EV1", "data": {"payload": {"task_sid": "WT1", "name": "Zoë"}}}
THROTTLED = "ProvisionedThroughputExceededException"


def make_record(event: dict[str, Any], *, as_string: bool = False) -> Record:
    return kinesis_put.make_record("a.json", event, as_string=as_string)


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (TASK, "WT1"),
        ({**TASK, "data": json.dumps(TASK["data"])}, "WT1"),
        ({**TASK, "data": {"payload": {"task_sid": None}}}, "EV1"),
        ({**TASK, "data": {"payload": "text"}}, "EV1"),
        ({**TASK, "data": "no JSON"}, "EV1"),
        ({"type": "t", "id": "x" * 300}, "x" * 256),
    ],
)
def test_a_tasks_events_stay_together(event: dict[str, Any], key: str) -> None:
    """The task's SID, else the event's id, no longer than Kinesis takes."""
    assert key == choose_partition_key(event)


def test_an_event_without_an_id_has_a_key_of_its_own() -> None:
    """Kinesis wants one; two of them do not share it."""
    first, second = choose_partition_key({"type": "t"}), choose_partition_key({"type": "t"})
    assert len({first, second, ""}) == 3


def test_data_are_an_object_or_text() -> None:
    """As they were, or as Twilio's Kinesis sinks write them; text stays text, what has none gets none."""
    assert TASK == json.loads(make_record(TASK).data)
    sent = json.loads(make_record(TASK, as_string=True).data)
    assert json.dumps(TASK["data"], separators=(",", ":"), ensure_ascii=False) == sent["data"]
    assert sent == json.loads(make_record(sent, as_string=True).data)
    assert {"type": "t", "id": "1"} == json.loads(make_record({"type": "t", "id": "1"}, as_string=True).data)


def test_half_a_character_does_not_end_the_command() -> None:
    """A lone surrogate, which JSON may hold and UTF-8 may not, becomes a question mark."""
    assert b'"id":"?"' in make_record({"type": "t", "id": "\ud800"}).data


def test_a_record_is_no_larger_than_kinesis_takes() -> None:
    """1 MiB with its key; the event's place is named."""
    empty = make_record({"type": "", "id": "1"}).size
    assert MAX_RECORD_BYTES == make_record({"type": "x" * (MAX_RECORD_BYTES - empty), "id": "1"}).size
    with pytest.raises(CommandError, match=r"a\.json is larger"):
        make_record({"type": "x" * (MAX_RECORD_BYTES - empty + 1), "id": "1"})


def test_a_request_holds_so_many_and_so_much() -> None:
    """500 records and 5 MB with their keys, in order."""
    small = [Record(b"x", str(number)) for number in range(1001)]
    assert [500, 500, 1] == [len(group) for group in group_records(small)]
    assert small == [each for group in group_records(small) for each in group]
    assert [3, 3, 3, 1] == [len(group) for group in group_records(small[:10], 3)]
    quarter = Record(b"x" * (MAX_PUT_BYTES // 4 - 1), "k")
    assert [4, 1] == [len(group) for group in group_records([quarter] * 5)]
    more = Record(b"x" * (MAX_PUT_BYTES // 4), "k")
    assert [3, 2] == [len(group) for group in group_records([more] * 5)]
    assert [] == list(group_records([]))


class Kinesis:
    """A stream that takes one record of each request only, or none."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.taken: list[str] = []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  AWS's names
        assert (StreamName, len(Records) <= MAX_PUT_COUNT) == ("Events", True)
        self.taken += [each["PartitionKey"] for each in Records[: self.takes]]
        answers = [{"SequenceNumber": "1"}] * self.takes + [{"ErrorCode": THROTTLED}] * (len(Records) - self.takes)
        return {"FailedRecordCount": len(Records) - self.takes, "Records": answers}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("twilio_bridge.retry.time.sleep", waited.append)
    return waited


def test_what_is_not_taken_is_put_again(waits: list[float]) -> None:
    """Only that, after a while that gets longer."""
    kinesis = Kinesis(takes=1)
    group = [Record(b"x", key) for key in "abc"]
    assert 3 == put_records(kinesis, "Events", group)
    assert ["a", "b", "c"] == kinesis.taken
    assert 0.075 <= waits[0] <= 0.125
    assert 0.15 <= waits[1] <= 0.25


def test_what_is_never_taken_is_told(waits: list[float]) -> None:
    """After ten requests, with what is left and Kinesis's reason."""
    with pytest.raises(NotTakenError, match=THROTTLED) as caught:
        put_records(Kinesis(takes=0), "Events", [Record(b"x", "a"), Record(b"x", "b")])
    assert (2, 9) == (caught.value.left, len(waits))
