"""The port ExportFiles as a dictionary; see `base`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twilio_bridge.adapters.aws.export_bucket import make_key, read_lines, write_lines


class FakeExportFiles:
    """The port ExportFiles; `objects` holds what S3 would, by key."""

    def __init__(self, objects: Mapping[str, bytes] | None = None) -> None:
        self.objects: dict[str, bytes] = dict(objects or {})

    def put_file(self, table: str, day: str, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put a file."""
        self.objects[make_key(table, day, name)] = write_lines(rows)

    def list_files(self, table: str, day: str) -> list[str]:
        """Return the names."""
        prefix = make_key(table, day, "").removesuffix(".json.gz")
        return sorted(
            key.removeprefix(prefix).removesuffix(".json.gz") for key in self.objects if key.startswith(prefix)
        )

    def read_file(self, table: str, day: str, name: str) -> Iterator[Mapping[str, Any]]:
        """Return the rows."""
        return read_lines(self.objects[make_key(table, day, name)])

    def read_table(self, table: str) -> list[Mapping[str, Any]]:
        """Return all rows of a table, file by file, each with its day."""
        keys = sorted(key for key in self.objects if key.startswith(f"{table}/"))
        return [
            {**row, "day": key.split("/")[1].removeprefix("day=")}
            for key in keys
            for row in read_lines(self.objects[key])
        ]
