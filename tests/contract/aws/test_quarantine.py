"""What nobody can read is kept with its reason, once."""

import base64
import json
from typing import Any

import pytest

from tests.contract.tables import Aws, Time, aws_client
from tests.fakes.support import FakeQuarantine
from twilio_bridge.adapters.aws.quarantine import S3Quarantine
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.ports import Quarantine

BUCKET = "quarantine"
RECORD = b'\x00\xff{"type": "broken'
DAY_S = 86_400


def s3() -> Any:
    return aws_client("s3")


@pytest.fixture(params=["memory", "s3"])
def quarantine(request: pytest.FixtureRequest, clock: Time) -> Quarantine:
    clock.stop()
    if request.param == "memory":
        return FakeQuarantine()
    return bucket(request.getfixturevalue("aws"))


def bucket(_aws: Aws) -> S3Quarantine:
    s3().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return S3Quarantine(s3(), BUCKET)


def names() -> list[str]:
    return [each["Key"] for each in s3().list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_a_record_has_one_name(quarantine: Quarantine) -> None:
    """The same record the same one, another record another."""
    name = quarantine.put(RECORD, "it is no JSON")
    assert name == quarantine.put(RECORD, "it is no JSON")
    assert name != quarantine.put(RECORD + b" ", "it is no JSON")
    assert quarantine.put(b"", "it is no JSON")


def test_a_record_can_be_replayed(aws: Aws, clock: Time) -> None:
    """Byte for byte, with the reason and the moment, in one object."""
    clock.stop(1_760_000_000.0)
    quarantine = bucket(aws)
    name = quarantine.put(RECORD, "it is no JSON")
    quarantine.put(RECORD, "it is no JSON")
    assert [name] == names()
    assert name.startswith("2025/10/09/")
    kept = json.loads(s3().get_object(Bucket=BUCKET, Key=name)["Body"].read())
    assert {"reason", "record", "received_at"} == set(kept)
    assert (RECORD, "it is no JSON") == (base64.b64decode(kept["record"]), kept["reason"])
    assert "2025-10-09T08:53:20+00:00" == kept["received_at"]


def test_another_day_is_another_object(aws: Aws, clock: Time) -> None:
    """A record that comes again over midnight stands under both days."""
    clock.stop()
    quarantine = bucket(aws)
    first = quarantine.put(RECORD, "it is no JSON")
    clock.pass_(DAY_S)
    assert sorted([first, quarantine.put(RECORD, "it is no JSON")]) == names()


@pytest.mark.usefixtures("aws")
def test_a_bucket_that_fails_is_unavailable() -> None:
    """The record comes again, and its content is in no message."""
    with pytest.raises(UnavailableError) as raised:
        S3Quarantine(s3(), "nowhere").put(RECORD, "it is no JSON")
    assert ("s3", "s3: NoSuchBucket") == (raised.value.system, str(raised.value))
