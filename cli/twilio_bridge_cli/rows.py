"""Rows on stdout while they come: a table, JSON, JSON Lines or CSV."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, islice
from typing import Any, Final

from twilio_bridge_cli import output

MEASURED_ROWS: Final = 50  # a table's widths follow from its first rows
MAX_WIDTH: Final = 60
GAP: Final = "   "
_NUMBER: Final = re.compile(r"[+-]\d+(\.\d+)?(e[+-]?\d+)?")

Row = Sequence[Any]


class Format(StrEnum):
    """What rows are written as."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def choose_format(wanted: Format | None, *, as_json: bool) -> Format:
    """Return the format: as asked for, else a table for somebody who looks, and CSV for a pipe."""
    if wanted or as_json:
        return wanted or Format.JSON
    return Format.TABLE if output.is_terminal() else Format.CSV


def write_rows(names: Sequence[str], rows: Iterable[Row], form: Format) -> int:
    """Write the rows and return how many they were."""
    writers = {Format.TABLE: _table, Format.JSON: _json, Format.JSONL: _jsonl, Format.CSV: _csv}
    count = 0
    for line, is_row in writers[form](names, rows):
        sys.stdout.write(line)
        count += is_row
    sys.stdout.flush()
    return count


def _json(names: Sequence[str], rows: Iterable[Row]) -> Iterator[tuple[str, bool]]:
    before = "[\n"
    for row in rows:
        yield f"{before}  {_object(names, row)}", True
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n", False


def _jsonl(names: Sequence[str], rows: Iterable[Row]) -> Iterator[tuple[str, bool]]:
    return ((f"{_object(names, row)}\n", True) for row in rows)


def _object(names: Sequence[str], row: Row) -> str:
    return json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=not output.is_unicode())


def _csv(names: Sequence[str], rows: Iterable[Row]) -> Iterator[tuple[str, bool]]:
    rest = iter(rows)
    first = list(islice(rest, 1))  # where not even that can be read, nothing is written
    yield _csv_line(names), False
    for row in chain(first, rest):
        yield _csv_line([_cell(value) for value in row]), True


def _csv_line(cells: Sequence[str]) -> str:
    """Return a line; what a spreadsheet would take for a formula is text there."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_as_text(cell) for cell in cells])
    return line.getvalue()


def _as_text(cell: str) -> str:
    is_formula = cell[:1] in {"=", "+", "-", "@", "\t", "\r"} and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell


def _cell(value: Any) -> str:  # noqa: ANN401  any JSON
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _table(names: Sequence[str], rows: Iterable[Row]) -> Iterator[tuple[str, bool]]:
    rest = iter(rows)
    first = list(islice(rest, MEASURED_ROWS))
    shown = [[output.escape_control(_cell(value)) for value in row] for row in first]
    widths = [
        min(max(len(name), *(len(row[column]) for row in shown), 1), MAX_WIDTH) for column, name in enumerate(names)
    ]
    numeric = [
        bool(first) and all(isinstance(row[column], int | float) or row[column] is None for row in first)
        for column in range(len(names))
    ]
    if not first:
        return
    yield f"{output.make_bold(_line(names, widths, numeric))}\n", False
    for row in chain(shown, ([output.escape_control(_cell(value)) for value in row] for row in rest)):
        yield f"{_line(row, widths, numeric)}\n", True


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    shown = []
    for cell, width, is_number in zip(cells, widths, numeric, strict=True):
        text = cell if len(cell) <= width else f"{cell[: width - 1]}…"
        shown.append(text.rjust(width) if is_number else text.ljust(width))
    return GAP.join(shown).rstrip()
