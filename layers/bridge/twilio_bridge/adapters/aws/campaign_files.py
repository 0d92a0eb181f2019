"""Campaigns' files in S3, read in ranges of one version: a file that was replaced meanwhile is refused."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twilio_bridge.adapters.aws import clients
from twilio_bridge.errors import RefusedError
from twilio_bridge.messages.campaign import Source
from twilio_bridge.messages.planning.file_description import HEAD_BYTES, describe_file
from twilio_bridge.messages.planning.files import read_file
from twilio_bridge.messages.ports import Described, SourceRow

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RANGE_BYTES = 1_048_576
NOT_THERE = {"NoSuchKey", "NoSuchBucket", "404", "AccessDenied", "403"}
CHANGED = {"PreconditionFailed", "412"}
BEYOND = {"InvalidRange", "416"}


class S3CampaignFiles:
    """The port RowSources for files; `bucket` is where rows of requests are written."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def describe(self, source: Source, columns: Sequence[str]) -> Described:  # noqa: ARG002  a file has what it has
        """Read the file's beginning."""
        try:
            answer = self._client.get_object(Bucket=source.bucket, Key=source.key, Range=f"bytes=0-{HEAD_BYTES - 1}")
            head = answer["Body"].read()
        except clients.FAILURES as error:
            code = clients.code_of(error)
            if code in BEYOND:
                return Described(source, faults=("source: the file is empty",))
            if code not in NOT_THERE:
                raise clients.unavailable("s3", error) from error
            where = f"put it into s3://{self._bucket}/, which the function may read"
            return Described(source, faults=(f"source.s3: there is no such file, or it may not be read; {where}",))

        size = int(answer.get("ContentRange", f"/{len(head)}").rpartition("/")[2])
        return describe_file(replace(source, etag=answer["ETag"], size=size), head)

    def store_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> Source:
        """Write them as JSON Lines."""
        key = f"inline/{name}.jsonl"
        body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode("utf-8", "replace")
        try:
            answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=body)
        except clients.FAILURES as error:
            raise clients.unavailable("s3", error) from error
        return Source(kind="jsonl", bucket=self._bucket, key=key, etag=answer["ETag"], size=len(body), encoding="utf-8")

    def read_rows(self, source: Source, columns: Sequence[str], place: str) -> Iterator[SourceRow]:  # noqa: ARG002
        """Read the file range by range."""
        return read_file(source, lambda offset: self._read_from(source, offset), place)

    def _read_from(self, source: Source, offset: int) -> Iterator[bytes]:
        while offset < source.size:
            block = self._read_range(source, offset)
            yield block
            offset += len(block)

    def _read_range(self, source: Source, offset: int) -> bytes:
        wanted = f"bytes={offset}-{offset + RANGE_BYTES - 1}"
        try:
            answer = self._client.get_object(Bucket=source.bucket, Key=source.key, Range=wanted, IfMatch=source.etag)
            return answer["Body"].read()
        except clients.FAILURES as error:
            if clients.code_of(error) in CHANGED | NOT_THERE:
                raise RefusedError("s3", "the campaign's file was replaced or removed") from error
            raise clients.unavailable("s3", error) from error
