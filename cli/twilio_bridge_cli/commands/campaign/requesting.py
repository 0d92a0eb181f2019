"""The request for a campaign out of a file, and out of options that stand above it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from boto3.exceptions import Boto3Error

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge.config.yaml_text import load_yaml
from twilio_bridge_cli import aws
from twilio_bridge_cli.deployments import Deployment
from twilio_bridge_cli.errors import CommandError

MAX_FILE_BYTES: Final = 5_000_000_000  # of one put


def read_request(path: Path) -> dict[str, Any]:
    """Return a request that stands in a JSON or YAML file."""
    try:
        found = load_yaml(path.read_text(encoding="utf-8"))  # JSON is YAML
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read ({type(error).__name__}).") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CommandError(f"{path} is neither JSON nor YAML: {error}") from error
    if not isinstance(found, dict):
        raise CommandError(
            f"{path} should hold an object with id, text and source.", "docs/messages.md has the fields."
        )
    return found


def find_recipients(who: Sequence[str], column: str) -> tuple[Path | None, dict[str, Any]]:
    """Return the file that is named, or a request's source with the numbers that are."""
    file = Path(who[0])
    if len(who) == 1 and file.is_file():
        return file, {}

    wrong = next((each for each in who if not _is_number(each)), None)
    if wrong is not None:
        raise CommandError(f"There is no file {wrong}, and it is no number.", "Numbers begin with + or 0.")
    return None, {"source": {"rows": [{column: number} for number in who]}}


def _is_number(text: str) -> bool:
    return text[:1] in {"+", "0"} and sum(map(str.isdigit, text)) > 5  # noqa: PLR2004  fewer are none


def upload_rows(path: Path, campaign_id: str, deployment: Deployment, region: str | None) -> str:
    """Put a file with rows where the function reads it, and return its address; the same file again is the same."""
    bucket = deployment.require("CampaignFilesBucket")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        key = f"uploads/{campaign_id}-{digest}{path.suffix.lower() or '.csv'}"
        aws.make_client("s3", deployment.environment, region, read_timeout_s=300).upload_file(str(path), bucket, key)
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({type(error).__name__}).") from error
    except (*FAILURES, Boto3Error) as error:
        raise aws.explain_failure(error, f"{path} cannot be put into {bucket}") from error
    return f"s3://{bucket}/{key}"


def add_given(request: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with the options in place of the file's values."""
    return {**request, **{name: value for name, value in given.items() if value not in (None, "", (), [])}}


def parse_pairs(option: str, pairs: list[str]) -> dict[str, str]:
    """Return `NAME=VALUE` options as an object."""
    for pair in pairs:
        if "=" not in pair.strip("="):
            raise CommandError(f"{option} should be NAME=VALUE, and is {json.dumps(pair)}.")
    return dict(pair.split("=", 1) for pair in pairs)


def parse_sender(sender: str | None) -> dict[str, str] | None:
    """Return a sender as the request has it: a Messaging Service's SID, or a number."""
    if not sender:
        return None
    return {"messagingServiceSid": sender} if sender.startswith("MG") else {"number": sender}
