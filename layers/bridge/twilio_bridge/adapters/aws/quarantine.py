"""The quarantine bucket: what nobody could read, with the reason, for somebody to look at and to replay."""

import base64
import hashlib
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Quarantine:
    """The port Quarantine.

    An object is named by the UTC day and its record's content: a record that comes again is written over itself, and
    one that comes again over midnight, which few do, stands there under each day.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, record: bytes, reason: str) -> str:
        """Keep a record and give its object's key; the reason holds no personal data, the record may."""
        now = datetime.fromtimestamp(time.time(), UTC)
        key = f"{now:%Y/%m/%d}/{hashlib.sha256(record).hexdigest()}.json"
        kept = {"reason": reason, "record": base64.b64encode(record).decode(), "received_at": now.isoformat()}
        body = json.dumps(kept).encode()
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/json")
        except clients.FAILURES as error:
            raise clients.unavailable("s3", error) from error
        return key
