"""Who asked AWS for what; used by the embedded AWS, so that tests can hold it against the functions' policies.

moto enforces no policy. Each function signs with its own name as access key, so every request shows whose it is.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_CREDENTIAL: Final = re.compile(r"Credential=([^/,]+)/[^/]*/[^/]*/([^/,]*)")
_INVOKED: Final = re.compile(r"/functions/([^/]+)/invocations")
_SERVICES: Final = {
    "AmazonSQS": "sqs",
    "DynamoDB_20120810": "dynamodb",
    "GraniteServiceVersion20100801": "cloudwatch",
    "Kinesis_20131202": "kinesis",
    "secretsmanager": "secretsmanager",
}
# A batch of SQS is allowed by the action of one message.
_BATCH: Final = "Batch"
# What IAM calls a request to S3, by its method, for a bucket and for an object.
_BUCKET: Final = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
_OBJECT: Final = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_IN_A_TRANSACTION: Final = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_NAMES: Final = ("TableName", "SecretId", "QueueUrl", "QueueName", "StreamName", "StreamARN")


@dataclass(frozen=True, order=True)
class AwsCall:
    """One kind of request: the function's name, the IAM action, and the resource's name (`bucket/*` for objects)."""

    caller: str
    action: str
    resource: str


def calls_of(method: str, path: str, headers: Mapping[str, str], body: bytes) -> set[AwsCall]:
    """Read a signed request; header names are lower case. A request of an unknown kind is named by its target."""
    signed = _CREDENTIAL.search(headers.get("authorization", ""))
    caller, service = (signed[1], signed[2]) if signed else ("", "")
    if invoked := _INVOKED.search(path):
        return {AwsCall(caller, "lambda:InvokeFunction", invoked[1])}
    if service == "s3":
        return {AwsCall(caller, *_of_s3(method, path))}
    if "x-amz-target" not in headers:
        return set()
    prefix, _, operation = headers["x-amz-target"].partition(".")
    name = _SERVICES.get(prefix, prefix)
    request = json.loads(body or b"{}")
    if "TransactItems" in request:
        return {AwsCall(caller, *done) for done in _of_transaction(request)}
    action = f"{name}:{operation.removesuffix(_BATCH) if name == 'sqs' else operation}"
    return {AwsCall(caller, action, resource) for resource in _resources(request)}


def _of_transaction(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A transaction is allowed by the actions of what is done in it."""
    steps = (step for item in request["TransactItems"] for step in item.items())
    return ((f"dynamodb:{_IN_A_TRANSACTION[kind]}", step["TableName"]) for kind, step in steps)


def _of_s3(method: str, path: str) -> tuple[str, str]:
    """The action, and the bucket or what is in it; addresses on this machine have the bucket in the path."""
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return "s3:ListAllMyBuckets", "*"
    if key:
        return f"s3:{_OBJECT.get(method, method)}", f"{bucket}/*"
    return f"s3:{_BUCKET.get(method, method)}", bucket


def _resources(request: Mapping[str, Any]) -> list[str]:
    if "RequestItems" in request:
        return list(request["RequestItems"])
    if "IndexName" in request:
        return [f"{request['TableName']}/index/{request['IndexName']}"]
    named = next(((key, request[key]) for key in _NAMES if key in request), ("", ""))
    return [named[1].rpartition("/")[2] if named[0] in {"QueueUrl", "StreamARN"} else named[1]]
