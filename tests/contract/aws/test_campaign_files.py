"""A campaign's file is read in ranges of the version that was accepted, and no other."""

from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.contract.tables import Aws, aws_client
from twilio_bridge.adapters.aws import campaign_files
from twilio_bridge.adapters.aws.campaign_files import S3CampaignFiles
from twilio_bridge.errors import RefusedError, UnavailableError
from twilio_bridge.messages.campaign import Source

BUCKET = "files"
SOURCE = Source(kind="csv", bucket=BUCKET, key="spring.csv")


def s3() -> Any:
    return aws_client("s3")


@pytest.fixture
def files(aws: Aws) -> S3CampaignFiles:
    assert aws
    s3().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return S3CampaignFiles(s3(), BUCKET)


def put(text: str) -> None:
    s3().put_object(Bucket=BUCKET, Key="spring.csv", Body=text.encode())


def test_a_file_is_read_in_ranges(files: S3CampaignFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any place on."""
    monkeypatch.setattr(campaign_files, "RANGE_BYTES", 16)
    put("to;Name\n" + "".join(f"+4479460{n:05};Zoë {n}\n" for n in range(9)))
    described = files.describe(SOURCE, [])
    assert (described.columns, described.source.delimiter, described.source.encoding) == (("to", "Name"), ";", "utf-8")

    rows = list(files.read_rows(described.source, [], ""))
    assert [row.values["Name"] for row in rows] == [f"Zoë {n}" for n in range(9)]
    again = files.read_rows(described.source, [], rows[4].place_after)
    assert [row.values["Name"] for row in again] == [f"Zoë {n}" for n in range(5, 9)]


def test_a_file_that_was_replaced_is_not_read_on(files: S3CampaignFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are somebody else's list; one that is gone neither."""
    monkeypatch.setattr(campaign_files, "RANGE_BYTES", 16)
    put("to\n+447946000001\n+447946000002\n+447946000003\n")
    described = files.describe(SOURCE, [])
    rows = files.read_rows(described.source, [], "")
    next(rows)
    put("to\n+447946000009\n+447946000009\n+447946000009\n")
    with pytest.raises(RefusedError, match="replaced or removed"):
        list(rows)

    s3().delete_object(Bucket=BUCKET, Key="spring.csv")
    with pytest.raises(RefusedError, match="replaced or removed"):
        list(files.read_rows(described.source, [], ""))


@pytest.mark.parametrize(
    ("bucket", "key", "fault"),
    [
        (BUCKET, "none.csv", "there is no such file"),
        ("other", "spring.csv", "there is no such file"),
        (BUCKET, "empty", "is empty"),
    ],
)
def test_a_file_that_is_not_there_is_a_fault(files: S3CampaignFiles, bucket: str, key: str, fault: str) -> None:
    """With where to put it."""
    s3().put_object(Bucket=BUCKET, Key="empty", Body=b"")
    described = files.describe(Source(kind="csv", bucket=bucket, key=key), [])

    assert fault in described.faults[0]


def test_rows_of_a_request_are_read_as_they_came(files: S3CampaignFiles) -> None:
    """Whatever they hold; half a character is a question mark."""
    source = files.store_rows("spring-f", [{"to": "+1", "Name": "Zoë\n😀"}, {"to": 49151, "Name": "\ud800"}])
    rows = list(files.read_rows(source, [], ""))

    assert [row.values for row in rows] == [{"to": "+1", "Name": "Zoë\n😀"}, {"to": "49151", "Name": "?"}]
    assert source.size == s3().head_object(Bucket=BUCKET, Key="inline/spring-f.jsonl")["ContentLength"]


def test_s3_that_does_not_answer_is_unavailable(files: S3CampaignFiles) -> None:
    """Whatever was asked of it."""
    put("to\n+1\n")
    source = files.describe(SOURCE, []).source
    away = ReadTimeoutError(endpoint_url="https://s3.example.com")
    for name, ask in (
        ("get_object", lambda: files.describe(SOURCE, [])),
        ("get_object", lambda: list(files.read_rows(source, [], ""))),
        ("put_object", lambda: files.store_rows("x", [{}])),
    ):
        with patch.object(files._client, name, side_effect=away), pytest.raises(UnavailableError):
            ask()
