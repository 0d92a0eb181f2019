"""Rows out of a CSV or JSON Lines file, read piece by piece: nothing but the row at hand is kept in memory.

A place is `<byte offset>:<line>`, so reading goes on wherever it was left. Every fault names its line.
"""

import csv
import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from twilio_bridge.errors import BadRequestError
from twilio_bridge.messages.campaign import Source
from twilio_bridge.messages.planning.lines import Line, ReadFrom, iterate_lines
from twilio_bridge.messages.ports import SourceRow

PLACE = re.compile(r"[0-9]{1,12}:[0-9]{1,8}")


def read_file(source: Source, read_from: ReadFrom, place: str) -> Iterator[SourceRow]:
    """Return a file's rows from a place on; an empty place is its beginning."""
    if place and not PLACE.fullmatch(place):
        raise BadRequestError("the page does not belong to this file")
    offset, number = (int(part) for part in place.split(":")) if place else (0, 1)

    if source.kind == "jsonl":
        objects = map(read_object, iterate_lines(read_from, source.encoding, offset, number))
        yield from (row for row in objects if row)
        return

    header = next(read_records(source, iterate_lines(read_from, source.encoding, 0, 1)))
    if not place:
        offset, number = header.end, header.next_number
    records = read_records(source, iterate_lines(read_from, source.encoding, offset, number))
    yield from (_as_row(header.fields, record) for record in records if any(record.fields) or record.fault)


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a CSV file, which may go over several lines."""

    fields: list[str]
    number: int
    next_number: int
    end: int
    fault: str = ""


def _as_row(columns: Sequence[str], record: Record) -> SourceRow:
    fault = record.fault
    if not fault and len(record.fields) != len(columns):
        fault = f"line {record.number}: {len(record.fields)} of the header's {len(columns)} fields"
    values = {} if fault else {name: field for name, field in zip(columns, record.fields, strict=True) if name}
    return SourceRow(f"line {record.number}", values, f"{record.end}:{record.next_number}", fault)


class _Lines:
    """The lines of one record at a time, for csv.reader; those of a record that failed can be given again."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self.taken: list[Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        return line.text

    def give_again(self) -> None:
        """Go on behind the first line of the record at hand."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


def read_records(source: Source, lines: Iterator[Line]) -> Iterator[Record]:
    """Return the records; one that cannot be read is a fault of its first line, and its next line begins another."""
    feed = _Lines(lines)

    while True:
        feed.taken.clear()
        reader = csv.reader(feed, delimiter=source.delimiter, strict=True)
        fault = ""
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fields, fault = [], f"{error}"
            feed.give_again()

        first, last = feed.taken[0], feed.taken[-1]
        damaged = next((line for line in feed.taken if line.fault), None)
        if damaged:
            fault = damaged.fault
        if fault:
            fault = f"line {(damaged or first).number}: {fault}"
        trimmed = [field.strip() for field in fields]
        yield Record(trimmed, first.number, last.number + 1, last.end, fault)


def read_object(line: Line) -> SourceRow | None:
    """Return the row of a line of JSON, None where nothing stands there."""
    place = f"{line.end}:{line.number + 1}"
    text = line.text.strip()
    if not text:
        return None

    fault = line.fault
    values: dict[str, str] = {}
    if not fault:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            values = {str(name): format_value(value) for name, value in found.items()}
        else:
            fault = "is no JSON object"
    return SourceRow(f"line {line.number}", values, place, fault and f"line {line.number}: {fault}")


def format_value(value: Any) -> str:  # noqa: ANN401  any JSON
    """Return a value as a text; empty for lists and objects, which no text holds."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value).strip() if isinstance(value, str | int) else ""
