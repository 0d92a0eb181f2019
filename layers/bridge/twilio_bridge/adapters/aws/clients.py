"""AWS clients: one way to make them, one place for their timeouts and retries."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.session import Session

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


class ServiceModels(Loader):
    """The models that botocore ships, found by their folders' names alone.

    botocore opens the folders of all 400 services, twice, to find one: a third of the time a first client takes.
    """

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  botocore's signature
        """Return the services' names, whatever the type of model."""
        folders = [Path(path) for path in self.search_paths]

        return [service.name for folder in folders if folder.is_dir() for service in folder.iterdir()]


@cache
def session() -> boto3.Session:
    """Return the session of all clients."""
    core = Session()
    core.register_component("data_loader", ServiceModels())

    return boto3.Session(botocore_session=core)


def cloudwatch() -> Any:  # noqa: ANN401  its stubs are not among the tools
    """Make a CloudWatch client."""
    return session().client("cloudwatch", config=CONFIG)


def dynamodb() -> "DynamoDBClient":
    """Make a DynamoDB client."""
    return session().client("dynamodb", config=CONFIG)


def kinesis() -> "KinesisClient":
    """Make a Kinesis client."""
    return session().client("kinesis", config=CONFIG)


def lambda_() -> "LambdaClient":
    """Make a Lambda client."""
    return session().client("lambda", config=CONFIG)


def s3() -> "S3Client":
    """Make an S3 client."""
    return session().client("s3", config=CONFIG)


def secretsmanager() -> "SecretsManagerClient":
    """Make a Secrets Manager client."""
    return session().client("secretsmanager", config=CONFIG)


def sqs() -> "SQSClient":
    """Make an SQS client."""
    return session().client("sqs", config=CONFIG)


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
