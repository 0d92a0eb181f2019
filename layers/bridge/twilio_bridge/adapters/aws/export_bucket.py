"""The export's bucket: files of JSON Lines, packed by gzip, by table and day.

S3 shows an object whole or not at all, so a writer that is killed leaves no half file. The same rows are the same
bytes.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twilio_bridge.adapters.aws import clients

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SUFFIX = ".json.gz"


class S3ExportFiles:
    """The port ExportFiles."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put_file(self, table: str, day: str, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put an object."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=make_key(table, day, name),
                Body=write_lines(rows),
                ContentType="application/gzip",
            )
        except clients.FAILURES as error:
            raise clients.unavailable("s3", error) from error

    def list_files(self, table: str, day: str) -> list[str]:
        """List a day's objects; S3 returns them in the order of their keys."""
        prefix, names = f"{table}/day={day}/", []
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                names += [each["Key"].removeprefix(prefix).removesuffix(SUFFIX) for each in page.get("Contents", [])]
        except clients.FAILURES as error:
            raise clients.unavailable("s3", error) from error
        return names

    def read_file(self, table: str, day: str, name: str) -> Iterator[Mapping[str, Any]]:
        """Read an object."""
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=make_key(table, day, name))["Body"].read()
        except clients.FAILURES as error:
            raise clients.unavailable("s3", error) from error
        yield from read_lines(body)


def make_key(table: str, day: str, name: str) -> str:
    """Return where a file is: Athena and duckdb take the day from there."""
    return f"{table}/day={day}/{name}{SUFFIX}"


def write_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as JSON Lines, packed; the time of packing is not in it."""
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return gzip.compress("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"), mtime=0)


def read_lines(packed: bytes) -> Iterator[Mapping[str, Any]]:
    """Return the rows of a file."""
    for line in gzip.decompress(packed).splitlines():
        yield json.loads(line)
