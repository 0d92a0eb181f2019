"""Tables, queues, buckets, streams and secrets at an endpoint."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from twilio_bridge_local.aws.server import EmbeddedAws, client, refuse_real_aws
from twilio_bridge_local.errors import EndpointError, SettingsError
from twilio_bridge_local.template.bundle import Bundle, Queue, Stream, Table
from twilio_bridge_local.template.resources import make

KEYS: dict[str, Any] = {
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "gsi1pk", "AttributeType": "S"},
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "gsi1",
            "KeySchema": [{"AttributeName": "gsi1pk", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}
BUNDLE = Bundle(
    functions=(),
    tables=(Table("Items", KEYS, "expires_at"),),
    queues=(
        Queue("Work", {"VisibilityTimeout": "7"}, dead_letters="Dead", max_receives=3),
        Queue("Dead"),
        Queue("InOrder", {"FifoQueue": "true", "ContentBasedDeduplication": "true"}, "Later", 5),
        Queue("Later", {"FifoQueue": "true"}),
    ),
    buckets=("local-quarantine",),
    streams=(Stream("Events", 2), Stream("Busy", None, retention_hours=72, key_id="alias/aws/kinesis")),
)
SECRETS = {"local/twilio": {"TWILIO_AUTH_TOKEN": "new"}}


@pytest.fixture
def aws() -> Iterator[str]:
    with EmbeddedAws() as embedded:
        yield embedded.url


def test_everything_missing_is_made(aws: str) -> None:
    """Keys, indexes, time to live, redrive, FIFO, shards and secrets are as the template says."""
    urls = make(BUNDLE, aws, SECRETS)
    dynamodb, sqs = client("dynamodb", aws), client("sqs", aws)

    table = dynamodb.describe_table(TableName="Items")["Table"]
    assert table["GlobalSecondaryIndexes"][0]["IndexName"] == "gsi1"
    ttl = dynamodb.describe_time_to_live(TableName="Items")["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")
    work = sqs.get_queue_attributes(QueueUrl=urls["Work"], AttributeNames=["All"])["Attributes"]
    assert work["VisibilityTimeout"] == "7"
    assert json.loads(work["RedrivePolicy"])["deadLetterTargetArn"].endswith(":Dead")
    assert urls["InOrder"].endswith("/InOrder.fifo")
    assert [bucket["Name"] for bucket in client("s3", aws).list_buckets()["Buckets"]] == ["local-quarantine"]
    in_order = sqs.get_queue_attributes(QueueUrl=urls["InOrder"], AttributeNames=["All"])["Attributes"]
    assert (in_order["FifoQueue"], in_order["ContentBasedDeduplication"]) == ("true", "true")
    assert json.loads(in_order["RedrivePolicy"])["deadLetterTargetArn"].endswith(":Later.fifo")
    secret = client("secretsmanager", aws).get_secret_value(SecretId="local/twilio")["SecretString"]
    assert json.loads(secret) == SECRETS["local/twilio"]


def test_streams_have_their_capacity_retention_and_key(aws: str) -> None:
    """A number of shards or on demand; 24 hours and no key are what Kinesis does by itself."""
    make(BUNDLE, aws, SECRETS)
    kinesis = client("kinesis", aws)
    events, busy = (
        kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"] for name in ("Events", "Busy")
    )
    assert events["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}
    assert (events["OpenShardCount"], events["RetentionPeriodHours"], events["EncryptionType"]) == (2, 24, "NONE")
    assert busy["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert (busy["RetentionPeriodHours"], busy["KeyId"]) == (72, "alias/aws/kinesis")


def test_what_exists_is_left_alone(aws: str) -> None:
    """A second making changes nothing, even where things look different by now."""
    dynamodb, sqs, manager = (client(service, aws) for service in ("dynamodb", "sqs", "secretsmanager"))
    first = make(BUNDLE, aws, SECRETS)
    dynamodb.put_item(TableName="Items", Item={"pk": {"S": "1"}})
    sqs.set_queue_attributes(QueueUrl=first["Work"], Attributes={"VisibilityTimeout": "99"})
    sqs.send_message(QueueUrl=first["Work"], MessageBody="waiting")

    assert make(BUNDLE, aws, SECRETS) == first
    assert dynamodb.scan(TableName="Items")["Count"] == 1
    work = sqs.get_queue_attributes(QueueUrl=first["Work"], AttributeNames=["All"])["Attributes"]
    assert (work["VisibilityTimeout"], work["ApproximateNumberOfMessages"]) == ("99", "1")
    assert len(manager.list_secrets()["SecretList"]) == 1


def test_a_secret_follows_the_run_and_keeps_the_rest(aws: str) -> None:
    """Credentials are this run's; another key that someone put there stays."""
    manager = client("secretsmanager", aws)
    manager.create_secret(Name="local/twilio", SecretString='{"TWILIO_AUTH_TOKEN": "old", "MINE": "1"}')
    make(Bundle(functions=()), aws, SECRETS)
    secret = json.loads(manager.get_secret_value(SecretId="local/twilio")["SecretString"])
    assert secret == {"TWILIO_AUTH_TOKEN": "new", "MINE": "1"}


def test_an_embedded_aws_starts_empty() -> None:
    """Nothing of the one before is left."""
    with EmbeddedAws() as one:
        make(BUNDLE, one.url, SECRETS)
    with EmbeddedAws() as other:
        assert client("dynamodb", other.url).list_tables()["TableNames"] == []


def test_an_endpoint_that_does_not_answer_is_named() -> None:
    """The error says which endpoint was given."""
    with pytest.raises(EndpointError, match=r"AWS_ENDPOINT_URL=http://127\.0\.0\.1:9"):
        make(BUNDLE, "http://127.0.0.1:9", {})


def test_a_refusal_of_the_endpoint_is_told(aws: str) -> None:
    """What the endpoint says is in the error."""
    wrong = Bundle(functions=(), tables=(Table("Items", {**KEYS, "AttributeDefinitions": []}),))
    with pytest.raises(EndpointError, match=r"does not make what the template needs: .*ValidationException"):
        make(wrong, aws, {})


@pytest.mark.parametrize(
    "url",
    [
        "https://dynamodb.us-east-1.amazonaws.com",
        "https://amazonaws.com",
        "https://sqs.cn-north-1.amazonaws.com.cn/",
        "https://lambda.eu-west-1.api.aws",
        "https://S3.AmazonAWS.com:443",
        "https://user@sqs.us-east-1.amazonaws.com.",
        "localhost",
    ],
)
def test_aws_itself_is_refused(url: str) -> None:
    """No client can be made for Amazon's hosts."""
    with pytest.raises(SettingsError, match="AWS_ENDPOINT_URL"):
        refuse_real_aws(url)
    with pytest.raises(SettingsError):
        client("sqs", url)


def test_clients_know_no_profile_of_the_developers(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile in the environment neither breaks nor feeds a client."""
    monkeypatch.setenv("AWS_PROFILE", "production-that-does-not-exist")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "real")
    made = client("sqs", aws)
    assert made.list_queues().get("QueueUrls", []) == []
    assert made._request_signer._credentials.access_key == "local"
