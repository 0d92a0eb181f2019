"""The port ExportFiles, over S3 and in memory: a file is whole, replaces its like, and is found in order."""

import boto3
import pytest
from moto import mock_aws

from tests.fakes.export_files import FakeExportFiles
from twilio_bridge.adapters.aws.export_bucket import S3ExportFiles
from twilio_bridge.errors import UnavailableError
from twilio_bridge.sync.ports import ExportFiles

DAY = "2026-03-01"


@pytest.fixture(params=["s3", "memory"])
def files(request: pytest.FixtureRequest) -> object:
    if request.param == "memory":
        yield FakeExportFiles()
        return
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="export")
        yield S3ExportFiles(client, "export")


def test_a_file_is_read_as_it_was_written(files: ExportFiles) -> None:
    """Whatever its rows hold."""
    rows = [{"sid": "SM1", "body": "Grüße\n\u2028 {}", "price": -0.5, "deleted": False, "to": None}]
    files.put_file("messages", DAY, "b", rows)
    files.put_file("messages", DAY, "a", [])
    assert ["a", "b"] == files.list_files("messages", DAY)
    assert rows == list(files.read_file("messages", DAY, "b"))
    assert [] == files.list_files("messages", "2026-03-02")
    assert [] == files.list_files("calls", DAY)


def test_the_same_name_is_the_same_file(files: ExportFiles) -> None:
    """A page that comes again replaces itself."""
    files.put_file("messages", DAY, "a", [{"sid": "SM1"}])
    files.put_file("messages", DAY, "a", [{"sid": "SM1"}, {"sid": "SM2"}])
    assert ["a"] == files.list_files("messages", DAY)
    assert 2 == len(list(files.read_file("messages", DAY, "a")))


def test_a_bucket_that_is_away_is_an_upstream_error() -> None:
    """And its message holds no key."""
    with mock_aws():
        files = S3ExportFiles(boto3.client("s3", region_name="us-east-1"), "missing")
        with pytest.raises(UnavailableError, match="NoSuchBucket"):
            files.put_file("messages", DAY, "a", [])
        with pytest.raises(UnavailableError):
            files.list_files("messages", DAY)
