"""Rows out of a CSV or JSON Lines file, read piece by piece: nothing but the row at hand is kept in memory.

A place is `<byte offset>:<line>`, so reading goes on wherever it was left. Every fault names its line.
"""

import csv
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twilio_bridge.errors import BadRequestError
from twilio_bridge.messages.campaign import Source
from twilio_bridge.messages.ports import Described, SourceRow

# Yields a file's bytes from an offset on.
ReadFrom = Callable[[int], Iterator[bytes]]

PLACE = re.compile(r"[0-9]{1,12}:[0-9]{1,8}")
HEAD_BYTES = 65_536
MAX_LINE_BYTES = 1_000_000
DELIMITERS = ",;\t|"
BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
NAMED_ENCODINGS = {"utf-16": "utf-16-le"}  # without a byte order mark


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number, from 1, and the offset behind it; `fault` where its bytes are no text."""

    text: str
    number: int
    end: int
    fault: str = ""


def describe_file(source: Source, head: bytes) -> Described:
    """Return a file's encoding, delimiter and columns by its beginning, or what the request has to name."""
    if not head.strip(b"\x00 \t\r\n"):
        return Described(source, faults=("source: the file is empty",))

    encoding = find_encoding(source.encoding, head)
    if not encoding:
        return Described(source, faults=("source.encoding: the file is not UTF-8; name its encoding, such as cp1252",))
    known = replace(source, encoding=encoding)
    if known.kind == "jsonl":
        return _describe_json_lines(known, head)
    return _describe_csv(known, head)


def find_encoding(given: str, head: bytes) -> str:
    """Return the encoding by its byte order mark, else the given one, else UTF-8 where it is that; empty otherwise."""
    if marked := next((name for mark, name in BOMS if head.startswith(mark)), ""):
        return marked
    if given:
        return NAMED_ENCODINGS.get(given, given)
    try:
        head[: head.rfind(b"\n") + 1 or None].decode()
    except UnicodeDecodeError:
        return ""
    return "utf-8" if b"\x00" not in head else ""


def _describe_csv(source: Source, head: bytes) -> Described:
    first = next(iterate_lines(lambda _: iter((head,)), source.encoding, 0, 1))
    if "\r" in first.text.rstrip("\r\n"):
        return Described(source, faults=("source: its lines end in CR alone; save it with LF or CR LF",))

    delimiter = source.delimiter or _find_delimiter(first.text)
    if not delimiter:
        return Described(source, faults=("source.delimiter: cannot be told from the first line; name it",))
    known = replace(source, delimiter=delimiter)

    header = next(iter(_read_records(known, iter((first,)))))
    columns = header.fields
    faults = [header.fault] if header.fault else []
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    faults += [f"line 1: the column {name} stands there twice" for name in repeated]
    return Described(known, tuple(columns), tuple(faults))


def _find_delimiter(header: str) -> str:
    """Return the character that divides a header: the one most frequent outside quotes; empty where two are."""
    unquoted = "".join(header.split('"')[::2])
    counts = {each: unquoted.count(each) for each in DELIMITERS}
    most = max(counts.values())
    if most == 0:
        return ","  # a single column
    best = [each for each, count in counts.items() if count == most]
    return best[0] if len(best) == 1 else ""


def _describe_json_lines(source: Source, head: bytes) -> Described:
    """Return the fields that any of the first objects has."""
    columns: dict[str, None] = {}
    lines = iterate_lines(lambda _: iter((head,)), source.encoding, 0, 1)

    for line in lines:
        is_cut = line.end >= len(head) and not line.text.endswith("\n")
        if is_cut and columns:
            break
        row = _read_object(line)
        if row and not row.fault:
            columns.update(dict.fromkeys(row.values))

    return Described(source, tuple(columns))


def read_file(source: Source, read_from: ReadFrom, place: str) -> Iterator[SourceRow]:
    """Return a file's rows from a place on; an empty place is its beginning."""
    if place and not PLACE.fullmatch(place):
        raise BadRequestError("the page does not belong to this file")
    offset, number = (int(part) for part in place.split(":")) if place else (0, 1)

    if source.kind == "jsonl":
        objects = map(_read_object, iterate_lines(read_from, source.encoding, offset, number))
        yield from (row for row in objects if row)
        return

    header = next(_read_records(source, iterate_lines(read_from, source.encoding, 0, 1)))
    if not place:
        offset, number = header.end, header.next_number
    records = _read_records(source, iterate_lines(read_from, source.encoding, offset, number))
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


def _read_records(source: Source, lines: Iterator[Line]) -> Iterator[Record]:
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


def _read_object(line: Line) -> SourceRow | None:
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


def iterate_lines(read_from: ReadFrom, encoding: str, offset: int, number: int) -> Iterator[Line]:
    """Return the lines from an offset on, each with its ending; a mark at the file's beginning is left out."""
    for raw, end in _split(read_from(offset), offset, "\n".encode(encoding)):
        try:
            text, fault = raw.decode(encoding), ""
        except UnicodeDecodeError as error:
            text = raw.decode(encoding, "replace")
            fault = f"the byte 0x{raw[error.start]:02x} is no {encoding.upper()}; name the file's encoding"
        if "\x00" in text:
            fault = fault or "holds a NUL character"
        yield Line(text.removeprefix("\ufeff") if number == 1 else text, number, end, fault)
        number += 1


def _split(blocks: Iterator[bytes], offset: int, newline: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield lines with the offset behind each; a line that is too long is cut there."""
    width, kept = len(newline), b""

    for block in blocks:
        kept, begin = kept + block, 0
        while (found := _find_newline(kept, newline, begin, width)) >= 0 or len(kept) - begin > MAX_LINE_BYTES:
            end = found + width if found >= 0 else begin + MAX_LINE_BYTES
            offset += end - begin
            yield kept[begin:end], offset
            begin = end
        kept = kept[begin:]

    if kept:
        yield kept, offset + len(kept)


def _find_newline(data: bytes, newline: bytes, begin: int, width: int) -> int:
    """Return where the next newline stands, on a whole character."""
    found = data.find(newline, begin)
    while found >= 0 and (found - begin) % width:
        found = data.find(newline, found + 1)
    return found
