"""What Twilio no longer has of a day that was exported before: a full reading of the day shows it."""

from collections.abc import Mapping
from typing import Any

from twilio_bridge.sync.export_rows import write_day, write_moment
from twilio_bridge.sync.export_tables import find_table
from twilio_bridge.sync.ports import ExportFiles
from twilio_bridge.sync.rows import read_moment
from twilio_bridge.sync.slices import Slice
from twilio_bridge.sync.streams import STREAMS

DELETED = "-deleted"


def mark_deleted(each: Slice, files: ExportFiles | None) -> None:
    """Write a file with the rows that an earlier run exported and that this slice did not find any more."""
    stream = STREAMS[each.stream]
    if files is None or stream.sink != "export" or each.kind != "day" or find_table(each.stream).key != ("sid",):
        return
    day = write_day(each.start)
    names = [name for name in files.list_files(stream.name, day) if not name.startswith(each.file_stem + DELETED)]
    earlier = [name for name in names if name < each.run]
    if not earlier:
        return

    known = _read_latest(files, stream.name, day, earlier)
    there = _read_latest(files, stream.name, day, [name for name in names if name >= each.run])
    gone = [row for sid, row in known.items() if sid not in there and not row["deleted"] and _is_in(row, each)]
    if gone:
        marked = [{**row, "read_at": write_moment(each.run_at), "deleted": True} for row in gone]
        files.put_file(stream.name, day, each.file_stem + DELETED, marked)


def _read_latest(files: ExportFiles, table: str, day: str, names: list[str]) -> dict[str, Mapping[str, Any]]:
    """Return the latest reading of each row; the names of files begin with when they were read."""
    return {row["sid"]: row for name in names for row in files.read_file(table, day, name)}


def _is_in(row: Mapping[str, Any], each: Slice) -> bool:
    at = read_moment(row.get(STREAMS[each.stream].date))
    return at is not None and each.start <= at < each.until and row.get("account_sid") == each.account
