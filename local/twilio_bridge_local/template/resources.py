"""Makes what the bundle needs at an AWS endpoint and is not there yet; used by the stack at its start.

What exists is left alone, whatever it looks like. Only the vendors' secrets are brought up to date: the
credentials in force are those of this run; further keys that someone put there stay.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError, EndpointConnectionError

from twilio_bridge_local.aws.server import client
from twilio_bridge_local.errors import EndpointError
from twilio_bridge_local.template.bundle import Bundle, Queue, Stream, Table

_RETENTION_HOURS: Final = 24  # Kinesis's own, and its least
_THERE: Final = frozenset(
    {
        "BucketAlreadyExists",
        "BucketAlreadyOwnedByYou",
        "QueueAlreadyExists",
        "QueueNameExists",
        "ResourceInUseException",
    }
)


def make(bundle: Bundle, endpoint_url: str, secrets: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Make what is missing; the answer is the queues' URLs by logical id."""
    urls: dict[str, str] = {}
    try:
        if bundle.tables:
            _tables(bundle.tables, client("dynamodb", endpoint_url))
        if bundle.queues:
            urls = _queues(bundle.queues, client("sqs", endpoint_url))
        if bundle.buckets:
            _buckets(bundle.buckets, client("s3", endpoint_url))
        if bundle.streams:
            _streams(bundle.streams, client("kinesis", endpoint_url))
        _secrets(secrets, client("secretsmanager", endpoint_url))
    except EndpointConnectionError as error:
        raise EndpointError(f"Nothing answers at AWS_ENDPOINT_URL={endpoint_url}") from error
    except ClientError as error:
        raise EndpointError(f"{endpoint_url} does not make what the template needs: {error}") from error
    return urls


def clear(bundle: Bundle, endpoint_url: str, secrets: Mapping[str, Mapping[str, str]]) -> None:
    """Empty tables, queues and buckets, and put the secrets back; what streams hold stays."""
    dynamodb, sqs = client("dynamodb", endpoint_url), client("sqs", endpoint_url)
    s3, manager = client("s3", endpoint_url), client("secretsmanager", endpoint_url)

    for table in bundle.tables:
        dynamodb.delete_table(TableName=table.name)
    for bucket in bundle.buckets:
        for listed in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=listed["Key"])
    for name in secrets:
        manager.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)

    for url in make(bundle, endpoint_url, secrets).values():
        sqs.purge_queue(QueueUrl=url)


def _tables(tables: tuple[Table, ...], dynamodb: Any) -> None:  # noqa: ANN401  boto3 makes its clients' classes late
    for table in tables:
        try:
            dynamodb.create_table(TableName=table.name, BillingMode="PAY_PER_REQUEST", **table.definition)
        except ClientError as error:
            _pass_over_existing(error)
            continue
        dynamodb.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1})
        if table.ttl_attribute:
            dynamodb.update_time_to_live(
                TableName=table.name,
                TimeToLiveSpecification={"AttributeName": table.ttl_attribute, "Enabled": True},
            )


def _queues(queues: tuple[Queue, ...], sqs: Any) -> dict[str, str]:  # noqa: ANN401
    urls: dict[str, str] = {}
    # A dead-letter queue goes first: SQS wants it to exist when another queue names it.
    for queue in sorted(queues, key=lambda each: each.dead_letters is not None):
        try:
            urls[queue.logical_id] = sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
        except sqs.exceptions.QueueDoesNotExist:
            attributes = dict(queue.attributes)
            if queue.dead_letters:
                attributes["RedrivePolicy"] = _redrive(queue, urls[queue.dead_letters], sqs)
            urls[queue.logical_id] = sqs.create_queue(QueueName=queue.name, Attributes=attributes)["QueueUrl"]
    return urls


def _redrive(queue: Queue, dead_letters_url: str, sqs: Any) -> str:  # noqa: ANN401
    answer = sqs.get_queue_attributes(QueueUrl=dead_letters_url, AttributeNames=["QueueArn"])
    return json.dumps({"deadLetterTargetArn": answer["Attributes"]["QueueArn"], "maxReceiveCount": queue.max_receives})


def _buckets(buckets: tuple[str, ...], s3: Any) -> None:  # noqa: ANN401
    for bucket in buckets:
        try:
            s3.create_bucket(Bucket=bucket)
        except ClientError as error:
            _pass_over_existing(error)


def _streams(streams: tuple[Stream, ...], kinesis: Any) -> None:  # noqa: ANN401
    for stream in streams:
        try:
            kinesis.create_stream(StreamName=stream.name, **_capacity(stream))
        except ClientError as error:
            _pass_over_existing(error)
            continue
        kinesis.get_waiter("stream_exists").wait(StreamName=stream.name, WaiterConfig={"Delay": 1})
        if stream.retention_hours > _RETENTION_HOURS:
            kinesis.increase_stream_retention_period(
                StreamName=stream.name, RetentionPeriodHours=stream.retention_hours
            )
        if stream.key_id:
            kinesis.start_stream_encryption(StreamName=stream.name, EncryptionType="KMS", KeyId=stream.key_id)


def _capacity(stream: Stream) -> dict[str, Any]:
    if stream.shards is None:
        return {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
    return {"ShardCount": stream.shards}


def _secrets(secrets: Mapping[str, Mapping[str, str]], manager: Any) -> None:  # noqa: ANN401
    for name, values in secrets.items():
        try:
            kept = json.loads(manager.get_secret_value(SecretId=name)["SecretString"])
        except manager.exceptions.ResourceNotFoundException:
            manager.create_secret(Name=name, SecretString=json.dumps(dict(values)))
        else:
            manager.put_secret_value(SecretId=name, SecretString=json.dumps({**kept, **values}))


def _pass_over_existing(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in _THERE:
        raise error
