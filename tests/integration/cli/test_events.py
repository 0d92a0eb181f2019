"""`twilio-bridge events` against Kinesis as moto has it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.integration.cli.conftest import Run, write_local_stack
from twilio_bridge_cli import aws

NAME = "bridge-EventStream-1"
EVENT = {"type": "com.twilio.taskrouter.task.created", "id": "EV1", "data": {"payload": {"task_sid": "WT1"}}}
OUTPUTS = [{"OutputKey": "EventStreamName", "OutputValue": NAME}]


class Stream:
    """A stream of one shard, to look into."""

    def __init__(self, **place: str) -> None:
        self.kinesis: Any = boto3.client("kinesis", region_name="us-east-1", **place)  # type: ignore[call-overload]  # any of its options
        self.kinesis.create_stream(StreamName=NAME, ShardCount=1)

    @property
    def records(self) -> list[Any]:
        place = {"StreamName": NAME, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.kinesis.get_shard_iterator(**place)["ShardIterator"]
        found: list[Any] = self.kinesis.get_records(ShardIterator=iterator)["Records"]
        return found

    @property
    def events(self) -> list[Any]:
        return [json.loads(record["Data"]) for record in self.records]


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Stream]:
    (folder / "event.json").write_text(json.dumps(EVENT))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        yield Stream()


def test_events_are_on_the_stream(run: Run, stream: Stream, folder: Path) -> None:
    """Files in order, unchanged, under the task's SID; the summary goes to stderr."""
    others = [{**EVENT, "id": f"EV{number}", "data": {}} for number in (2, 3)]
    (folder / "more.json").write_text(json.dumps(others))
    result = run("events", "put", "event.json", "more.json", "--stream", NAME)
    assert (0, "") == (result.exit_code, result.stdout), result.stderr
    assert [EVENT, *others] == stream.events
    assert ["WT1", "EV2", "EV3"] == [record["PartitionKey"] for record in stream.records]
    assert f"3 events on {NAME}." in result.stderr


def test_data_can_be_text(run: Run, stream: Stream) -> None:
    """--as-string puts them as Twilio's Kinesis sinks do."""
    assert 0 == run("events", "put", "event.json", "--stream", NAME, "--as-string").exit_code
    assert [{**EVENT, "data": '{"payload":{"task_sid":"WT1"}}'}] == stream.events


def test_what_comes_in_is_put(run: Run, stream: Stream, folder: Path) -> None:
    """A line an event from stdin, several requests with --batch, and one object for programs."""
    lines = "".join(json.dumps({**EVENT, "id": f"EV{number}"}) + "\n" for number in range(5))
    result = run("events", "put", "-", "--stream", NAME, "--batch", "2", "--json", typed=lines)
    assert {"stream": NAME, "events": 5, "failed": 0, "requests": 3} == json.loads(result.stdout)
    assert 0 == run("events", "put", str(folder), "--stream", NAME).exit_code
    assert [*(f"EV{number}" for number in range(5)), "EV1"] == [event["id"] for event in stream.events]


def test_thousands_show_how_far_they_are(run: Run, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal there is a bar; in a pipe there is none."""
    lines = "".join(json.dumps({"type": "t", "id": f"EV{number}"}) + "\n" for number in range(1200))
    assert "Putting" not in run("events", "put", "-", "--stream", NAME, typed=lines).stderr
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("events", "put", "-", "--stream", NAME, typed=lines)
    assert "Putting" in result.stderr
    assert "1,200 events" in result.stderr
    assert "in 3 requests" in result.stderr
    assert 2400 == len(stream.events)


class Stacks:
    """CloudFormation with two stacks, of which one is no bridge."""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  AWS's name
        return {"Stacks": [{"Outputs": OUTPUTS if StackName == "twilio-bridge" else []}]}


def test_the_stream_is_known_by_three_names(
    run: Run, stream: Stream, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EVENT_STREAM in the environment or `.env`, or the stack's output."""
    (folder / ".env").write_text(f"EVENT_STREAM={NAME}\n")
    assert 0 == run("events", "put", "event.json").exit_code
    (folder / ".env").unlink()
    make = aws.make_client
    monkeypatch.setattr(
        aws, "make_client", lambda name, *rest: Stacks() if name == "cloudformation" else make(name, *rest)
    )
    assert 0 == run("events", "put", "event.json", "--stack", "twilio-bridge").exit_code
    other = run("events", "put", "event.json", "--stack", "other")
    assert (2, True) == (other.exit_code, "no output EventStreamName" in other.stderr)
    assert 2 == len(stream.events)


def test_the_local_stack_is_found_by_its_file(run: Run, folder: Path) -> None:
    """Without a name it is the running one's, at its own endpoint, without credentials or a region."""
    (folder / "event.json").write_text(json.dumps(EVENT))
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        made_up = {"aws_access_key_id": "made-up", "aws_secret_access_key": "made-up"}
        stream = Stream(endpoint_url=url, **made_up)
        variables = {"EVENT_STREAM": NAME, "AWS_ENDPOINT_URL": url}
        write_local_stack(folder, url, {"CrmFunction": {}, "EventStreams": variables})
        assert 0 == run("events", "put", "event.json").exit_code
        assert 0 == run("events", "put", "event.json", "--stream", NAME, "--endpoint-url", url).exit_code
        assert [EVENT, EVENT] == stream.events
    finally:
        server.stop()
        stream.kinesis.close()


def test_a_mistake_puts_nothing(run: Run, stream: Stream, folder: Path) -> None:
    """Everything is read first: a wrong line in the last file leaves the stream as it was."""
    (folder / "wrong.jsonl").write_text(f"{json.dumps(EVENT)}\n[]\n")
    result = run("events", "put", "event.json", "wrong.jsonl", "--stream", NAME)
    assert (2, []) == (result.exit_code, stream.events)
    assert "wrong.jsonl:2 is no event" in result.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["event.json"], "local stack is not running"),
        (["event.json", "--stream", "a", "--stack", "b"], "exclude each other"),
        (["missing.json", "--stream", NAME], "cannot be read"),
        (["event.json", "--stream", NAME, "--batch", "501"], "--batch"),
        ([], "FILE"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("stream")
def test_a_mistake_of_the_operators_is_2(run: Run, words: list[str], expected: str) -> None:
    """Usage, in one sentence."""
    result = run("events", "put", *words)
    assert (2, True) == (result.exit_code, expected in result.stderr), result.stderr
    assert not result.stdout


@pytest.mark.usefixtures("stream")
def test_a_stream_that_is_not_there_is_a_refusal(run: Run) -> None:
    """AWS's code, what to look at, and for programs how far it got."""
    result = run("events", "put", "event.json", "--stream", "nowhere", "--json")
    assert (1, "ResourceNotFoundException" in result.stderr) == (result.exit_code, True)
    assert "--region" in result.stderr
    found = json.loads(result.stdout)
    assert (0, 1, True) == (found["events"], found["failed"], "1 of 1 events" in found["error"])


class Full:
    """Kinesis that takes the first request and then nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def put_records(self, StreamName: str, Records: list[Any]) -> dict[str, Any]:  # noqa: N803  AWS's names
        self.asked += 1
        answer = {"SequenceNumber": "1"} if self.asked == 1 else {"ErrorCode": "ProvisionedThroughputExceededException"}
        assert StreamName == NAME
        return {"Records": [answer for _ in Records]}


@pytest.mark.usefixtures("stream")
def test_a_full_stream_is_4(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there and what is not is printed, after as many attempts as the policy has."""
    full = Full()
    monkeypatch.setattr(aws, "make_client", lambda *_: full)
    monkeypatch.setattr("twilio_bridge.retry.time.sleep", lambda _: None)
    lines = "".join(json.dumps({"type": "t", "id": f"EV{number}"}) + "\n" for number in range(3))
    result = run("events", "put", "-", "--stream", NAME, "--batch", "1", "--json", typed=lines)
    assert (4, 11) == (result.exit_code, full.asked)
    found = json.loads(result.stdout)
    assert (1, 2, True) == (found["events"], found["failed"], "did not take them" in found["error"])
    assert "more shards" in result.stderr


def test_aws_out_of_reach_is_4(run: Run, folder: Path) -> None:
    """An endpoint where nobody is: is the local stack running?"""
    (folder / "event.json").write_text(json.dumps(EVENT))
    result = run("events", "put", "event.json", "--stream", NAME, "--endpoint-url", "http://127.0.0.1:9")
    assert (4, "EndpointConnectionError" in result.stderr) == (result.exit_code, True)
