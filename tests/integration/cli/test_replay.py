"""`twilio-bridge events replay` and `events quarantine` against S3 and Kinesis as moto has them."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.integration.cli.conftest import Run, write_local_stack
from twilio_bridge.adapters.aws.quarantine import S3Quarantine
from twilio_bridge_cli import aws

STREAM, BUCKET = "bridge-EventStream-1", "bridge-quarantine-1"
BOTH = ("--bucket", BUCKET, "--stream", STREAM)
OUTPUTS = [
    {"OutputKey": "EventStreamName", "OutputValue": STREAM},
    {"OutputKey": "QuarantineBucket", "OutputValue": BUCKET},
]
PLACE = {"StreamName": STREAM, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
AT = "2026-03-02T09:00:00.021Z"


class Quarantine:
    """A bucket and a stream of one shard."""

    def __init__(self, **place: str) -> None:
        make: Callable[..., Any] = boto3.client
        self.s3 = make("s3", region_name="us-east-1", **place)
        self.s3.create_bucket(Bucket=BUCKET)
        self.kinesis = make("kinesis", region_name="us-east-1", **place)
        self.kinesis.create_stream(StreamName=STREAM, ShardCount=1)

    def ours(self, record: bytes, day: str = "2026/03/02", reason: str = "it has no id") -> str:
        found = {"reason": reason, "record": base64.b64encode(record).decode(), "received_at": AT}
        return self.put(f"{day}/{hashlib.sha256(record).hexdigest()}.json", found)

    def given_up(self, *records: bytes, day: str = "2026/03/02") -> str:
        data = [{"data": base64.b64encode(record).decode(), "partitionKey": "WT9"} for record in records]
        found = {
            "requestContext": {"condition": "RetryAttemptsExhausted"},
            "timestamp": AT,
            "payload": json.dumps({"Records": [{"kinesis": each} for each in data]}),
        }
        return self.put(f"aws/lambda/c1a2/shardId-000000000000/{day}/2026-03-02T09.00.00-d4e5", found)

    def put(self, key: str, document: object) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document).encode())
        return key

    @property
    def keys(self) -> list[str]:
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    @property
    def stream(self) -> list[tuple[str, bytes]]:
        iterator = self.kinesis.get_shard_iterator(**PLACE)["ShardIterator"]
        records = self.kinesis.get_records(ShardIterator=iterator)["Records"]
        return [(record["PartitionKey"], record["Data"]) for record in records]

    @property
    def data(self) -> list[bytes]:
        return [data for _, data in self.stream]


@pytest.fixture
def quarantine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Quarantine]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with mock_aws():
        yield Quarantine()


def test_both_kinds_are_put_back(run: Run, quarantine: Quarantine) -> None:
    """To the byte; a batch's records with their keys and in order; the objects stay."""
    quarantine.ours(b'{"id":"EV1"}')
    quarantine.given_up(b"first", b"second")
    before = quarantine.keys
    result = run("events", "replay", *BOTH)
    assert (0, "") == (result.exit_code, result.stdout), result.stderr
    assert [("EV1", b'{"id":"EV1"}'), ("WT9", b"first"), ("WT9", b"second")] == quarantine.stream
    assert before == quarantine.keys
    assert f"3 records of 2 objects in {BUCKET} put on {STREAM}." in result.stderr


def test_what_the_function_kept_is_put_back(run: Run, quarantine: Quarantine) -> None:
    """As the adapter writes it, under today's day."""
    S3Quarantine(quarantine.s3, BUCKET).put(b"\xffno JSON", "it is no JSON")
    assert 0 == run("events", "replay", *BOTH, "--since", "2026-01-01").exit_code
    assert [b"\xffno JSON"] == quarantine.data
    found = json.loads(run("events", "quarantine", "--bucket", BUCKET, "--json").stdout)
    assert [("it is no JSON", 1, "")] == [(each["reason"], each["records"], each["problem"]) for each in found]


def test_days_can_be_chosen(run: Run, quarantine: Quarantine) -> None:
    """Of both kinds, the ends among them, oldest first; what is no key of the bridge's is left alone."""
    for number in range(1, 6):
        quarantine.ours(b"ours %d" % number, day=f"2026/03/0{number}")
        quarantine.given_up(b"batch %d" % number, day=f"2026/03/0{number}")
    quarantine.put("notes.json", {"record": "aGVsbG8="})
    words = ("--since", "2026-03-02", "--until", "2026-03-03")
    result = run("events", "replay", *BOTH, *words, "--json")
    assert {
        "bucket": BUCKET,
        "stream": STREAM,
        "objects": 4,
        "records": 4,
        "requests": 1,
        "unreadable": 0,
    } == json.loads(result.stdout)
    assert [b"ours 2", b"batch 2", b"ours 3", b"batch 3"] == quarantine.data
    assert 10 == len(json.loads(run("events", "quarantine", "--bucket", BUCKET, "--json").stdout))


def test_a_dry_run_puts_nothing(run: Run, quarantine: Quarantine) -> None:
    """It reads everything, and needs no stream."""
    quarantine.given_up(b"first", b"second")
    quarantine.put("2026/03/02/broken.json", [])
    result = run("events", "replay", "--bucket", BUCKET, "--dry-run", "--json")
    found = json.loads(result.stdout)
    assert (None, 2, 0, 1) == tuple(found[name] for name in ("stream", "records", "requests", "unreadable"))
    assert (1, []) == (result.exit_code, quarantine.data)
    assert "to be put; nothing was, 1 object could not be read." in result.stderr


def test_what_cannot_be_read_is_named(run: Run, quarantine: Quarantine) -> None:
    """The others are put back all the same; the exit code says that something is left."""
    quarantine.ours(b"good")
    quarantine.put("2026/03/02/broken.json", {"reason": "a-name-of-somebody"})
    result = run("events", "replay", *BOTH)
    assert (1, [b"good"]) == (result.exit_code, quarantine.data)
    assert "2026/03/02/broken.json  it is not what the bridge or Lambda write" in result.stderr
    assert "1 object could not be read." in result.stderr
    assert "somebody" not in result.output


def test_more_than_a_request_takes_is_put_in_several(
    run: Run, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order; in a terminal a bar shows how far it is."""
    for number in range(40):
        data = [b"%d" % (number * 20 + each) for each in range(20)]
        quarantine.given_up(*data, day=f"2026/{1 + number // 20:02}/{1 + number % 20:02}")
    assert "Reading" not in run("events", "replay", "--bucket", BUCKET, "--dry-run").stderr
    monkeypatch.setenv("FORCE_COLOR", "1")
    result = run("events", "replay", *BOTH, "--json")
    assert 2 == json.loads(result.stdout)["requests"]
    assert [b"%d" % number for number in range(800)] == quarantine.data
    assert "Reading" in result.stderr


def test_at_a_terminal_it_asks(run: Run, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless --yes, or there is nothing to put."""
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True)
    assert 0 == run("events", "replay", *BOTH).exit_code
    quarantine.ours(b"one")
    refused = run("events", "replay", *BOTH, typed="n\n")
    assert (1, []) == (refused.exit_code, quarantine.data)
    assert f"Put what 1 object hold on {STREAM}?" in refused.stderr
    assert 0 == run("events", "replay", *BOTH, typed="y\n").exit_code
    assert 0 == run("events", "replay", *BOTH, "--yes").exit_code
    assert 0 == run("events", "replay", *BOTH, "--dry-run").exit_code
    assert [b"one", b"one"] == quarantine.data


def test_the_quarantine_is_listed_without_content(run: Run, quarantine: Quarantine) -> None:
    """Time, reason, how many records, and the key to fetch it by, each on a line of its own."""
    keys = [quarantine.given_up(b"secret", b"secret"), quarantine.ours(b"secret", reason="it is no JSON")]
    broken = quarantine.put("2026/03/04/broken.json", {})
    result = run("events", "quarantine", "--bucket", BUCKET)
    assert (0, f"3 objects in {BUCKET}.") == (result.exit_code, result.stderr.strip())
    shown = result.stdout.splitlines()
    assert ["At", "Reason", "Records", "Key"] == shown[0].split()
    lines = {line.split()[-1]: line for line in shown[1:]}
    assert {*keys, broken} == {*lines}
    assert [AT, "RetryAttemptsExhausted", "2", keys[0]] == lines[keys[0]].split()
    assert [AT, "it", "is", "no", "JSON", "1", keys[1]] == lines[keys[1]].split()
    assert "it is not what the bridge or Lambda write" in lines[broken]
    encoded = base64.b64encode(b"secret").decode()
    assert not {text for text in ("secret", encoded) if text in result.output}


class Stacks:
    """CloudFormation with one stack."""

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803  AWS's name
        assert StackName == "twilio-bridge"
        return {"Stacks": [{"Outputs": OUTPUTS}]}


def test_a_stack_names_both(run: Run, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its outputs."""
    quarantine.ours(b"one")
    make = aws.make_client
    monkeypatch.setattr(
        aws, "make_client", lambda name, *rest: Stacks() if name == "cloudformation" else make(name, *rest)
    )
    assert 0 == run("events", "replay", "--stack", "twilio-bridge").exit_code
    assert "1 object" in run("events", "quarantine", "--stack", "twilio-bridge").stderr
    assert [b"one"] == quarantine.data


def test_the_local_stack_is_found_by_its_file(run: Run, folder: Path) -> None:
    """Both are its own, at its endpoint; a bucket of AWS's is not put on the local stream."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        quarantine = Quarantine(endpoint_url=url, aws_access_key_id="made-up", aws_secret_access_key="made-up")
        quarantine.ours(b"one")
        variables = {"EVENT_STREAM": STREAM, "AWS_ENDPOINT_URL": url}
        others = {"QUARANTINE_BUCKET": BUCKET, "AWS_ENDPOINT_URL": url}
        write_local_stack(folder, url, {"Webhook": variables, "EventStreams": others})
        result = run("events", "replay")
        assert 0 == result.exit_code, result.stderr
        assert [b"one"] == quarantine.data
        mixed = run("events", "replay", "--bucket", "of-aws")
        assert (2, True) == (mixed.exit_code, "not of the same stack" in mixed.stderr)
        named = run("events", "replay", *BOTH, "--endpoint-url", url.replace("127.0.0.1", "localhost"))
        assert 0 == named.exit_code, named.stderr
        quarantine.s3.close()
        quarantine.kinesis.close()
    finally:
        server.stop()


@pytest.mark.usefixtures("quarantine")
def test_what_is_not_there_is_a_refusal(run: Run) -> None:
    """AWS's code, and what to look at; days in the wrong order are usage."""
    for words in (["replay", "--stream", STREAM], ["quarantine"]):
        result = run("events", *words, "--bucket", "nowhere")
        assert (1, True) == (result.exit_code, "NoSuchBucket" in result.stderr)
        assert "--region" in result.stderr
    wrong = run("events", "quarantine", "--bucket", BUCKET, "--since", "2026-03-03", "--until", "2026-03-02")
    assert (2, True) == (wrong.exit_code, "--since is after --until" in wrong.stderr)


def test_a_stream_that_is_not_there_is_a_refusal(run: Run, quarantine: Quarantine) -> None:
    """How far it got is printed."""
    quarantine.ours(b"one")
    result = run("events", "replay", "--bucket", BUCKET, "--stream", "nowhere", "--json")
    assert (1, True) == (result.exit_code, "ResourceNotFoundException" in result.stderr)
    found = json.loads(result.stdout)
    assert (0, True) == (found["records"], "Not everything is on the stream" in found["error"])


class Full:
    """Kinesis that takes one record, and then nothing."""

    def __init__(self) -> None:
        self.asked = 0

    def put_records(self, StreamName: str, Records: list[Any]) -> dict[str, Any]:  # noqa: N803  AWS's names
        assert StreamName == STREAM
        self.asked += 1
        refusals = [{"ErrorCode": "ProvisionedThroughputExceededException"}] * len(Records)
        return {"Records": [{"SequenceNumber": "1"}, *refusals[1:]] if self.asked == 1 else refusals}


def test_a_full_stream_is_4(run: Run, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it took is counted."""
    quarantine.given_up(b"first", b"second", b"third")
    make, full = aws.make_client, Full()
    monkeypatch.setattr(aws, "make_client", lambda name, *rest: full if name == "kinesis" else make(name, *rest))
    monkeypatch.setattr("twilio_bridge.retry.time.sleep", lambda _: None)
    result = run("events", "replay", *BOTH, "--json")
    found = json.loads(result.stdout)
    assert (4, 1, True) == (result.exit_code, found["records"], "did not take them" in found["error"])


class Forgetful:
    """S3 that has lost an object, or its tongue, since it was listed."""

    def __init__(self, s3: Any, code: str) -> None:
        self._s3, self._code = s3, code

    def get_paginator(self, name: str) -> Any:
        return self._s3.get_paginator(name)

    def get_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803  same, and AWS's names
        if "lost" in Key:
            raise ClientError({"Error": {"Code": self._code}}, "GetObject")
        return self._s3.get_object(Bucket=Bucket, Key=Key)


@pytest.mark.parametrize(
    ("code", "expected"), [("NoSuchKey", "it has been deleted just now"), ("SlowDown", f"{BUCKET} cannot be read")]
)
def test_an_object_that_cannot_be_had_is_said(
    run: Run, quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch, code: str, expected: str
) -> None:
    """One that expired meanwhile is named; where S3 fails, the command ends and says how far it got."""
    quarantine.ours(b"one")
    quarantine.put("2026/03/02/lost.json", {})
    make = aws.make_client
    forgetful = Forgetful(quarantine.s3, code)
    monkeypatch.setattr(aws, "make_client", lambda name, *rest: forgetful if name == "s3" else make(name, *rest))
    result = run("events", "replay", *BOTH, "--json")
    assert (1 if code == "NoSuchKey" else 4, True) == (result.exit_code, expected in result.stderr)
    assert "error" in json.loads(result.stdout)
