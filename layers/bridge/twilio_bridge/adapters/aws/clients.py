"""AWS clients: one way to make them, one place for their timeouts and retries."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from twilio_bridge.errors import UnavailableError
from twilio_bridge.side_by_side import MAX_WORKERS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# Below every function's own budget; the SDK's own defaults (60 s) are far above it.
CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    max_pool_connections=MAX_WORKERS,
)

FAILURES = (BotoCoreError, ClientError)


def dynamodb() -> "DynamoDBClient":
    """Make a DynamoDB client."""
    return boto3.client("dynamodb", config=CONFIG)


def kinesis() -> "KinesisClient":
    """Make a Kinesis client."""
    return boto3.client("kinesis", config=CONFIG)


def lambda_() -> "LambdaClient":
    """Make a Lambda client."""
    return boto3.client("lambda", config=CONFIG)


def s3() -> "S3Client":
    """Make an S3 client."""
    return boto3.client("s3", config=CONFIG)


def secretsmanager() -> "SecretsManagerClient":
    """Make a Secrets Manager client."""
    return boto3.client("secretsmanager", config=CONFIG)


def sqs() -> "SQSClient":
    """Make an SQS client."""
    return boto3.client("sqs", config=CONFIG)


def code_of(error: Exception) -> str:
    """Return AWS's code for a failure."""
    response: dict[str, Any] = getattr(error, "response", None) or {}  # a timeout has one, and it is None
    return str(response.get("Error", {}).get("Code", type(error).__name__))


def reasons_of(error: Exception) -> list[str]:
    """Return why a DynamoDB transaction was cancelled, a code for each write in order; nothing for another failure."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return [str(reason.get("Code")) for reason in response.get("CancellationReasons", [])]


def unavailable(system: str, error: Exception) -> UnavailableError:
    """Turn a client's failure into ours; its message may hold keys, so only the code is kept."""
    return UnavailableError(system, code_of(error))
