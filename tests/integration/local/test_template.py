"""What the local stack reads out of a template."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.local.project import ECHO, Project
from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.template.bundle import QueueSource, Route, Schedule, Stream, StreamSource
from twilio_bridge_local.template.reader import read

ROOT = Path(__file__).parents[3]

WRITTEN = """
Parameters:
  Level: {Type: String, Default: INFO}
  Topic: {Type: String, Default: ""}
  Names: {Type: CommaDelimitedList, Default: "a,b"}
Conditions:
  HasTopic: !Not [!Equals [!Ref Topic, ""]]
  Loud: !Or [!Equals [!Ref Level, DEBUG], !Condition HasTopic]
  Both: !And [!Condition HasTopic, !Condition Loud]
Globals:
  Function:
    Timeout: 6
    Handler: app.lambda_handler
    Environment: {Variables: {LEVEL: !Ref Level, SECRET: !Sub "${AWS::StackName}/twilio"}}
Resources:
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
  Work:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      VisibilityTimeout: 30
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Events: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 2}}
  Busy:
    Type: AWS::Kinesis::Stream
    Properties:
      StreamModeDetails: {StreamMode: ON_DEMAND}
      RetentionPeriodHours: 72
      StreamEncryption: {EncryptionType: KMS, KeyId: alias/aws/kinesis}
  Kept: {Type: AWS::S3::Bucket, Condition: HasTopic}
  Discarded: {Type: AWS::S3::Bucket, Properties: {LifecycleConfiguration: {Rules: []}}}
  Own: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "${AWS::StackName}-own"}}
  SinkRole: {Type: AWS::IAM::Role}
  Alarm: {Type: AWS::CloudWatch::Alarm}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/worker
      Timeout: 60
      Environment:
        Variables:
          LEVEL: WARNING
          TABLE: !Ref Items
          QUEUE: !Ref Work
          QUEUE_NAME: !GetAtt Work.QueueName
          ARN: !GetAtt Items.Arn
          URL: !Sub ["https://${Host}/${!kept}/${Items.Arn}", {Host: !Join [".", [api, !Ref AWS::Region]]}]
          TOPIC: !If [HasTopic, !Ref Topic, !Ref AWS::NoValue]
          LOUD: !If [Both, "yes", "no"]
          COUNT: 3
          FLAG: true
          BUCKET: !Ref Discarded
          OBJECTS: !Sub ${Own.Arn}/*
          ROLE: !GetAtt SinkRole.Arn
          STREAM: !Ref Busy
          STREAM_ARN: !GetAtt Busy.Arn
      Events:
        Call: {Type: HttpApi, Properties: {Method: post, Path: "/things/{id}"}}
        Rest: {Type: HttpApi}
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt Work.Arn
            BatchSize: 5
            MaximumBatchingWindowInSeconds: 2
            FunctionResponseTypes: [ReportBatchItemFailures]
        Off: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn, Enabled: false}}
        Stream:
          Type: Kinesis
          Properties:
            Stream: !GetAtt Events.Arn
            StartingPosition: TRIM_HORIZON
            BatchSize: 50
            BisectBatchOnFunctionError: true
            FunctionResponseTypes: [ReportBatchItemFailures]
            MaximumBatchingWindowInSeconds: 3
            MaximumRecordAgeInSeconds: 3600
            MaximumRetryAttempts: 4
            ParallelizationFactor: 2
            DestinationConfig: {OnFailure: {Type: S3, Destination: !GetAtt Discarded.Arn}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: "cron(0 3 * * ? *)"}}
        Often: {Type: Schedule, Properties: {Schedule: rate(5 minutes), Input: '{"a": 1}'}}
"""


KINESIS: dict[str, Any] = {"Type": "Kinesis"}


def kinesis(**properties: int) -> dict[str, Any]:
    return KINESIS | {"Properties": {"Stream": "s", "StartingPosition": "LATEST", **properties}}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(WRITTEN)
    return path


def test_a_function_has_its_globals_and_its_own(written: Path) -> None:
    """Globals are merged as SAM does, and every intrinsic function is resolved."""
    (worker,) = read(written, queue_urls={"Work": "http://queue/Work.fifo"}).functions

    assert (worker.timeout_s, worker.memory_mb, worker.handler) == (60, 128, "app.lambda_handler")
    assert worker.folder == written.parent / "functions/worker"
    assert worker.environment == {
        "ARN": "arn:aws:dynamodb:us-east-1:123456789012:table/Items",
        "BUCKET": "local-discarded",
        "COUNT": "3",
        "FLAG": "true",
        "LEVEL": "WARNING",
        "LOUD": "no",
        "OBJECTS": "arn:aws:s3:::local-own/*",
        "QUEUE": "http://queue/Work.fifo",
        "QUEUE_NAME": "Work.fifo",
        "ROLE": "arn:aws:iam::123456789012:role/SinkRole",
        "SECRET": "local/twilio",
        "STREAM": "Busy",
        "STREAM_ARN": "arn:aws:kinesis:us-east-1:123456789012:stream/Busy",
        "TABLE": "Items",
        "URL": "https://api.us-east-1/${kept}/arn:aws:dynamodb:us-east-1:123456789012:table/Items",
    }


def test_event_sources_are_read_with_their_settings(written: Path) -> None:
    """Routes, mappings and schedules come out as data; a disabled one does not."""
    (worker,) = read(written).functions

    assert worker.routes == (Route("POST", "/things/{id}"), Route("ANY", "$default"))
    assert worker.queues == (QueueSource("Work", batch_size=5, window_s=2, partial_responses=True),)
    assert worker.streams == (
        StreamSource(
            "Events",
            batch_size=50,
            window_s=3,
            starting_position="TRIM_HORIZON",
            partial_responses=True,
            bisect=True,
            retries=4,
            record_age_s=3600,
            parallelization=2,
            on_failure="arn:aws:s3:::local-discarded",
        ),
    )
    assert worker.schedules == (
        Schedule("Nightly", "cron(0 3 * * ? *)", "aws.scheduler"),
        Schedule("Often", "rate(5 minutes)", "aws.events", '{"a": 1}'),
    )


def test_resources_are_named_by_their_logical_id(written: Path) -> None:
    """Tables, queues with their dead letters, streams; a bucket only where its condition holds."""
    bundle = read(written)
    work, dead = bundle.queues

    assert [table.name for table in bundle.tables] == ["Items"]
    assert bundle.tables[0].ttl_attribute == "expires_at"
    assert (work.name, work.dead_letters, work.max_receives) == ("Work.fifo", "Dead", 3)
    assert work.attributes == {"FifoQueue": "true", "VisibilityTimeout": "30"}
    assert dead.dead_letters is None
    assert bundle.streams == (
        Stream("Events", shards=2),
        Stream("Busy", shards=None, retention_hours=72, key_id="alias/aws/kinesis"),
    )
    assert bundle.buckets == ("local-discarded", "local-own")
    assert read(written, {"Topic": "arn"}).buckets == ("local-kept", "local-discarded", "local-own")


def test_parameters_reach_the_functions(written: Path) -> None:
    """A given parameter wins over its default, and conditions follow it."""
    (worker,) = read(written, {"Topic": "arn:topic", "NotDeclared": "x"}).functions
    assert (worker.environment["TOPIC"], worker.environment["LOUD"]) == ("arn:topic", "yes")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"Fn::FindInMap": ["a", "b", "c"]}, "Environment.*Fn::FindInMap is not an intrinsic"),
        ({"Ref": "Nowhere"}, "Ref Nowhere names neither"),
        ({"Fn::GetAtt": ["It", "Colour"]}, "Fn::GetAtt It.Colour .* is not known"),
        ({"Fn::If": ["Missing", 1, 2]}, "there is no condition Missing"),
        ({"Fn::Join": "x"}, "Fn::Join cannot take 'x'"),
        ({"Ref": "AWS::NotificationARNs"}, r"\[\] is not text"),
    ],
)
def test_what_cannot_be_resolved_is_named(project: Project, value: object, told: str) -> None:
    """An unknown intrinsic function, name or attribute is an error with its place."""
    project.function("It", ECHO, Environment={"Variables": {"X": value}})
    with pytest.raises(TemplateError, match=told):
        read(project.template)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"Type": "SNS", "Properties": {"Topic": "arn"}}, "It.Properties.Events.E: .* no event type SNS"),
        ({"Type": "SQS", "Properties": {"Queue": "q", "FilterCriteria": {}}}, "FilterCriteria"),
        ({"Type": "Kinesis", "Properties": {"Stream": "s"}}, "StartingPosition"),
        (KINESIS | {"Properties": {"Stream": "s", "StartingPosition": "NOW"}}, "StartingPosition NOW"),
        (KINESIS | {"Properties": {"Stream": "s", "StartingPosition": "AT_TIMESTAMP"}}, "Timestamp: None"),
        (kinesis(BatchSize=10_001), "BatchSize 10001: it is from 1 to 10000"),
        (kinesis(MaximumRecordAgeInSeconds=59), "MaximumRecordAgeInSeconds 59: it is from 60"),
        (kinesis(ParallelizationFactor=11), "ParallelizationFactor 11"),
        (kinesis(TumblingWindowInSeconds=5), "TumblingWindowInSeconds"),
    ],
)
def test_an_event_that_cannot_be_run_is_named(project: Project, event: object, told: str) -> None:
    """An unknown event type, filter or gap is an error, never passed over."""
    project.function("It", ECHO, {"E": event})
    with pytest.raises(TemplateError, match=told):
        read(project.template)


def test_a_parameter_without_a_value_is_named(project: Project) -> None:
    """What has neither a default nor a value is an error with its name."""
    project.more["Parameters"] = {"Key": {"Type": "String"}}
    with pytest.raises(TemplateError, match=r"Parameters\.Key has no default"):
        read(project.template)


def test_the_projects_own_template_is_read() -> None:
    """Everything in template.yaml is something the local stack knows."""
    bundle = read(ROOT / "template.yaml", {"AwsEndpointUrl": "http://127.0.0.1:1"})
    assert {"ContactCache", "SyncState"} <= {table.name for table in bundle.tables}
    assert any(function.routes for function in bundle.functions)
