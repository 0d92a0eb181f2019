"""Streams feed functions as Lambda's event source mappings do."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from tests.integration.local.project import Lines, Project, eventually
from twilio_bridge_local import credentials
from twilio_bridge_local.aws.server import EmbeddedAws, client
from twilio_bridge_local.environment import decide
from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.functions.on_failure import destination
from twilio_bridge_local.functions.processes import Outcome
from twilio_bridge_local.functions.stream_poller import ShardPoller, StreamMapping, shard_pollers
from twilio_bridge_local.template.bundle import StreamSource

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/Events"
Answer = Callable[[list[str]], Outcome]
BROKEN = Outcome({"errorMessage": "broken"}, "error")


class Worker:
    """Takes a function's place: remembers what it got, and answers what it is told to."""

    def __init__(self, answer: Answer = lambda _: Outcome(None)) -> None:
        self.answer = answer
        self.batches: list[list[str]] = []
        self.events: list[Any] = []

    def __call__(self, event: object) -> Outcome:
        assert isinstance(event, dict)
        data = [base64.b64decode(record["kinesis"]["data"]).decode() for record in event["Records"]]
        self.batches.append(data)
        self.events.append(event)
        return self.answer(data)

    @property
    def seen(self) -> list[str]:
        return [text for batch in self.batches for text in batch]

    def number(self, text: str) -> str:
        for record in (record for event in self.events for record in event["Records"]):
            if base64.b64decode(record["kinesis"]["data"]).decode() == text:
                return str(record["kinesis"]["sequenceNumber"])
        raise LookupError(text)

    def failing(self, text: str) -> Outcome:
        return Outcome({"batchItemFailures": [{"itemIdentifier": self.number(text)}]})


class Aws:
    """An embedded AWS with a stream of one shard, a queue and a bucket."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client("kinesis").create_stream(StreamName="Events", ShardCount=1)
        self.queue = self.client("sqs").create_queue(QueueName="Discarded")["QueueUrl"]
        self.client("s3").create_bucket(Bucket="local-discarded")

    def client(self, service: str) -> Any:
        return client(service, self.url)

    def put(self, *texts: str, key: Callable[[str], str] = lambda _: "WT1") -> None:
        records = [{"Data": text.encode(), "PartitionKey": key(text)} for text in texts]
        self.client("kinesis").put_records(StreamName="Events", Records=records)

    @contextmanager
    def polling(self, worker: Worker, log: Lines | None = None, **settings: Any) -> Iterator[list[ShardPoller]]:
        source = StreamSource("Events", **{"starting_position": "TRIM_HORIZON", **settings})
        mapping = StreamMapping("Worker", source, worker, destination(source, self.client), log or Lines())
        pollers = list(shard_pollers(mapping, self.client("kinesis")))
        for poller in pollers:
            poller.start()
        try:
            yield pollers
        finally:
            for poller in pollers:
                poller.stop()


@pytest.fixture
def aws() -> Iterator[Aws]:
    with EmbeddedAws() as embedded:
        yield Aws(embedded.url)


def test_everything_arrives_once_and_in_order(aws: Aws) -> None:
    """From the oldest record on, in batches that are no larger than they may be."""
    worker, texts = Worker(), [str(number) for number in range(25)]
    aws.put(*texts[:20])
    with aws.polling(worker, batch_size=10):
        aws.put(*texts[20:])
        assert eventually(lambda: len(worker.seen) >= 25)
    assert worker.seen == texts
    assert max(len(batch) for batch in worker.batches) == 10


def test_latest_begins_at_the_start(aws: Aws) -> None:
    """What stood in the stream before is not read, everything put from then on is."""
    worker = Worker()
    aws.put("before")
    with aws.polling(worker, starting_position="LATEST"):
        aws.put("after")
        assert eventually(lambda: worker.seen)
    assert worker.seen == ["after"]


def test_a_timestamp_can_be_where_it_begins(aws: Aws) -> None:
    """AT_TIMESTAMP, in seconds since 1970."""
    worker = Worker()
    aws.put("before")
    time.sleep(0.05)
    moment = time.time()
    aws.put("after")
    with aws.polling(worker, starting_position="AT_TIMESTAMP", starting_timestamp=moment):
        assert eventually(lambda: worker.seen)
    assert worker.seen == ["after"]


def test_a_window_collects(aws: Aws) -> None:
    """Records that come within the window are one batch."""
    worker = Worker()
    with aws.polling(worker, window_s=2, batch_size=3):
        for text in "ab":
            aws.put(text)
            time.sleep(0.3)
        assert eventually(lambda: worker.batches)
    assert worker.batches == [["a", "b"]]


def test_a_full_batch_does_not_wait_for_its_window(aws: Aws) -> None:
    """Three records of three are handed over long before the window ends."""
    worker = Worker()
    with aws.polling(worker, window_s=300, batch_size=3):
        aws.put("c", "d", "e")
        assert eventually(lambda: worker.batches)
    assert worker.batches == [["c", "d", "e"]]


def test_what_is_reported_comes_again_with_all_behind_it(aws: Aws) -> None:
    """The lowest failed number is the checkpoint, and what stands behind it in the shard waits."""
    worker = Worker()
    worker.answer = lambda data: worker.failing("b") if len(worker.batches) == 1 and "b" in data else Outcome({})
    aws.put("a", "b", "c")
    with aws.polling(worker, partial_responses=True):
        assert eventually(lambda: len(worker.batches) == 2)
        aws.put("d")
        assert eventually(lambda: len(worker.batches) == 3)
    assert worker.batches == [["a", "b", "c"], ["b", "c"], ["d"]]


def test_a_broken_record_is_found_by_halves(aws: Aws) -> None:
    """Splits cost no retry, everything else gets done in order, and the broken one ends in the bucket."""
    worker = Worker(lambda data: BROKEN if "bad" in data else Outcome(None))
    aws.put("a", "b", "bad", "c")
    target = "arn:aws:s3:::local-discarded"
    with aws.polling(worker, bisect=True, retries=1, on_failure=target):
        assert eventually(lambda: ["c"] in worker.batches)
    assert worker.batches == [["a", "b", "bad", "c"], ["a", "b"], ["bad", "c"], ["bad"], ["bad"], ["c"]]
    (told,) = objects(aws)
    assert told["requestContext"]["approximateInvokeCount"] == 2
    assert json.loads(told["payload"]) == worker.events[3]


def objects(aws: Aws) -> list[Any]:
    s3 = aws.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="local-discarded").get("Contents", [])]
    return [json.load(s3.get_object(Bucket="local-discarded", Key=key)["Body"]) for key in keys]


def test_a_bucket_is_told_everything(aws: Aws) -> None:
    """Why, how often, which records, and the event itself as text, under Lambda's own key."""
    worker = Worker(lambda _: BROKEN)
    aws.put("a", "b")
    with aws.polling(worker, retries=1, on_failure="arn:aws:s3:::local-discarded"):
        assert eventually(lambda: objects(aws))
    (told,) = objects(aws)
    first, last = worker.events[0]["Records"]
    assert (told["requestContext"]["condition"], len(worker.batches)) == ("RetryAttemptsExhausted", 2)
    assert told["requestContext"]["functionArn"] == "arn:aws:lambda:us-east-1:123456789012:function:Worker"
    assert told["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    information = told["KinesisBatchInfo"]
    assert (information["shardId"], information["batchSize"]) == ("shardId-000000000000", 2)
    assert information["startSequenceNumber"] == first["kinesis"]["sequenceNumber"]
    assert information["endSequenceNumber"] == last["kinesis"]["sequenceNumber"]
    assert information["streamArn"] == ARN
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", information["approximateArrivalOfFirstRecord"])
    assert json.loads(told["payload"]) == worker.events[0]
    (key,) = [found["Key"] for found in aws.client("s3").list_objects_v2(Bucket="local-discarded")["Contents"]]
    identifier = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    day = r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d"
    assert re.fullmatch(f"aws/lambda/{identifier}/shardId-000000000000/{day}-{identifier}", key)


def test_a_queue_is_told_which_records_they_were(aws: Aws) -> None:
    """Without the records; failures that are reported are no function error; the next batch goes on."""
    worker = Worker()
    worker.answer = lambda data: worker.failing("b") if "b" in data else Outcome({})
    aws.put("a", "b", "c")
    target = "arn:aws:sqs:us-east-1:123456789012:Discarded"
    with aws.polling(worker, partial_responses=True, retries=0, on_failure=target):
        assert eventually(lambda: worker.batches)
        aws.put("d")
        assert eventually(lambda: "d" in worker.seen)
    (message,) = aws.client("sqs").receive_message(QueueUrl=aws.queue)["Messages"]
    told = json.loads(message["Body"])
    assert told["KinesisBatchInfo"]["batchSize"] == 2
    assert told["KinesisBatchInfo"]["startSequenceNumber"] == worker.number("b")
    assert "functionError" not in told["responseContext"]
    assert "payload" not in told


def test_old_records_are_given_up(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that became too old while it failed is tried no more; how late it is only the test says."""
    late_s = [0.0]
    clock = SimpleNamespace(time=lambda: time.time() + late_s[0])
    monkeypatch.setattr("twilio_bridge_local.functions.stream_poller.time", clock)
    worker = Worker(lambda data: BROKEN if "old" in data else Outcome(None))
    aws.put("old")
    with aws.polling(worker, record_age_s=1000, on_failure="arn:aws:s3:::local-discarded"):
        assert eventually(lambda: worker.seen.count("old") > 1)
        late_s[0] = 2000
        assert eventually(lambda: objects(aws), 8)
        late_s[0] = 0
        aws.put("new")
        assert eventually(lambda: "new" in worker.seen)
    (told,) = objects(aws)
    assert told["requestContext"]["condition"] == "RecordAgeExceeded"


def test_a_destination_that_cannot_be_told_is_logged(aws: Aws, log: Lines) -> None:
    """The records are given up all the same, and the log says both."""
    worker = Worker(lambda data: BROKEN if "a" in data else Outcome(None))
    aws.put("a")
    with aws.polling(worker, log, retries=0, on_failure="arn:aws:s3:::nowhere"):
        assert eventually(lambda: worker.batches)
        aws.put("b")
        assert eventually(lambda: "b" in worker.seen)
    assert "1 records are given up: RetryAttemptsExhausted" in log
    assert "the on-failure destination was not told" in log


def test_an_unknown_destination_is_an_error(aws: Aws) -> None:
    """Neither a queue nor a bucket."""
    source = StreamSource("Events", on_failure="arn:aws:sns:us-east-1:123456789012:Topic")
    with pytest.raises(TemplateError, match="knows no on-failure destination"):
        destination(source, aws.client)


def test_keys_stay_in_order_while_shards_work_in_parallel(aws: Aws) -> None:
    """With ParallelizationFactor a failing key holds up its own lane, and no key overtakes itself."""
    several = threading.Barrier(2, timeout=20)
    worker = Worker()

    def answer(_data: list[str]) -> Outcome:
        if len(worker.batches) <= 2:
            several.wait()  # two batches of one shard at the same time, or this breaks
        return Outcome(None)

    worker.answer = answer
    texts = [f"{key}{number}" for number in range(20) for key in "abcdef"]
    with aws.polling(worker, parallelization=4, batch_size=5):
        aws.put(*texts, key=lambda text: text[0])
        assert eventually(lambda: len(worker.seen) == len(texts), 5)
    for key in "abcdef":
        assert [text for text in worker.seen if text[0] == key] == [f"{key}{number}" for number in range(20)]
    for batch in worker.batches:
        assert len(batch) <= 5


def test_the_iterator_age_can_be_read(aws: Aws) -> None:
    """Milliseconds that the last record of the last batch had waited; None before there was one."""
    worker = Worker()
    with aws.polling(worker) as (poller,):
        assert poller.iterator_age_ms is None
        aws.put("a")
        assert eventually(lambda: worker.seen)
        age = poller.iterator_age_ms
    assert age is not None
    assert 0 <= age < 3000


def test_a_reading_that_fails_goes_on_where_it_was(aws: Aws, log: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """An iterator that expired is replaced, and nothing is read twice."""
    worker = Worker()
    with aws.polling(worker, log) as (poller,):
        aws.put("a")
        assert eventually(lambda: worker.seen)
        monkeypatch.setattr(poller, "_iterator", "bm8gaXRlcmF0b3I=")  # b"no iterator"
        aws.put("b")
        assert eventually(lambda: "b" in worker.seen)
    assert worker.seen == ["a", "b"]
    assert "cannot be polled" in log


def test_nothing_put_at_the_same_time_is_lost(aws: Aws) -> None:
    """Several writers at once keep their records, as Kinesis does."""
    kinesis = [aws.client("kinesis") for _ in range(4)]

    def put(name: int) -> None:
        for part in range(3):
            records = [{"Data": b"%d-%d-%d" % (name, part, n), "PartitionKey": "x"} for n in range(200)]
            kinesis[name].put_records(StreamName="Events", Records=records)

    writers = [threading.Thread(target=put, args=(name,)) for name in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    worker = Worker()
    with aws.polling(worker, batch_size=10_000):
        assert eventually(lambda: len(worker.seen) >= 2400, 5)
    assert len(set(worker.seen)) == 2400


SHOW = """
    import base64, json
    def lambda_handler(event, context):
        data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
        print("got", json.dumps(data))
        if "break" in data:
            raise ValueError("broken")
"""


def _template(project: Project, **properties: object) -> None:
    project.resources["Events"] = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 2}}
    project.resources["Discarded"] = {"Type": "AWS::S3::Bucket"}
    stream = {"Stream": {"Fn::GetAtt": ["Events", "Arn"]}, "StartingPosition": "TRIM_HORIZON", **properties}
    project.function("Worker", SHOW, {"Stream": {"Type": "Kinesis", "Properties": stream}})


def _put(kinesis: Any, texts: Sequence[str]) -> None:
    for text in texts:
        kinesis.put_record(StreamName="Events", Data=text.encode(), PartitionKey=text)


def test_a_stack_polls_every_shard(project: Project) -> None:
    """A function of the template gets what is put on any shard; what it cannot take ends in the bucket."""
    destination_config = {"OnFailure": {"Type": "S3", "Destination": {"Fn::GetAtt": ["Discarded", "Arn"]}}}
    settings = {"MaximumRetryAttempts": 0, "BisectBatchOnFunctionError": True}
    _template(project, **settings, DestinationConfig=destination_config)
    texts = [f"text-{number}" for number in range(20)]
    with project.stack() as stack:
        assert stack.iterator_age_ms("Worker") is None
        _put(stack.client("kinesis"), [*texts, "break"])
        s3 = stack.client("s3")
        assert eventually(lambda: s3.list_objects_v2(Bucket="local-discarded")["KeyCount"] == 1, 5)
        assert eventually(lambda: all(f'"{text}"' in project.log() for text in texts))
        assert stack.iterator_age_ms("Worker") is not None
        listed = stack.client("kinesis").list_shards(StreamName="Events")["Shards"]
        counts = [len(_records(stack.client("kinesis"), shard["ShardId"])) for shard in listed]
    assert sum(counts) == 21
    assert all(counts)  # both shards took part


def _records(kinesis: Any, shard_id: str) -> list[Any]:
    place = {"StreamName": "Events", "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
    records: list[Any] = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])[
        "Records"
    ]
    return records


def test_a_stack_that_stops_gives_nothing_up(project: Project) -> None:
    """A function that is ended in the middle has not failed: no record is discarded."""
    settings = {"MaximumRetryAttempts": 0, "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::nowhere"}}}
    _template(project, **settings)
    project.resources["Worker"]["Properties"]["Timeout"] = 300
    slow = "import time\ndef lambda_handler(e, c):\n    print('began')\n    time.sleep(300)"
    (project.folder / "functions/Worker/app.py").write_text(slow)
    with project.stack() as stack:
        _put(stack.client("kinesis"), ["a"])
        assert eventually(lambda: "began" in project.log())
        began = time.monotonic()
    assert time.monotonic() - began < 100
    assert "given up" not in project.log()


def test_a_stream_that_is_not_there_is_named(project: Project) -> None:
    """A mapping to a stream of somebody else's is an error of the template."""
    _template(project, Stream="arn:aws:kinesis:us-east-1:123456789012:stream/Elsewhere")
    with pytest.raises(TemplateError, match="Worker: Elsewhere is no stream of the template"), project.stack():
        pass


def test_twilios_stand_in_reaches_the_stream(project: Project) -> None:
    """A sink's test event comes to the function, which can say its id; the sample Flex token is valid."""
    project.resources["Events"] = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}
    stream = {"Stream": {"Fn::GetAtt": ["Events", "Arn"]}, "StartingPosition": "LATEST"}
    project.function("Worker", SHOW, {"Stream": {"Type": "Kinesis", "Properties": stream}})
    with project.stack(decide({})) as stack:
        twilio = stack.stand_ins.twilio
        assert twilio
        auth = (twilio.account_sid, twilio.auth_token)
        role = f"arn:aws:iam::{credentials.AWS_ACCOUNT_ID}:role/TwilioSinkRole"
        configuration = {"arn": ARN, "role_arn": role, "external_id": "x"}
        form = {"Description": "x", "SinkType": "kinesis", "SinkConfiguration": json.dumps(configuration)}
        sinks = f"{twilio.url}/events/v1/Sinks"
        sink = requests.post(sinks, form, auth=auth, timeout=20).json()["sid"]
        assert requests.post(f"{sinks}/{sink}/Test", auth=auth, timeout=20).status_code == 201
        assert eventually(lambda: "com.twilio.eventstreams.test-event" in project.log())
        test_id = twilio.event_streams.sink(sink).test_id
        assert str(test_id) in project.log()
        token = f"{twilio.url}/iam/v1/Accounts/{twilio.account_sid}/Tokens/validate"
        said = requests.post(token, json={"token": credentials.SAMPLE_FLEX_TOKEN}, auth=auth, timeout=20).json()
        assert said["valid"] is True
