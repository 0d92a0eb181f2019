"""Who asked AWS for what; used by the embedded AWS, so that tests can hold it against the functions' policies.

moto enforces no policy. Each function signs with its own name as access key, so every request says whose it is.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_CREDENTIAL: Final = re.compile(r"Credential=([^/,]+)/")
_INVOKED: Final = re.compile(r"/functions/([^/]+)/invocations")
_SERVICES: Final = {"DynamoDB_20120810": "dynamodb", "secretsmanager": "secretsmanager", "AmazonSQS": "sqs"}


@dataclass(frozen=True, order=True)
class AwsCall:
    """One kind of request: the function's name, the IAM action, and the resource's name."""

    caller: str
    action: str
    resource: str


def calls_of(headers: Mapping[str, str], path: str, body: bytes) -> set[AwsCall]:
    """Read a signed request; header names are lower case. A request of an unknown kind is named by its target."""
    signed = _CREDENTIAL.search(headers.get("authorization", ""))
    caller = signed[1] if signed else ""
    if invoked := _INVOKED.search(path):
        return {AwsCall(caller, "lambda:InvokeFunction", invoked[1])}
    prefix, _, operation = headers.get("x-amz-target", "").partition(".")
    action = f"{_SERVICES.get(prefix, prefix)}:{operation}"
    return {AwsCall(caller, action, resource) for resource in _resources(json.loads(body or b"{}"))}


def _resources(request: Mapping[str, Any]) -> list[str]:
    if "RequestItems" in request:
        return list(request["RequestItems"])
    if "IndexName" in request:
        return [f"{request['TableName']}/index/{request['IndexName']}"]
    named = next((request[key] for key in ("TableName", "SecretId", "QueueUrl") if key in request), "")
    return [named.rpartition("/")[2] if "QueueUrl" in request else named]
